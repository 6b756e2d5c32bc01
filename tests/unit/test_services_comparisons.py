"""Comparisons of clouds in which things happen: services, records and routes."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from minicloud.client import Client
from minicloud.client.comparisons import (
    FleetRequest,
    GivenCurve,
    ScalingRequest,
    ScalingRules,
    ShapedCurve,
)
from minicloud.domain.errors import InvalidRequest, NotFound
from minicloud.domain.metering import InstanceHour
from minicloud.services.bills import BillRequest
from minicloud.services.comparisons import FleetRequest as ServiceRequest
from tests.unit.app_transport import app_transport
from tests.unit.cloud import Cloud

_HOUR_S = 3600
_CSV = "hours,visitors\n0,100\n1,2500\n2,100\n"


def _measured(cloud: Cloud, instance_id: str, count: int, type_name: str) -> None:
    """What a meter would have written of the last hours."""
    now = cloud.clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [
        InstanceHour(
            instance_id,
            now - timedelta(hours=hour + 1),
            type_name,
            measured_s=3600,
            cpu_s=60,
            vcpu_s=7200,
            cpu_percent_max=10,
            memory_mib_max=200,
        )
        for hour in range(count)
    ]
    with cloud.store.write() as transaction:
        transaction.usage_hours.add_to_instances(hours)


def test_a_cloud_beside_what_it_could_have_been(cloud: Cloud) -> None:
    shop = cloud.launch("shop", "m5.large")
    cloud.launch("web")
    cloud.clock.sleep(48 * _HOUR_S)
    _measured(cloud, shop.id, 30, "m5.large")
    found = Client(app_transport(cloud)).comparisons.fleet(FleetRequest())
    by_key = {each["key"]: each for each in found["alternatives"]}
    assert set(by_key) == {
        *("on-demand", "off-at-night", "right-sized", "right-sized-any"),
        *(f"reserved-{y}y-{p}-upfront" for y in (1, 3) for p in ("no", "partial", "all")),
    }
    assert found["baseline"] == "on-demand"
    assert all(each["how"] for each in found["alternatives"])
    on_demand, best = Decimal(by_key["on-demand"]["usd"]), by_key[found["best"]]
    assert Decimal(best["saves_usd"]) == on_demand - Decimal(best["usd"])
    for each in found["alternatives"]:
        parts = (each["instances_usd"], each["reservations_usd"], each["addresses_usd"])
        assert Decimal(each["usd"]) == sum(map(Decimal, parts))
    sizes = {machine["name"]: machine["size"] for machine in found["machines"]}
    assert sizes["shop"]["verdict"] == "fits"
    assert sizes["shop"]["any_family"] is not None
    assert sizes["web"]["verdict"] == "not measured long enough"
    assert sizes["web"]["any_family"] is None


def test_on_demand_is_what_the_bill_says(cloud: Cloud) -> None:
    cloud.launch("shop", "m5.large")
    cloud.clock.sleep(5 * _HOUR_S)
    cloud.stop("shop")
    cloud.start("shop")
    cloud.clock.sleep(1234)
    begins_at, ends_at = "2030-01-01", "2030-01-01T06:00"
    bill = cloud.bills.show(BillRequest(begins_at=begins_at, ends_at=ends_at)).bill
    compared = cloud.comparisons.fleet(
        ServiceRequest(begins_at=begins_at, ends_at=ends_at)
    ).comparison
    assert compared.baseline.costs.bill.lines == bill.lines
    assert compared.baseline.usd == bill.total > 0


def test_the_period_begins_with_the_first_machine_if_that_came_later(cloud: Cloud) -> None:
    cloud.clock.sleep(7 * 24 * _HOUR_S)
    cloud.launch("shop")
    cloud.clock.sleep(10 * _HOUR_S)
    report = cloud.comparisons.fleet(ServiceRequest())
    (machine,) = report.comparison.machines
    period = report.comparison.fleet.period
    assert machine.ran_s >= period.to_s - period.from_s - 10
    earlier = cloud.comparisons.fleet(ServiceRequest(begins_at="2030-01-01"))
    assert (
        earlier.comparison.fleet.period.to_s - earlier.comparison.fleet.period.from_s > 7 * 86_400
    )


def test_measured_hours_of_another_time_do_not_count(cloud: Cloud) -> None:
    shop = cloud.launch("shop")
    cloud.clock.sleep(72 * _HOUR_S)
    _measured(cloud, shop.id, 30, "t3.micro")
    request = ServiceRequest(begins_at="2030-01-01", ends_at="2030-01-02T12:00")
    (machine,) = cloud.comparisons.fleet(request).comparison.machines
    assert machine.advice.measured_hours == 0


def test_a_fleet_without_machines_says_so(cloud: Cloud) -> None:
    found = Client(app_transport(cloud)).comparisons.fleet(FleetRequest())
    assert "no machine ran in this period" in found["notes"]
    assert {each["saves_percent"] for each in found["alternatives"]} == {None}


def test_fleets_for_a_shape_and_for_a_file(cloud: Cloud) -> None:
    client = Client(app_transport(cloud))
    shaped = client.comparisons.scaling(
        ScalingRequest(shape=ShapedCurve("spike", low=100, high=3000, days=2))
    )
    assert [fleet["key"] for fleet in shaped["fleets"]] == ["fixed-peak", "fixed-mean", "elastic"]
    assert (shaped["from"], shaped["to"]) == (
        "2030-01-01T00:00:00+00:00",
        "2030-01-03T00:00:00+00:00",
    )
    assert shaped["timeline"][0]["at"] == shaped["from"]
    given = client.comparisons.scaling(
        ScalingRequest(
            given=GivenCurve("shop.csv", _CSV),
            rules=ScalingRules(machines_max=2),
            timezone="Asia/Seoul",
        )
    )
    assert given["from"] == "2029-12-31T15:00:00+00:00"
    assert (given["visitors"], given["visitors_per_hour_max"]) == ("2700", "2500")
    assert given["rules"]["machines_max"] == 2
    for fleet in given["fleets"]:
        assert Decimal(fleet["served"]) + Decimal(fleet["unserved"]) == 2700
        parts = Decimal(fleet["instances_usd"]) + Decimal(fleet["addresses_usd"])
        assert Decimal(fleet["usd"]) == parts
    peak, _mean, elastic = given["fleets"]
    assert (peak["saves_usd"], peak["unserved"]) == ("0", "0")
    assert Decimal(elastic["saves_usd"]) == Decimal(peak["usd"]) - Decimal(elastic["usd"])


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("fleet", {"night": "late"}, "InvalidParameterValue"),
        ("fleet", {"headroom_percent": 401}, "InvalidParameterValue"),
        ("fleet", {"offering_class": "gold"}, "InvalidParameterValue"),
        ("fleet", {"timezone": "Mars"}, "InvalidParameterValue"),
        ("fleet", {"begins_at": "2030-02-01", "ends_at": "2030-01-01"}, "InvalidParameterValue"),
        ("scaling", {}, "InvalidParameterCombination"),
        (
            "scaling",
            {"shape": {"shape": "daily"}, "given": {"name": "x", "text": _CSV}},
            "InvalidParameterCombination",
        ),
        ("scaling", {"shape": {"shape": "flat"}}, "InvalidParameterValue"),
        ("scaling", {"shape": {"shape": "daily", "low": True}}, "InvalidParameterValue"),
        ("scaling", {"shape": {"shape": "daily"}, "type": "t9.huge"}, "InvalidParameterValue"),
        ("scaling", {"given": {"name": "x", "text": "\ud800"}}, "InvalidParameterValue"),
        ("scaling", {"given": {"name": "x", "text": "x"}}, "InvalidDemand"),
        (
            "scaling",
            {"given": {"name": "x", "text": _CSV, "unit": "days"}},
            "InvalidParameterValue",
        ),
        (
            "scaling",
            {"shape": {"shape": "daily"}, "rules": {"boot_s": 1.5}},
            "InvalidParameterValue",
        ),
        (
            "scaling",
            {"shape": {"shape": "daily"}, "rules": {"machines_min": 3, "machines_max": 2}},
            "InvalidParameterCombination",
        ),
        ("scaling", {"shape": {"shape": "daily"}, "surprise": 1}, "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    cloud: Cloud, path: str, body: dict[str, Any], code: str
) -> None:
    transport = app_transport(cloud)
    answer = transport.ask("POST", f"/comparisons/{path}", json.dumps(body).encode())
    assert answer.status == 400
    assert json.loads(answer.body())["error"]["code"] == code


def test_what_has_no_price_is_refused(cloud: Cloud) -> None:
    client = Client(app_transport(cloud))
    curve = GivenCurve("old.csv", "2001-01-01,5\n2001-01-02,5\n")
    with pytest.raises(NotFound, match="no price"):
        client.comparisons.scaling(ScalingRequest(given=curve))
    with pytest.raises(InvalidRequest, match=r"old\.csv has 0 rows"):
        client.comparisons.scaling(ScalingRequest(given=GivenCurve("old.csv", "")))
