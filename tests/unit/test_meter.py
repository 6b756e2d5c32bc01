"""The meter over a whole cloud: hours are kept, told to the ledger once, and never made up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from minicloud.controllers import meter
from minicloud.domain.balancer import BalancerType
from minicloud.domain.billing.line import Line, Rule
from minicloud.domain.errors import EngineUnreachable, Unavailable
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.services.balancers import CreateBalancer, Front
from minicloud.services.bills import BillRequest
from tests.fakes.engine_world import Used
from tests.unit.balancing_scenarios import balanced
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud

_HOUR_S = 3600


def _machine(cloud: Cloud) -> None:
    cloud.launch("web")


def _use(cloud: Cloud, name: str, cpu_s: float, memory_mib: float = 100) -> None:
    container = cloud.instances.show(name).container_name
    cloud.engine.let_use(container, Used(cpu_s, memory_mib))


def _count(cloud: Cloud, active: int = 0, **more: int) -> None:
    cloud.plane.count(cloud.balancers.show("front").container_name, active, **more)


def _told(cloud: Cloud) -> list[LedgerEntry]:
    return [e for e in cloud.ledger.entries() if e.kind is LedgerKind.BALANCER_USAGE]


def _to_next_hour(cloud: Cloud, more_s: float = 0.0) -> None:
    now = cloud.clock.now()
    cloud.clock.sleep(_HOUR_S - (now.timestamp() % _HOUR_S) + more_s)


def test_a_machine_is_measured_from_its_first_reading_on(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_machine)
    _use(cloud, "web", 7)
    cloud.meter.measure_once()
    assert cloud.usage.of_instance("web", 24)[1] == []
    _use(cloud, "web", 7 + 30, memory_mib=200)
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    (hour,) = cloud.usage.of_instance("web", 24)[1]
    assert hour.measured_s == pytest.approx(60, abs=0.1)
    assert hour.cpu_s == 30
    # 30 s of 60 s x 2 vCPUs.
    assert hour.cpu_percent_mean == pytest.approx(25, abs=0.1)
    assert hour.memory_mib_max == 200


def test_a_server_that_comes_after_goes_on_where_the_last_one_was(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_machine)
    cloud.meter.measure_once()
    cloud.clock.sleep(60)
    cloud.restart()
    _use(cloud, "web", 12)
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    cloud.meter.measure_once()
    (hour,) = cloud.usage.of_instance("web", 24)[1]
    assert hour.measured_s == pytest.approx(120, abs=0.1)
    assert hour.cpu_s == 12


def test_a_machine_that_was_stopped_begins_anew(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_machine)
    _use(cloud, "web", 5)
    cloud.meter.measure_once()
    cloud.stop("web")
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    cloud.start("web")
    _use(cloud, "web", 50)
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    assert cloud.usage.of_instance("web", 24)[1] == []
    _use(cloud, "web", 53)
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    assert [hour.cpu_s for hour in cloud.usage.of_instance("web", 24)[1]] == [3]


def test_without_an_engine_nothing_is_made_up_and_nothing_lost(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_machine)
    cloud.meter.measure_once()
    _use(cloud, "web", 20)
    cloud.clock.sleep(60)
    cloud.engine.vanish()
    with pytest.raises(EngineUnreachable):
        cloud.meter.measure_once()
    assert cloud.usage.of_instance("web", 24)[1] == []
    cloud.engine.come_back()
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    (hour,) = cloud.usage.of_instance("web", 24)[1]
    assert (hour.cpu_s, round(hour.measured_s)) == (20, 120)


def test_a_write_that_fails_counts_nothing_twice(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.meter.measure_once()
    _count(cloud, requests=10, new_connections=4)
    cloud.clock.sleep(60)
    cloud.store.fail_write(1)
    with pytest.raises(Unavailable):
        cloud.meter.measure_once()
    cloud.meter.measure_once()
    (hour,) = cloud.usage.of_balancer("front", 24)[1]
    assert (hour.requests, hour.new_connections) == (10, 4)


def test_an_hour_of_a_balancer_is_told_to_the_ledger_once_when_it_is_over(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    _count(cloud, active=10, requests=50, new_connections=900, sent_bytes=7, received_bytes=5)
    cloud.meter.measure_once()
    assert _told(cloud) == []
    _to_next_hour(cloud, 30)
    cloud.meter.measure_once()
    cloud.meter.measure_once()
    cloud.restart()
    cloud.meter.measure_once()
    (entry,) = _told(cloud)
    assert entry.resource_id == cloud.balancers.show("front").id
    assert dict(entry.facts) == {
        "name": "front",
        "type": "application",
        "new_connections": "900",
        "active_connections": "10",
        "processed_bytes": "12",
        "rule_evaluations": "0",
    }
    # In the last second of that hour, and so in its bill.
    assert (entry.at.minute, entry.at.second) == (59, 59)


def test_an_hour_in_which_nothing_was_used_is_not_told(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.meter.measure_once()
    _to_next_hour(cloud, 30)
    cloud.meter.measure_once()
    assert _told(cloud) == []
    assert cloud.rows("SELECT in_ledger FROM balancer_hours ORDER BY hour_at") == [(1,), (0,)]


def test_a_balancer_that_cannot_be_read_holds_up_no_other(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.balance("beside", "web")
    _count(cloud, new_connections=5)
    cloud.meter.measure_once()
    _count(cloud, new_connections=5)
    _to_next_hour(cloud, 60)
    cloud.plane.fail_next("metrics", Unavailable("BalancerUnreachable", "it is gone"))
    cloud.meter.measure_once()
    # Until it was read after the end of the hour, the hour is not known.
    assert _told(cloud) == []
    assert cloud.usage.of_balancer("beside", 1)[1]
    cloud.meter.measure_once()
    assert len(_told(cloud)) == 1
    assert sum(hour.new_connections for hour in cloud.usage.of_balancer("front", 24)[1]) == 10


def test_of_a_balancer_that_is_deleted_the_last_hour_is_told(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    _count(cloud, new_connections=90)
    cloud.meter.measure_once()
    cloud.succeed(cloud.balancers.delete("front"))
    cloud.meter.measure_once()
    (entry,) = _told(cloud)
    assert entry.facts["new_connections"] == "90"
    assert entry.at <= cloud.clock.now()
    cloud.meter.measure_once()
    assert len(_told(cloud)) == 1
    ids = {row[0] for row in cloud.rows("SELECT resource_id FROM readings")}
    assert entry.resource_id not in ids


def test_capacity_units_are_in_the_bill(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    _count(cloud, new_connections=180_000)
    cloud.meter.measure_once()
    _to_next_hour(cloud, 1)
    cloud.meter.measure_once()
    line = _line(cloud, Rule.BALANCER_CAPACITY)
    # 180,000 / 3,600 s / 25 = 2 units.
    assert (line.quantity, line.what.part) == (Decimal(2), "new-connections")
    assert line.amount == 2 * line.price.usd
    assert _line(cloud, Rule.ADDRESS_BALANCER).amount > 0
    assert _line(cloud, Rule.ADDRESS_AUTOMATIC).amount > 0


def _line(cloud: Cloud, rule: Rule) -> Line:
    lines = cloud.bills.show(BillRequest()).bill.lines
    return next(line for line in lines if line.what.rule is rule)


def test_rules_beyond_the_tenth_are_kept_by_the_hour(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.meter.measure_once()
    _count(cloud, requests=100, rule_evaluations=200)
    cloud.meter.measure_once()
    assert sum(h.rule_evaluations for h in cloud.usage.of_balancer("front", 24)[1]) == 200


def test_what_a_network_balancer_processes_is_what_comes_in(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_machine)
    request = CreateBalancer("front", BalancerType.NETWORK, front=Front(instances=("web",)))
    cloud.succeed(cloud.balancers.create(request)[1])
    container = cloud.balancers.show("front").container_name
    _count(cloud, active=3, requests=8, new_connections=8)
    # Its container is not there to be asked: then it is not measured, rather than in part.
    cloud.meter.measure_once()
    assert cloud.usage.of_balancer("front", 24)[1] == []
    cloud.engine.add_leftover(container, "minicloud/web:1", {})
    cloud.engine.ensure_started(container)
    cloud.engine.let_use(container, Used(received_bytes=4321, sent_bytes=9))
    cloud.meter.measure_once()
    (hour,) = cloud.usage.of_balancer("front", 24)[1]
    assert (hour.new_connections, hour.processed_bytes, hour.type) == (8, 4321, "network")


def test_hours_are_kept_for_400_days_and_readings_for_as_long_as_they_are_followed(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    cloud.meter.measure_once()
    cloud.clock.sleep(60)
    cloud.meter.measure_once()
    cloud.clock.sleep(401 * 86400)
    cloud.meter.measure_once()
    for table in ("instance_hours", "balancer_hours"):
        (oldest,) = cloud.rows(f"SELECT min(hour_at) FROM {table}")
        assert str(oldest[0]) > "2031"
    cloud.succeed(cloud.instances.terminate("other"))
    before = cloud.rows("SELECT count(*) FROM readings")
    cloud.meter.measure_once()
    assert cloud.rows("SELECT count(*) FROM readings") == [(before[0][0] - 1,)]  # type: ignore[operator]


def test_where_there_is_nothing_nothing_is_asked_or_written(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(lambda _cloud: None)
    before = len(cloud.engine.calls)
    cloud.meter.measure_once()
    assert cloud.engine.calls[before:] == []
    assert cloud.rows("SELECT * FROM readings") == []


def test_the_thread_measures_and_ends(
    make_cloud: MakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = make_cloud(_machine)
    monkeypatch.setattr(meter, "_FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(meter, "_PERIOD_S", 0.001)
    cloud.engine.fail_next("usage", EngineUnreachable("gone"))
    cloud.engine.fail_next("usage", Unavailable("EngineError", "it failed"))
    cloud.engine.fail_next("usage", ZeroDivisionError())
    cloud.meter.start()
    cloud.wait_until(lambda: bool(cloud.usage.of_instance("web", 1)[1]), lambda: None)
    cloud.meter.stop()
