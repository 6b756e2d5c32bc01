"""Exchanges of reservations: records, ledger and bill of a cloud, and the routes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from minicloud.client import Client
from minicloud.client.reservations import ExchangeRequest as ClientRequest
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.errors import Conflict, InvalidRequest, NotFound
from minicloud.domain.ledger import LedgerKind
from minicloud.services.bills import BillRequest
from minicloud.services.prices import BookChoice
from minicloud.services.reservations import ExchangeRequest
from tests.unit.app_transport import app_transport
from tests.unit.billing_book import BOOK_TEXT
from tests.unit.cloud import Cloud

_DAY_S = 86400
_OLD = "t3.micro:1y:all-upfront:convertible"
_NEW = "m5.large:1y:all-upfront:convertible"


def _bought(cloud: Cloud, offering: str = _OLD, region: str | None = None) -> Reservation:
    bought = cloud.reservations.buy(BookChoice(region), offering, 2)
    cloud.clock.sleep(73 * _DAY_S)
    return bought


def test_an_exchange_ends_one_and_begins_another(cloud: Cloud) -> None:
    old = _bought(cloud)
    request = ExchangeRequest(old.id, _NEW)
    quoted = cloud.reservations.quote(request)
    assert [each.id for each in cloud.reservations.list_all()] == [old.id]
    agreed, got = cloud.reservations.exchange(request)
    assert agreed.count == quoted.count == 1
    # Four fifths of what an m5.large costs upfront, less four fifths of what two t3.micro cost.
    price = cloud.reservations.offering(BookChoice(), _NEW).price.upfront_usd
    assert agreed.true_up_usd == pytest.approx(
        (price - 2 * old.upfront_usd) * 4 / 5, abs=Decimal("0.01")
    )
    first, second = cloud.reservations.list_all()
    assert (first.exchanged_at, second) == (got.starts_at, got)
    assert first.ends_at == got.starts_at
    assert got.ends_at == old.ends_at
    now = cloud.clock.now()
    assert (first.is_active(now), second.is_active(now)) == (False, True)
    (entry,) = [e for e in cloud.ledger.entries() if e.kind is LedgerKind.RESERVATION_EXCHANGED]
    assert (entry.resource_id, entry.facts["given_id"]) == (got.id, old.id)
    # The server may start anew: records are as they were.
    cloud.restart()
    assert cloud.reservations.list_all() == [first, second]


def test_its_true_up_is_in_the_bill_and_the_machine_is_covered(cloud: Cloud) -> None:
    old = _bought(cloud)
    _agreed, got = cloud.reservations.exchange(ExchangeRequest(old.id, _NEW))
    cloud.launch("shop", "m5.large")
    cloud.clock.sleep(10 * 3600)
    bill = cloud.bills.show(BillRequest()).bill
    by_rule = {line.what.rule.title: line for line in bill.lines}
    assert got.exchange is not None
    assert by_rule["reservation-true-up"].amount == got.exchange.true_up_usd
    assert by_rule["reserved"].what.part == got.id
    assert "on-demand" not in by_rule
    assert bill.problem_count == 0


def test_what_was_got_may_be_exchanged_again_and_what_was_given_in_not(cloud: Cloud) -> None:
    old = _bought(cloud)
    _, got = cloud.reservations.exchange(ExchangeRequest(old.id, _NEW))
    with pytest.raises(Conflict, match="was exchanged already"):
        cloud.reservations.quote(ExchangeRequest(old.id, _NEW))
    cloud.clock.sleep(_DAY_S)
    agreed, third = cloud.reservations.exchange(ExchangeRequest(got.id, _NEW, count=2))
    assert third.ends_at == old.ends_at
    assert third.spread_usd == agreed.value.upfront_usd


def test_what_is_refused_changes_nothing(cloud: Cloud) -> None:
    old = _bought(cloud)
    refused = [
        (ExchangeRequest("ri-none", _NEW), NotFound, "there is no reservation"),
        (ExchangeRequest(old.id, "m5.large"), InvalidRequest, "is not an offering"),
        (
            ExchangeRequest(old.id, _NEW.replace("convertible", "standard")),
            InvalidRequest,
            "is standard",
        ),
        (
            ExchangeRequest(old.id, "t3.nano:1y:all-upfront:convertible", 1),
            InvalidRequest,
            "are worth less",
        ),
        (ExchangeRequest(old.id, _NEW, count=0), InvalidRequest, "the count is 0"),
        (
            ExchangeRequest(old.id, _NEW, book=BookChoice(text=BOOK_TEXT, name="mine")),
            InvalidRequest,
            "is of region 'testland', not 'us-east-1'",
        ),
    ]
    before = len(cloud.ledger.entries())
    for request, error, words in refused:
        with pytest.raises(error, match=words):
            cloud.reservations.exchange(request)
    cloud.clock.sleep(timedelta(days=400).total_seconds())
    with pytest.raises(Conflict, match="has expired"):
        cloud.reservations.exchange(ExchangeRequest(old.id, _NEW))
    assert cloud.reservations.list_all() == [old]
    assert len(cloud.ledger.entries()) == before


def test_a_reservation_stays_in_its_region(cloud: Cloud) -> None:
    old = _bought(cloud, region="ap-northeast-2")
    agreed, got = cloud.reservations.exchange(ExchangeRequest(old.id, _NEW))
    seoul = cloud.reservations.offering(BookChoice("ap-northeast-2"), _NEW)
    assert (got.region, agreed.offering) == ("ap-northeast-2", seoul)


def test_routes_of_exchanges(cloud: Cloud) -> None:
    old = _bought(cloud)
    reservations = Client(app_transport(cloud)).reservations
    quoted = reservations.quote(old.id, ClientRequest(_NEW))
    assert quoted["given"] == {"type": "t3.micro", "count": 2}
    assert quoted["got"] == {"type": "m5.large", "count": 1}
    assert Decimal(quoted["true_up_usd"]) == Decimal(quoted["got_value"]["upfront_usd"]) - Decimal(
        quoted["given_value"]["upfront_usd"]
    )
    exchanged = reservations.exchange(old.id, ClientRequest(_NEW, count=2))
    assert exchanged["quote"]["got"]["count"] == exchanged["reservation"]["count"] == 2
    first, second = reservations.list()
    assert (first["state"], first["exchanged_for"]) == ("retired", None)
    assert (second["state"], second["exchanged_for"]) == ("active", old.id)
    assert second["true_up_usd"] == exchanged["quote"]["true_up_usd"]
    assert first["exchanged_at"] == second["starts_at"]
