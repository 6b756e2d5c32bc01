"""Bills of clouds in which things happen, prices and reservations: services, records and routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from minicloud.adapters.database.store import DatabaseStore
from minicloud.client import Client
from minicloud.client.bills import BillRequest as ClientRequest
from minicloud.client.bills import GivenBook
from minicloud.client.prices import PriceRequest
from minicloud.client.reservations import OfferingRequest, PurchaseRequest
from minicloud.domain.billing.grouping import GroupBy, Grouping
from minicloud.domain.billing.offering import OfferingClass, Payment
from minicloud.domain.billing.reserved import View
from minicloud.domain.errors import InvalidRequest, NotFound
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.tags import NAME_KEY
from minicloud.ports.store import CloudRecord
from minicloud.services.bills import BillRequest
from minicloud.services.prices import BookChoice
from minicloud.services.reservations import OfferingFilter
from tests.unit.app_transport import app_transport
from tests.unit.billing_book import BOOK_TEXT, reservation
from tests.unit.cloud import Cloud

_HOUR_S = 3600
_OFFERING = "t3.micro:1y:all-upfront:standard"
_BOOK = BookChoice(text=BOOK_TEXT, name="mine.toml")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DatabaseStore]:
    store = DatabaseStore(tmp_path / "state.db", CloudRecord("cloud-1", "test"))
    yield store
    store.close()


def _amounts(cloud: Cloud, request: BillRequest | None = None) -> dict[str, Decimal]:
    report = cloud.bills.show(request or BillRequest(begins_at="2029-12-01"))
    names = report.names
    return {
        f"{line.what.rule.title} {names.get(line.what.resource_id, '?')}": line.amount
        for line in report.bill.lines
    }


def test_what_a_cloud_does_is_billed_from_its_ledger(cloud: Cloud) -> None:
    cloud.launch("shop")
    cloud.allocate("front")
    cloud.associate("front", "shop")
    cloud.clock.sleep(10 * _HOUR_S)
    cloud.stop("shop")
    cloud.clock.sleep(5 * _HOUR_S)
    cloud.balance("web", "shop")
    amounts = _amounts(cloud)
    # The clock of a test goes on by a millisecond at each look, so that a second may be crossed.
    assert amounts["on-demand shop"] == pytest.approx(Decimal("0.104"), abs=Decimal("0.00001"))
    assert amounts["address-in-use front"] == pytest.approx(Decimal("0.05"), abs=Decimal("0.00001"))
    stopped = amounts["address-on-stopped front"]
    assert stopped == pytest.approx(Decimal("0.025"), abs=Decimal("0.00001"))
    assert amounts["balancer-hours web"] == Decimal("0.0225")


def test_a_bill_is_the_same_each_time_it_is_computed(cloud: Cloud) -> None:
    cloud.launch("shop")
    cloud.launch("other", "m5.large")
    cloud.clock.sleep(12345)
    request = BillRequest(begins_at="2029-12-01", ends_at="2030-01-01T03:00")
    first, second = cloud.bills.show(request), cloud.bills.show(request)
    assert first.bill.lines
    assert first.bill.total == second.bill.total
    transport = app_transport(cloud)
    body = {"begins_at": "2029-12-01", "ends_at": "2030-01-01T03:00"}
    for _ in range(2):
        transport.post("/bills", body)
    # All but the present moment, to the byte.
    said = [answer.body().split(b'"timezone"')[1] for answer in transport.answers]
    assert said[0] == said[1]


def test_a_scale_up_is_billed_as_two_machines(cloud: Cloud) -> None:
    cloud.launch("shop")
    cloud.clock.sleep(_HOUR_S)
    cloud.scale_up("shop", "t3.large")
    cloud.clock.sleep(_HOUR_S)
    report = cloud.bills.show(BillRequest(grouping=Grouping(GroupBy.TYPE)))
    amounts = {group.key: group.amount for group in report.groups}
    assert amounts["t3.micro"] == pytest.approx(Decimal("0.0104"), rel=Decimal("0.01"))
    assert amounts["t3.large"] == pytest.approx(Decimal("0.0832"), rel=Decimal("0.01"))
    assert "(images)" in amounts


@pytest.mark.parametrize("by", ["instance", "type", "tag", "tag:role", "service", "day"])
@pytest.mark.parametrize("view", list(View))
def test_groups_sum_up_to_the_total(cloud: Cloud, by: str, view: View) -> None:
    shop = cloud.launch("shop")
    with cloud.store.write() as transaction:
        tags = {NAME_KEY: "shop", "role": "web", "empty": ""}
        transaction.instances.save(replace(shop, tags=tags))
    cloud.launch("other", "t3.small")
    cloud.allocate("front")
    cloud.reservations.buy(BookChoice(), _OFFERING, 1)
    cloud.clock.sleep(50 * _HOUR_S)
    request = BillRequest(view=view, grouping=Grouping.parse(by), zone="Asia/Kolkata")
    report = cloud.bills.show(request)
    assert sum((group.amount for group in report.groups), Decimal(0)) == report.bill.total
    keys = [group.key for group in report.groups]
    expected = {
        "instance": {shop.id, "(addresses)"},
        "type": {"t3.micro", "t3.small", "(addresses)"},
        "tag": {"shop", "other", "front"},
        "tag:role": {"web", "(no such tag)"},
        "service": {"instances", "addresses"},
        "day": {"2030-01-01", "2030-01-02", "2030-01-03"},
    }[by]
    assert expected <= set(keys)
    if by == "day":
        assert keys == sorted(keys)


@pytest.mark.parametrize("text", ["", "colour", "tag:", "type:t3", "Day", "tags"])
def test_what_cannot_be_grouped_by_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="nothing can be grouped by"):
        Grouping.parse(text)


def test_this_month_until_now_is_what_is_billed_by_itself(cloud: Cloud) -> None:
    cloud.clock.sleep(40 * 86400)
    period = cloud.bills.show(BillRequest()).bill.period
    assert datetime.fromtimestamp(period.from_s, UTC) == datetime(2030, 2, 1, tzinfo=UTC)
    assert period.to_s == period.now_s
    # A --to alone names the month that it closes.
    closed = cloud.bills.show(BillRequest(ends_at="2030-02-01")).bill.period
    assert datetime.fromtimestamp(closed.from_s, UTC) == datetime(2030, 1, 1, tzinfo=UTC)
    seoul = cloud.bills.show(BillRequest(zone="Asia/Seoul")).bill.period
    assert datetime.fromtimestamp(seoul.from_s, UTC) == datetime(2030, 1, 31, 15, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Nowhere/At", "", "/etc/passwd", "../UTC", "America", "\x00"])
def test_a_zone_that_is_none_is_refused(cloud: Cloud, zone: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a time zone"):
        cloud.bills.show(BillRequest(zone=zone))


def test_a_book_of_ones_own_is_used_whole(cloud: Cloud) -> None:
    cloud.launch("shop")
    cloud.clock.sleep(_HOUR_S)
    amounts = _amounts(cloud, BillRequest(book=_BOOK))
    assert amounts["on-demand shop"] == pytest.approx(Decimal("0.18"), rel=Decimal("0.01"))
    with pytest.raises(
        InvalidRequest, match=r"mine\.toml is of region 'testland', not 'us-east-1'"
    ):
        cloud.bills.show(BillRequest(book=replace(_BOOK, region="us-east-1")))
    with pytest.raises(NotFound, match="no price book of region 'mars'"):
        cloud.bills.show(BillRequest(book=BookChoice("mars")))
    cloud.launch("large", "m7i.large")
    with pytest.raises(NotFound, match=r"m7i\.large, on demand, in testland \(mine\.toml\)"):
        cloud.bills.show(BillRequest(book=_BOOK))


def test_a_region_has_its_own_prices(cloud: Cloud) -> None:
    cloud.launch("shop")
    cloud.clock.sleep(_HOUR_S)
    amounts = _amounts(cloud, BillRequest(book=BookChoice("ap-northeast-2")))
    assert amounts["on-demand shop"] == pytest.approx(Decimal("0.013"), rel=Decimal("0.01"))


def test_what_is_bought_is_recorded_and_billed_and_expires(cloud: Cloud) -> None:
    cloud.launch("shop")
    bought = cloud.reservations.buy(BookChoice(), _OFFERING, 2)
    assert cloud.reservations.list_all() == [bought]
    assert bought.total_usd == 106
    entry = cloud.ledger.entries()[-1]
    assert (entry.kind, entry.resource_id) == (LedgerKind.RESERVATION_PURCHASED, bought.id)
    assert entry.facts["upfront_usd"] == "53"
    cloud.clock.sleep(_HOUR_S)
    lines = cloud.bills.show(BillRequest()).bill.lines
    assert "reserved" in {line.what.rule.title for line in lines}
    assert {line.amount for line in lines if line.what.rule.title == "reservation-upfront"} == {106}
    now = cloud.clock.now()
    assert bought.is_active(now)
    assert not bought.is_active(now + timedelta(days=365))


@pytest.mark.parametrize("count", [0, -1, 101])
def test_a_count_out_of_range_buys_nothing(cloud: Cloud, count: int) -> None:
    with pytest.raises(InvalidRequest, match="the count is"):
        cloud.reservations.buy(BookChoice(), _OFFERING, count)
    assert not cloud.reservations.list_all()
    assert not [e for e in cloud.ledger.entries() if e.kind is LedgerKind.RESERVATION_PURCHASED]


def test_a_purchase_whose_record_cannot_be_kept_is_none(cloud: Cloud) -> None:
    cloud.store.fail_write(1)
    with pytest.raises(Exception, match="the disk is full"):
        cloud.reservations.buy(BookChoice(), _OFFERING, 1)
    assert not cloud.reservations.list_all()
    assert not [e for e in cloud.ledger.entries() if e.kind is LedgerKind.RESERVATION_PURCHASED]


def test_offerings_are_chosen_and_in_order(cloud: Cloud) -> None:
    chosen = OfferingFilter("t3.micro", 1, None, OfferingClass.STANDARD)
    found = cloud.reservations.offerings(BookChoice(), chosen)
    assert [offering.key.payment for offering in found] == [*Payment]
    assert len(cloud.reservations.offerings(BookChoice(), OfferingFilter())) == 55 * 12
    with pytest.raises(InvalidRequest, match="is not an instance type"):
        cloud.reservations.offerings(BookChoice(), OfferingFilter("t3.mikro"))


def test_a_reservation_is_read_back_as_it_was(store: DatabaseStore) -> None:
    kept = replace(reservation("03-01 10:00:00.123456"), tags={"team": "웹"})
    with store.write() as transaction:
        transaction.reservations.add(kept)
    with store.read() as transaction:
        assert transaction.reservations.all() == [kept]
        assert transaction.reservations.get("ri") == kept


def test_the_ledger_is_read_in_the_order_of_time(store: DatabaseStore) -> None:
    """A whole second comes before its fractions, and what is as old in the order it was written."""
    begun = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)
    offsets_us = [5, 1_000_000, 0, 999_999, 100_000, 0, 2_000_000, 1_000_001, 100]
    with store.write() as transaction:
        for number, offset_us in enumerate(offsets_us):
            at = begun + timedelta(microseconds=offset_us)
            transaction.ledger.append(LedgerEntry(at, LedgerKind.IMAGE_CREATED, f"ami-{number}"))
    with store.read() as transaction:
        read = list(transaction.ledger.in_time_order())
        assert sorted(transaction.ledger.entries(), key=lambda e: (e.at, e.sequence)) == read
    assert [e.resource_id for e in read][:3] == ["ami-2", "ami-5", "ami-0"]


def test_the_client_asks_and_is_answered(cloud: Cloud) -> None:
    cloud.launch("shop")
    cloud.clock.sleep(_HOUR_S)
    client = Client(app_transport(cloud))
    bill = client.bills.show(ClientRequest(group_by="day", view="amortised"))
    assert bill["currency"] == "USD"
    assert sum(Decimal(line["amount"]) for line in bill["lines"]) == Decimal(bill["total"])
    for line in bill["lines"]:
        exact = Decimal(line["measure"]) / line["measure_per_unit"] * Decimal(line["rate"])
        assert abs(exact - Decimal(line["amount"])) < Decimal("1e-11")
        assert line["price"]["source"]
    given = GivenBook("mine.toml", BOOK_TEXT)
    prices = client.prices.list(PriceRequest(("t3.micro",), at="2024-03-09", prices=given))
    (micro,) = prices["types"]
    assert micro["usd_per_hour"] == "0.36"
    assert [(past["usd"], past["to_come"]) for past in micro["history"]] == [
        ("0.36", False),
        ("0.18", True),
    ]
    (offered,) = client.reservations.offerings(
        OfferingRequest(type="t3.micro", years=1, payment="all-upfront", offering_class="standard")
    )
    assert (offered["id"], offered["break_even_percent"]) == (_OFFERING, 59)
    bought = client.reservations.buy(PurchaseRequest(_OFFERING, 3))
    assert client.reservations.list() == [bought]
    assert (bought["state"], bought["count"], bought["total_usd"]) == ("active", 3, "159")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/bills", {"view": "blended"}),
        ("/bills", {"from": "2030-01-01"}),
        ("/bills", {"begins_at": 5}),
        ("/bills", {"prices": "text"}),
        ("/bills", {"prices": {"name": "x", "text": "nothing"}}),
        ("/bills", {"group_by": "x"}),
        ("/prices", {"types": ["t3.mikro"]}),
        ("/prices", {"at": "soon"}),
        ("/reservation-offerings", {"years": "1"}),
        ("/reservation-offerings", {"payment": "later"}),
        ("/reservations", {}),
        ("/reservations", {"offering": "x"}),
        ("/reservations", {"offering": _OFFERING, "count": 1.5}),
    ],
)
def test_a_malformed_request_changes_nothing(cloud: Cloud, path: str, body: object) -> None:
    assert isinstance(body, dict)
    with pytest.raises(InvalidRequest):
        app_transport(cloud).post(path, body)
    assert not cloud.reservations.list_all()
