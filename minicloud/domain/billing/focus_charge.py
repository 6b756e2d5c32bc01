"""The days of a bill's lines, of which FOCUS makes rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from minicloud.domain.billing.bill import Bill
from minicloud.domain.billing.line import Line, Rule
from minicloud.domain.billing.money import units_of
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.price import Price, day_start_s

OWED_HOURLY = frozenset({Rule.RESERVATION_USED, Rule.RESERVATION_UNUSED})
_DAY_S = 24 * HOUR_S


@dataclass(frozen=True)
class Charge:
    """One day of a line, or of two; ``measure`` is below nothing where something is taken back."""

    line: Line
    day: date
    measure: int
    amount: Decimal


def charges(bill: Bill) -> Iterator[Charge]:
    """Every day of every line of a bill that was cut into days."""
    for line in bill.lines:
        for day, measure in line.day_measures.items():
            yield Charge(line, day, measure, line.day_amounts[day])


def owed_hourly(bill: Bill) -> list[Charge]:
    """The hourly part of each reservation, used hours and unused together; none where it is 0."""
    found: dict[tuple[str, date, str], Charge] = {}
    for charge in charges(bill):
        line = charge.line
        if line.what.rule in OWED_HOURLY and line.price.units:
            key = (line.what.resource_id, charge.day, line.doubt.value)
            found[key] = charge if key not in found else _together(found[key], charge)
    return [*found.values()]


def _together(one: Charge, other: Charge) -> Charge:
    return replace(one, measure=one.measure + other.measure, amount=one.amount + other.amount)


def at_price(charge: Charge, amount: Decimal, measure: int) -> Charge:
    """The same, one of which costs the whole amount."""
    said = "got in an exchange" if measure > 0 else "given in for another"
    item = f"{charge.line.what.subject} reserved, {said}"
    price = Price(item, units_of(abs(amount)), charge.line.price.provenance)
    return Charge(replace(charge.line, price=price), charge.day, measure, amount)


def bounds(period: Period, charge: Charge) -> tuple[int, int]:
    """The part of the day that a charge is of: in the period, and on one side of the present."""
    day_s = day_start_s(charge.day)
    begins_s, ends_s = max(day_s, period.from_s), min(day_s + _DAY_S, period.to_s)
    if begins_s < period.now_s < ends_s:
        if charge.line.doubt.is_future:
            return period.now_s, ends_s
        return begins_s, period.now_s
    return begins_s, ends_s
