"""What the demo of the bill computes by hand, beside what a cloud's own bill says."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from minicloud.client import Client
from minicloud.client.bills import BillRequest
from minicloud.client.prices import PriceRequest
from minicloud.client.reservations import PurchaseRequest
from minicloud.demos.bill import _SAID, _month_after, _step
from minicloud.demos.bill_by_hand import Period, Rates, figures
from minicloud.domain.time_step import parse_time_step
from tests.unit.app_transport import app_transport
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud
from tests.unit.scenario import serve

_BEGINS, _ENDS = datetime(2030, 2, 1, tzinfo=UTC), datetime(2030, 3, 1, tzinfo=UTC)


def _live_a_month(cloud: Cloud) -> None:
    """The demo's story on fakes, without its balancer's figures."""
    serve(cloud)
    cloud.time.simulate()
    cloud.time.advance("31d")
    for name in ("shop", "worker"):
        cloud.launch(name)
    cloud.allocate("front")
    cloud.time.advance("1d")
    cloud.associate("front", "shop")
    cloud.time.advance("2d20h")
    cloud.stop("worker")
    cloud.time.advance("12h")
    cloud.start("worker")
    cloud.create_image("shop", "shop-1.0")
    cloud.time.advance("7d")
    cloud.scale_up("shop", "t3.small")
    client = Client(app_transport(cloud))
    client.reservations.buy(PurchaseRequest("t3.micro:1y:partial-upfront:standard"))
    cloud.time.advance("3d")
    cloud.stop("worker")
    cloud.time.advance("1d")
    cloud.start("worker")
    cloud.balance("site", "shop")
    cloud.time.advance("15d")


def _rates(client: Client) -> Rates:
    prices = client.prices.list(PriceRequest())
    others = {other["item"]: Fraction(other["usd"]) for other in prices["others"]}
    bought = client.reservations.list()[0]
    return Rates(
        types={
            its_type["type"]: Fraction(its_type["usd_per_hour"])
            for its_type in prices["types"]
            if its_type["usd_per_hour"]
        },
        address=others["Elastic IP"],
        image_gb_month=others["image storage"],
        balancer=others["application load balancer"],
        reserved_hour=Fraction(bought["hourly_usd"]),
        reserved_upfront=Fraction(bought["upfront_usd"]),
    )


def test_by_hand_it_comes_to_what_the_bill_says(make_cloud: MakeCloud) -> None:
    client = Client(app_transport(make_cloud(_live_a_month)))
    bill = client.bills.show(BillRequest(begins_at="2030-02-01", ends_at="2030-03-01"))
    period = Period(int(_BEGINS.timestamp()), int(_ENDS.timestamp()))
    by_hand = figures(client.cloud.ledger(), period, _rates(client))
    billed = {(line["rule"], line["resource_id"]): line["amount"] for line in bill["lines"]}
    assert {key for key, figure in by_hand.items() if figure.usd} <= billed.keys()
    assert {rule for rule, _ in billed} <= _SAID.keys()
    for key, amount in billed.items():
        assert abs(by_hand[key].usd - Fraction(amount)) <= Fraction(1, 10**12), key
    assert {"reserved", "on-demand", "address-unattached", "image-storage"} <= {
        r for r, _ in billed
    }


def test_another_ledger_comes_to_something_else(make_cloud: MakeCloud) -> None:
    client = Client(app_transport(make_cloud(_live_a_month)))
    entries = client.cloud.ledger()
    period = Period(int(_BEGINS.timestamp()), int(_ENDS.timestamp()))
    rates = _rates(client)
    whole = figures(entries, period, rates)
    without_stops = [e for e in entries if e["facts"].get("state") not in {"stopping", "stopped"}]
    assert figures(without_stops, period, rates) != whole


@pytest.mark.parametrize("length_s", [1, 59, 60, 3600, 86_399, 86_400, 480_000, 2_678_400])
def test_a_step_is_as_long_as_it_should_be(length_s: int) -> None:
    step = parse_time_step(_step(length_s))
    assert (step.months, step.length.total_seconds()) == (0, length_s)


@pytest.mark.parametrize(
    ("moment", "begins"),
    [("2026-11-25", "2026-12-01"), ("2026-12-01", "2027-01-01"), ("2027-01-31", "2027-02-01")],
)
def test_a_month_begins_after_this_one(moment: str, begins: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC, hour=5)
    assert _month_after(at) == datetime.fromisoformat(begins).replace(tzinfo=UTC)
