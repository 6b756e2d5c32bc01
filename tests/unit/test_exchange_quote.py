"""Which exchanges of reservations AWS allows, and what is to be paid for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.exchange import Quote, quote
from minicloud.domain.billing.offering import Offering, OfferingClass, OfferingKey, Payment
from minicloud.domain.billing.price_file import parse_price_book
from minicloud.domain.billing.reservation import (
    Reservation,
    purchase_entry,
    purchased,
    reserve,
)
from minicloud.domain.billing.reserved import View
from minicloud.domain.errors import MiniCloudError
from tests.unit.billing_book import at, in_order, period

_QUOTE_BOOK = parse_price_book(
    """
format = 1
region = "testland"
currency = "USD"
[[on_demand]]
from = 2020-01-01
source = "made up"
as_of = 2024-01-01
[on_demand.usd_per_hour]
"t3.small" = 0.72
"t3.medium" = 1.44
"t3.nano" = 0.18
"""
    + "".join(
        f"""
[[reserved]]
years = {years}
payment = "{payment}"
class = "{its_class}"
from = 2020-01-01
source = "made up"
as_of = 2024-01-01
[reserved.usd]
"t3.small" = {{ upfront = {upfront * years}, per_hour = {hourly} }}
"t3.medium" = {{ upfront = {upfront * 3 * years}, per_hour = {hourly * 3} }}
"t3.nano" = {{ upfront = {upfront * years / 1000}, per_hour = {hourly / 1000} }}
"""
        for years in (1, 3)
        for its_class in ("standard", "convertible")
        for payment, upfront, hourly in (
            ("no-upfront", 0, Decimal("0.2")),
            ("partial-upfront", Decimal(876), Decimal("0.1")),
            ("all-upfront", Decimal(1752), 0),
        )
    ),
    "quotes",
)
_BEGUN = at("2024-01-01 00:00:00.5")


def _offering(
    payment: str = "all-upfront",
    type_name: str = "t3.small",
    years: int = 1,
    its_class: str = "convertible",
) -> Offering:
    key = OfferingKey(type_name, years, Payment(payment), OfferingClass(its_class))
    return _QUOTE_BOOK.offering(key, second_of(_BEGUN))


def _owned(payment: str = "all-upfront", count: int = 1, **terms: str) -> Reservation:
    return reserve(_offering(payment, **terms), "ri-old", "testland", count, _BEGUN)  # type: ignore[arg-type]


def _quoted(
    given_in: Reservation, offering: Offering, days: int = 73, count: int | None = None
) -> Quote:
    """After 73 of 365 days four fifths are left: 292 days, 7008 hours."""
    return quote(given_in, offering, _BEGUN + timedelta(days=days), count)


def test_what_is_left_of_both_upfront_parts_makes_the_true_up() -> None:
    found = _quoted(_owned(), _offering(type_name="t3.medium"))
    # 1752 x 4/5 = 1401.6 for 5256 x 4/5 = 4204.8: one is enough, and 2803.2 are to be paid.
    assert (found.count, found.given_value.upfront_usd) == (1, Decimal("1401.6"))
    assert (found.value.upfront_usd, found.true_up_usd) == (Decimal("4204.8"), Decimal("2803.2"))
    got = found.got("ri-new")
    assert got.ends_at == _owned().ends_at
    assert got.term_s == 292 * 86400
    assert got.spread_usd == Decimal("4204.8")
    assert got.due_usd == Decimal("2803.2")


def test_as_many_are_got_as_are_worth_no_less() -> None:
    # 1 medium is worth 3 small: 4204.8 / 1401.6 = 3, and nothing is to be paid.
    found = _quoted(_owned(type_name="t3.medium"), _offering())
    assert (found.count, found.true_up_usd) == (3, Decimal(0))
    # 2 small are worth 2/3 of a medium: one is got, and a third of it is to be paid.
    found = _quoted(_owned(count=2), _offering(type_name="t3.medium"))
    assert (found.count, found.true_up_usd) == (1, Decimal("1401.6"))


def test_the_total_counts_too_not_the_upfront_part_alone() -> None:
    # Partial: 876 x 4/5 = 700.8 upfront and 700.8 to come. Of all-upfront ones (1401.6) one does,
    # and 700.8 are to be paid. The other way round two are needed for 1401.6 upfront.
    found = _quoted(_owned("partial-upfront"), _offering("all-upfront"))
    assert (found.count, found.true_up_usd) == (1, Decimal("700.8"))
    found = _quoted(_owned("all-upfront"), _offering("partial-upfront"))
    assert (found.count, found.true_up_usd) == (2, Decimal(0))
    # Without an upfront part the hours to come count: 0.2 x 7008 h = 1401.6 each.
    found = _quoted(_owned("no-upfront", count=2), _offering("no-upfront", "t3.medium"))
    assert (found.count, found.true_up_usd) == (1, Decimal(0))
    assert found.given_value.total_usd == Decimal("2803.2")
    found = _quoted(_owned("no-upfront"), _offering("all-upfront"))
    assert (found.count, found.true_up_usd) == (1, Decimal("1401.6"))


def test_more_than_are_needed_may_be_asked_for_and_no_fewer() -> None:
    medium = _owned(type_name="t3.medium")
    assert _quoted(medium, _offering(), count=4).true_up_usd == Decimal("1401.6")
    with pytest.raises(MiniCloudError, match="worth less") as raised:
        _quoted(medium, _offering(), count=2)
    assert "take 3 at least" in raised.value.resolution
    with pytest.raises(MiniCloudError, match=r"3000 of .* would have to be got; 100 is the most"):
        _quoted(medium, _offering(type_name="t3.nano"))


@pytest.mark.parametrize(
    ("given_in", "offering", "days", "code", "words"),
    [
        (
            _owned(its_class="standard"),
            _offering(),
            73,
            "InvalidParameterCombination",
            "is a standard",
        ),
        (
            _owned(),
            _offering(its_class="standard"),
            73,
            "InvalidParameterCombination",
            "is standard",
        ),
        (_owned(), _offering(years=3), 73, "InvalidParameterCombination", "another term"),
        (_owned(), _offering("no-upfront"), 73, "InvalidParameterCombination", "was paid upfront"),
        (
            _owned("partial-upfront"),
            _offering("no-upfront"),
            73,
            "InvalidParameterCombination",
            "was paid",
        ),
        (_owned(), _offering(), 365, "InvalidState", "has expired"),
        (
            replace(_owned(), exchanged_at=_BEGUN + timedelta(days=2)),
            _offering(),
            73,
            "InvalidState",
            "was exchanged already",
        ),
    ],
)
def test_what_aws_does_not_allow_is_refused(
    given_in: Reservation, offering: Offering, days: int, code: str, words: str
) -> None:
    with pytest.raises(MiniCloudError, match=words) as raised:
        _quoted(given_in, offering, days)
    assert raised.value.code == code


def test_a_day_must_be_left() -> None:
    assert _quoted(_owned(), _offering(), days=364).count == 1
    late = _BEGUN + timedelta(days=364, seconds=1)
    with pytest.raises(MiniCloudError, match="less than 24 hours"):
        quote(_owned(), _offering(), late)


@given(
    payments=st.tuples(
        st.sampled_from(["partial-upfront", "all-upfront"]),
        st.sampled_from(["partial-upfront", "all-upfront"]),
    ),
    types=st.tuples(*[st.sampled_from(["t3.small", "t3.medium"])] * 2),
    count=st.integers(1, 9),
    spent_s=st.integers(0, 364 * 86400),
)
def test_what_is_paid_is_what_is_spread_over_both(
    payments: tuple[str, str], types: tuple[str, str], count: int, spent_s: int
) -> None:
    """Billed is what is paid; consumed is a share of all of it: over both terms they are one."""
    old = _owned(payments[0], count, type_name=types[0])
    found = quote(old, _offering(payments[1], types[1]), _BEGUN + timedelta(seconds=spent_s))
    assert found.true_up_usd >= 0
    assert found.value.total_usd >= found.given_value.total_usd - Decimal("0.000001")
    if found.count > 1:
        with pytest.raises(MiniCloudError, match="worth less"):
            quote(old, found.offering, found.at, found.count - 1)
    got = found.got("ri-new")
    assert purchased(purchase_entry(got)) == got
    entries = in_order(purchase_entry(old), purchase_entry(got))
    whole = period("2023-01-01 00:00:00", "2026-01-01 00:00:00")
    paid, consumed = (compute_bill(entries, _QUOTE_BOOK, whole, view).total for view in View)
    assert abs(paid - consumed) < Decimal("0.000000001")


@given(
    steps_s=st.lists(st.integers(1, 2_000_000), min_size=2, max_size=12), count=st.integers(1, 9)
)
def test_to_and_fro_costs_nothing(steps_s: list[int], count: int) -> None:
    """What was rounded at one exchange must not cost one more at the next."""
    given_in, spent_s = _owned(count=3 * count), 0
    for number, step_s in enumerate(steps_s):
        spent_s += step_s
        type_name, expected = (("t3.medium", count), ("t3.small", 3 * count))[number % 2]
        found = quote(given_in, _offering(type_name=type_name), _BEGUN + timedelta(seconds=spent_s))
        assert found.count == expected
        assert found.true_up_usd < Decimal("0.000001")
        given_in = found.got(f"ri-{number}")
