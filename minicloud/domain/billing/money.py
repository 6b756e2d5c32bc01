"""Exact money: US dollars in whole units of 10^-12, and the one way to round.

A rate per hour over some seconds is seldom a finite decimal (a second is 1/3600 of an hour), so an
amount is rounded half to even to twelve places. That happens once for each line of a bill.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

PLACES = 12
UNITS_PER_USD: int = 10**PLACES
_CENT = Decimal("0.01")


def units_of(usd: Decimal) -> int:
    """The amount in units; ``ValueError`` where it has more than twelve places."""
    numerator, denominator = usd.as_integer_ratio()
    units, rest = divmod(numerator * UNITS_PER_USD, denominator)
    if rest:
        raise ValueError(f"{usd} has more than {PLACES} decimal places")
    return units


def usd_of(units: int) -> Decimal:
    """The units as dollars, exactly."""
    return Decimal(f"{units}E-{PLACES}")


def divided(numerator: int, denominator: int) -> int:
    """The nearest whole number, of two that are as near the even one; nothing is negative."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and whole % 2):
        return whole + 1
    return whole


def exact_text(amount: Decimal) -> str:
    """``0.0104``: every digit that is there, none that is not, never an exponent."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def cents_text(usd: Decimal) -> str:
    """``12.35``: for reading, rounded half to even; what is not nothing is not shown as nothing."""
    if 0 < usd <= _CENT / 2:
        return "<0.01"
    return f"{usd.quantize(_CENT, ROUND_HALF_EVEN):f}"
