"""The price books that ship: whole, ordered and honest."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from minicloud.adapters.prices import ShippedPriceBooks
from minicloud.domain.billing.offering import OfferingClass, OfferingKey, Payment
from minicloud.domain.billing.price import Price, Timeline, day_start_s
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.price_file import parse_price_book
from minicloud.domain.catalog import instance_types
from minicloud.domain.errors import NotFound

_REGIONS = ("ap-northeast-2", "us-east-1")
# The day on which this was written.
_NOW = day_start_s(date(2026, 11, 25))


def _book(region: str) -> PriceBook:
    return parse_price_book(ShippedPriceBooks().text(region), region)


def _day(text: str) -> int:
    return day_start_s(date.fromisoformat(text))


def test_there_is_a_book_of_each_region_and_no_other() -> None:
    assert tuple(ShippedPriceBooks().regions()) == _REGIONS
    for hostile in ("", "eu-west-1", "../prices/us-east-1", "us-east-1.toml"):
        with pytest.raises(NotFound) as raised:
            ShippedPriceBooks().text(hostile)
        assert raised.value.code == "PriceBookNotFound"


@pytest.mark.parametrize("region", _REGIONS)
def test_everything_in_the_catalogue_has_a_price_today(region: str) -> None:
    book = _book(region)
    assert book.region == region
    keys = {
        OfferingKey(its_type.name, years, payment, its_class)
        for its_type in instance_types()
        for years in (1, 3)
        for payment in Payment
        for its_class in OfferingClass
    }
    assert set(book.on_demand) == {its_type.name for its_type in instance_types()}
    assert {offering.key for offering in book.offerings_at(_NOW)} == keys
    for its_type in ("application", "network"):
        assert book.of_balancer(its_type).at(_NOW).units
        assert book.capacity_units[its_type].at(_NOW).units
    assert book.of_image_storage().at(_NOW).units


@pytest.mark.parametrize("region", _REGIONS)
def test_larger_is_dearer_and_a_longer_or_earlier_payment_cheaper(region: str) -> None:
    book = _book(region)
    families: dict[str, list[Decimal]] = {}
    for its_type in instance_types():
        usd = book.of_type(its_type.name).at(_NOW).usd
        families.setdefault(its_type.family, []).append(usd)
    assert all(prices == sorted(set(prices)) for prices in families.values())
    for offering in book.offerings_at(_NOW):
        assert 0 < offering.effective_usd_per_hour < offering.on_demand.usd, offering.key
        if offering.key.years == 1:
            longer = book.offering(offering.key._replace(years=3), _NOW)
            assert longer.effective_usd_per_hour < offering.effective_usd_per_hour
        if offering.key.payment is Payment.NO_UPFRONT:
            paid = book.offering(offering.key._replace(payment=Payment.ALL_UPFRONT), _NOW)
            assert paid.effective_usd_per_hour < offering.effective_usd_per_hour


@pytest.mark.parametrize("region", _REGIONS)
def test_the_rule_of_addresses_changes_with_february_2024(region: str) -> None:
    book = _book(region)
    first, other = (book.of_address(is_first_on_running=each) for each in (True, False))
    assert first.at(_day("2024-02-01") - 1).usd == 0
    assert first.at(_day("2024-02-01")).usd == Decimal("0.005")
    assert other.at(_day("2024-02-01") - 1).usd == other.at(_NOW).usd == Decimal("0.005")


@pytest.mark.parametrize(
    ("region", "type_name", "prices"),
    [
        ("us-east-1", "t2.micro", ["0.013", "0.012", "0.0116"]),
        ("us-east-1", "t2.nano", ["0.0065", "0.0059", "0.0058"]),
        ("us-east-1", "t3.micro", ["0.0104"]),
        ("us-east-1", "m5.large", ["0.096"]),
        ("ap-northeast-2", "t2.micro", ["0.016", "0.0144"]),
        ("ap-northeast-2", "m5.large", ["0.118"]),
    ],
)
def test_prices_have_fallen(region: str, type_name: str, prices: list[str]) -> None:
    history = _book(region).of_type(type_name).values
    assert [price.usd for price in history] == [Decimal(usd) for usd in prices]


def test_what_was_seen_of_aws_is_not_called_an_estimate_and_what_was_not_is() -> None:
    book = _book("us-east-1")
    seen = book.offering(OfferingKey.parse("t3.micro:1y:all-upfront:standard"), _NOW)
    assert seen.price.upfront_usd == 53
    assert not seen.is_estimated
    assert book.offering(
        OfferingKey.parse("m7i.large:3y:no-upfront:convertible"), _NOW
    ).is_estimated
    # AWS billed whole hours in those days.
    assert book.of_type("t2.micro").at(_day("2015-01-01")).provenance.estimated


@pytest.mark.parametrize("region", _REGIONS)
def test_each_figure_says_where_it_comes_from(region: str) -> None:
    book = _book(region)
    timelines: list[Timeline[Price]] = [*book.on_demand.values(), book.of_image_storage()]
    for timeline in timelines:
        for price in timeline.values:
            assert len(price.provenance.source) > 20
            assert price.provenance.as_of >= date(2014, 9, 6)
