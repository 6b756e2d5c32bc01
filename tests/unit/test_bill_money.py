"""Money: exact, rounded once and half to even, and shown as it is."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.line import Rule
from minicloud.domain.billing.money import cents_text, divided, exact_text, units_of, usd_of
from minicloud.domain.billing.period import Days
from tests.unit.billing_book import BOOK, in_order, period, run


@pytest.mark.parametrize(
    ("numerator", "denominator", "nearest"),
    [(0, 7, 0), (1, 3, 0), (2, 3, 1), (1, 2, 0), (3, 2, 2), (5, 2, 2), (7, 2, 4), (6, 3, 2)],
)
def test_a_half_goes_to_the_even_one(numerator: int, denominator: int, nearest: int) -> None:
    assert divided(numerator, denominator) == nearest


@given(numerator=st.integers(0, 10**40), denominator=st.integers(1, 10**20))
def test_rounding_is_that_of_fractions(numerator: int, denominator: int) -> None:
    assert divided(numerator, denominator) == round(Fraction(numerator, denominator))


@given(units=st.integers(0, 10**40))
def test_no_amount_loses_a_digit(units: int) -> None:
    usd = usd_of(units)
    assert units_of(usd) == units
    assert Fraction(exact_text(usd)) == Fraction(units, 10**12)


def test_more_than_twelve_places_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 12 decimal places"):
        units_of(Decimal("0.0000000000001"))


@pytest.mark.parametrize(
    ("usd", "exact", "cents"),
    [
        ("0", "0", "0.00"),
        ("0.000000000000", "0", "0.00"),
        ("0.0104", "0.0104", "0.01"),
        ("1.10", "1.1", "1.10"),
        ("100", "100", "100.00"),
        ("1E+3", "1000", "1000.00"),
        ("0.000001", "0.000001", "<0.01"),
        ("0.00499", "0.00499", "<0.01"),
        ("0.005", "0.005", "<0.01"),
        ("0.015", "0.015", "0.02"),
        ("0.025", "0.025", "0.02"),
        ("12.345678901234", "12.345678901234", "12.35"),
    ],
)
def test_money_as_it_is_shown(usd: str, exact: str, cents: str) -> None:
    assert exact_text(Decimal(usd)) == exact
    assert cents_text(Decimal(usd)) == cents


def test_days_that_do_not_end_sum_up_to_their_line() -> None:
    """50 s x 0.085 / 3600 = 0.00118055555...: three of them rounded are a digit too much."""
    runs = [run("i-a", f"03-0{n} 10:00:00", f"03-0{n} 10:01:40", "c5.large") for n in (1, 2, 3)]
    # 100 s each, of which the period has 50 s of the first and of the last.
    when = period("03-01 10:00:50", "03-03 10:00:50")
    bill = compute_bill(in_order(*runs), BOOK, when, days=Days.of(when, UTC))
    line = bill.lines[0]
    assert line.what.rule is Rule.ON_DEMAND
    # (50 + 100 + 50) s x 0.085 / 3600
    assert line.amount == Decimal("0.004722222222")
    assert list(line.day_amounts.values()) == [
        Decimal("0.001180555556"),
        Decimal("0.002361111111"),
        Decimal("0.001180555555"),
    ]
