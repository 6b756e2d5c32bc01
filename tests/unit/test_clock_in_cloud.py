"""What a simulated clock moves in a cloud, and what goes on in real time, whatever it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from minicloud.client import Client
from minicloud.client.bills import BillRequest as ClientRequest
from minicloud.controllers.plan import CorrectionKind
from minicloud.controllers.watch_engine import EngineWatch
from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.line import Line
from minicloud.domain.clock import SPEED_MAX
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.instance import InstanceState
from minicloud.domain.ledger import LedgerKind
from minicloud.domain.operation import Operation
from minicloud.domain.target_group import DEREGISTRATION_DELAY_DEFAULT_S
from minicloud.services.bills import BillRequest
from minicloud.services.capacity import _HOST_FACTS_LAST
from minicloud.services.prices import BookChoice
from minicloud.services.target_groups import TargetRef
from tests.unit import invariants
from tests.unit.app_transport import app_transport
from tests.unit.balancing_scenarios import balanced
from tests.unit.billing_book import BOOK_TEXT
from tests.unit.cloud import Cloud, Moment
from tests.unit.conftest import MakeCloud
from tests.unit.scenario import Scenario, serve
from tests.unit.scenarios import SCENARIOS

_BOOK = BookChoice(text=BOOK_TEXT, name="mine.toml")
_DAY_S = 86_400
# How much real time a test of a few hundred looks at the clock takes.
_MOMENT_S = 5


def _simulated(prepare: Callable[[Cloud], object], cloud: Cloud) -> None:
    cloud.time.simulate()
    prepare(cloud)


_BALANCED = partial(_simulated, balanced)
_SIMULATED_SCENARIOS = [
    pytest.param(scenario, partial(_simulated, scenario.prepare), id=scenario.name)
    for scenario in SCENARIOS
]


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> Cloud:
    """A cloud whose clock is simulated, with its images."""
    return make_cloud(partial(_simulated, serve))


def _advance_a_day(cloud: Cloud) -> None:
    cloud.time.advance("1d")


def _took_s(operation: Operation) -> float:
    assert operation.ended_at is not None
    return (operation.ended_at - operation.created_at).total_seconds()


def _on_demand(cloud: Cloud, book: BookChoice = _BOOK) -> list[Line]:
    report = cloud.bills.show(BillRequest(begins_at="2029-12-01", book=book))
    assert report.simulated
    return [line for line in report.bill.lines if line.what.rule.title.startswith("on-demand")]


def _hours_billed(cloud: Cloud, book: BookChoice = _BOOK) -> Decimal:
    return sum((line.quantity for line in _on_demand(cloud, book)), Decimal())


# The ledger and the bill go by the cloud's clock.


def test_what_runs_while_the_clock_is_advanced_is_billed(cloud: Cloud) -> None:
    cloud.launch()
    cloud.time.advance("30d")
    cloud.stop("web")
    cloud.time.advance("30d")
    assert _hours_billed(cloud) == pytest.approx(Decimal(720), abs=Decimal(_MOMENT_S) / 3600)
    # 720 h, all of it in the second era of the book, in which a t3.micro costs 0.18 USD an hour.
    amount = sum((line.amount for line in _on_demand(cloud)), Decimal())
    assert amount == pytest.approx(Decimal("129.6"), abs=Decimal("0.001"))
    assert {entry.simulated for entry in cloud.ledger.entries()} == {True}


@pytest.mark.parametrize(
    ("speed", "real_s", "hours"),
    [
        (1, 36_000, 10),
        (60, 600, 10),
        (3600, 10, 10),
        (86_400, 30, 720),
        (SPEED_MAX, 36, 1000),
    ],
)
def test_a_machine_is_billed_by_the_pace_of_the_clock(
    cloud: Cloud, speed: int, real_s: int, hours: int
) -> None:
    cloud.launch()
    begun_at = cloud.time.set_speed(speed).now
    cloud.clock.sleep(real_s)
    cloud.time.reset()
    passed_s = (cloud.time.now() - begun_at).total_seconds()
    # Each look at the real time takes a millisecond of it, and so much more at speed.
    assert passed_s == pytest.approx(hours * 3600, abs=1 + speed * 0.01)
    cloud.stop("web")
    begun, ended = (
        second_of(e.at)
        for e in cloud.ledger.entries()
        if e.facts["state"] in {"running", "stopping"}
    )
    assert _hours_billed(cloud) * 3600 == pytest.approx(Decimal(ended - begun), abs=Decimal("1e-6"))


def test_a_start_of_some_seconds_is_billed_for_a_minute_of_the_clouds_time(cloud: Cloud) -> None:
    cloud.launch()
    cloud.time.advance("10s")
    cloud.stop("web")
    cloud.start("web")
    cloud.time.advance("59s")
    cloud.stop("web")
    # 60 s and 60 s: two starts within a minute each.
    assert round(_hours_billed(cloud) * 3600, 6) == 120


def test_a_reservation_ends_by_the_clouds_clock(cloud: Cloud) -> None:
    cloud.launch()
    cloud.reservations.buy(BookChoice(), "t3.micro:1y:all-upfront:standard", 1)
    bought = cloud.reservations.list_all()[0]
    cloud.time.advance("364d")
    assert bought.is_active(cloud.reservations.now())
    assert _hours_billed(cloud, BookChoice()) == 0
    cloud.time.advance("2d")
    assert not bought.is_active(cloud.reservations.now())
    # 366 days, of which 365 were reserved.
    hours = _hours_billed(cloud, BookChoice())
    assert hours == pytest.approx(Decimal(24), abs=Decimal("0.01"))


# What the engine says of the past is real time, and is told in the cloud's.


def test_a_death_is_recorded_when_it_happened_though_the_clock_was_moved_since(
    cloud: Cloud,
) -> None:
    machine = cloud.launch()
    cloud.time.advance("10h")
    cloud.engine.kill(machine.container_name)
    died_at = cloud.time.now()
    cloud.time.advance("30d")
    cloud.time.set_speed(3600)
    cloud.clock.sleep(60)
    corrected = cloud.reconciler.reconcile_once()
    assert [correction.kind for correction in corrected] == [CorrectionKind.MARK_STOPPED]
    stopped = cloud.instances.show("web")
    assert stopped.state is InstanceState.STOPPED
    assert stopped.state_changed_at is not None
    assert abs(stopped.state_changed_at - died_at) < timedelta(seconds=1)
    assert _hours_billed(cloud) == pytest.approx(Decimal(10), abs=Decimal(_MOMENT_S) / 3600)
    invariants.check(cloud)


def test_a_death_while_no_server_ran_is_recorded_at_the_pace_of_then(cloud: Cloud) -> None:
    machine = cloud.launch()
    cloud.time.set_speed(3600)
    cloud.time.keep()
    cloud.clock.sleep(10)
    cloud.engine.kill(machine.container_name)
    cloud.clock.sleep(100)
    cloud.restart()
    cloud.time.reset()
    cloud.reconciler.reconcile_once()
    assert cloud.instances.show("web").state is InstanceState.STOPPED
    # 10 s at 3600 times: 10 h. A look at the real time takes a millisecond of it, here 3.6 s.
    assert _hours_billed(cloud) == pytest.approx(Decimal(10), abs=Decimal("0.1"))


def test_a_start_behind_our_back_is_recorded_when_it_happened(cloud: Cloud) -> None:
    machine = cloud.launch()
    cloud.stop("web")
    cloud.time.advance("1d")
    cloud.engine.ensure_started(machine.container_name)
    started_at = cloud.time.now()
    cloud.time.advance("1d")
    cloud.reconciler.reconcile_once()
    running = cloud.instances.show("web")
    assert running.state is InstanceState.RUNNING
    assert running.state_changed_at is not None
    assert abs(running.state_changed_at - started_at) < timedelta(seconds=1)


def test_events_of_the_engine_are_asked_for_by_real_time(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.time.advance("1y")
    asked: list[datetime] = []
    events = cloud.engine.events

    def noted(labels: object, since: datetime, on_connected: Callable[[], None]) -> object:
        asked.append(since)
        return events({}, since, on_connected)

    monkeypatch.setattr(cloud.engine, "events", noted)
    watch = EngineWatch(cloud.world, [lambda: None])
    watch.start()
    cloud.wait_until(lambda: bool(asked), lambda: None)
    watch.stop()
    assert abs(asked[0] - cloud.clock.now()) < timedelta(seconds=_MOMENT_S)


# What goes on takes its time, and is told as it was.


@pytest.mark.parametrize(("scenario", "prepare"), _SIMULATED_SCENARIOS)
def test_the_clock_may_be_advanced_in_the_middle_of_every_step(
    make_cloud: MakeCloud, scenario: Scenario, prepare: Callable[[Cloud], object]
) -> None:
    cloud = make_cloud(prepare)
    moments = scenario.forward_moments()
    begun_at = cloud.time.now()
    cloud.on_moment(moments, partial(_advance_a_day, cloud))
    operation = cloud.succeed(scenario.ask(cloud))[0]
    invariants.check(cloud)
    days = (cloud.time.now() - begun_at).total_seconds() / _DAY_S
    assert days == pytest.approx(len(moments), abs=0.01)
    assert _took_s(operation) < _MOMENT_S
    steps = [operation.steps[name] for name in operation.step_names]
    assert [s.started_at for s in steps] == sorted(s.started_at for s in steps)
    entries = cloud.ledger.entries()
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def test_a_downtime_is_measured_in_real_time(cloud: Cloud) -> None:
    cloud.launch()
    cloud.time.set_speed(86_400)
    cloud.on_moment([Moment("freeze-disk", "acted")], lambda: cloud.clock.sleep(2))
    operation = cloud.scale_up("web")
    assert 2000 < operation.result["downtime_ms"] < 2000 + _MOMENT_S * 1000
    assert operation.result["cut_over_ms"] < _MOMENT_S * 1000
    assert 2 < _took_s(operation) < 2 + _MOMENT_S
    # By the cloud's clock the two seconds are two days, in which nothing ran.
    stopped, running = (
        next(
            e.at
            for e in cloud.ledger.entries()
            if e.kind is LedgerKind.INSTANCE_STATE
            and (e.facts["state"], e.facts["type"]) == (state, its_type)
        )
        for state, its_type in (("stopped", "t3.micro"), ("running", "t3.large"))
    )
    assert timedelta(days=2) < running - stopped < timedelta(days=4)


def test_a_drain_gets_its_whole_time_however_the_clock_is_moved(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_BALANCED)
    cloud.time.advance("1y")
    group = cloud.target_groups.show("front")
    instance_id = cloud.instances.show("web").id
    target_id = f"{group.id}/{instance_id}:80"
    cloud.plane.carry(target_id, 1)
    began_at = cloud.clock.now()
    operations = cloud.target_groups.deregister("front", [TargetRef("web")])
    cloud.time.advance("30d")
    cloud.time.set_speed(SPEED_MAX)
    looks = cloud.plane.calls.count("in_flight")
    cloud.wait_until(lambda: cloud.plane.calls.count("in_flight") > looks + 3, lambda: None)
    assert not cloud.operations.show(operations[0].id).status.has_ended, "the drain was cut"
    with cloud.store.read() as transaction:
        target = transaction.targets.get(target_id)
    assert target is not None
    assert target.drain_until is not None
    delay_s = (target.drain_until - began_at).total_seconds()
    assert delay_s == pytest.approx(DEREGISTRATION_DELAY_DEFAULT_S, abs=_MOMENT_S)

    cloud.clock.sleep(100)
    cloud.plane.carry(target_id, 0)
    ended = cloud.succeed(operations)[0]
    assert ended.result["left"] == {}
    assert 100_000 <= ended.result["waited_ms"] < 100_000 + _MOMENT_S * 1000


@pytest.mark.parametrize("stops", [True, False])
def test_a_held_machine_is_let_finish_in_real_time(make_cloud: MakeCloud, stops: bool) -> None:
    cloud = make_cloud(_BALANCED)
    cloud.time.advance("1y")
    instance_id = cloud.instances.show("web").id
    target_id = f"{cloud.target_groups.show('front').id}/{instance_id}:80"
    cloud.plane.carry(target_id, 1)
    operations = cloud.instances.stop("web") if stops else cloud.instances.reboot("web")
    looks = cloud.plane.calls.count("in_flight")
    cloud.wait_until(lambda: cloud.plane.calls.count("in_flight") > looks + 1, lambda: None)
    told = cloud.plane.seen()[cloud.balancers.show("front").container_name]
    assert told is not None
    until = [t["drain_until"] for g in told["groups"] for t in g["targets"] if t["id"] == target_id]
    left_s = until[0] - cloud.clock.now().timestamp()
    assert 0 < left_s <= DEREGISTRATION_DELAY_DEFAULT_S
    cloud.clock.sleep(DEREGISTRATION_DELAY_DEFAULT_S)
    assert cloud.succeed(operations)[0].steps


def test_certificates_are_valid_in_real_time(cloud: Cloud) -> None:
    cloud.time.advance("20y")
    made = cloud.certificates.create("site", ["example.test"], 10)
    assert abs(made.not_before - cloud.clock.now()) < timedelta(seconds=_MOMENT_S)
    assert made.not_after - made.not_before == timedelta(days=10)
    assert made.created_at > made.not_after


def test_the_hosts_facts_are_kept_for_a_while_of_real_time(cloud: Cloud) -> None:
    cloud.time.set_speed(SPEED_MAX)
    cloud.instances.capacity.host()
    asked = cloud.engine.calls.count("info")
    cloud.time.advance("1y")
    cloud.instances.capacity.host()
    assert cloud.engine.calls.count("info") == asked
    cloud.clock.sleep(_HOST_FACTS_LAST.total_seconds() + 1)
    cloud.instances.capacity.host()
    assert cloud.engine.calls.count("info") == asked + 1


def test_a_cloud_with_images_alone_may_still_have_a_simulated_clock(make_cloud: MakeCloud) -> None:
    cloud = make_cloud()
    cloud.time.simulate()
    cloud.launch()
    assert {entry.simulated for entry in cloud.ledger.entries()} == {True}


# Over the API.


def test_every_answer_about_money_and_time_says_that_it_is_simulated(cloud: Cloud) -> None:
    client = Client(app_transport(cloud))
    cloud.launch()
    moved = client.clock.advance("1mo")
    assert moved["simulated"]
    assert moved["now"].startswith("2030-02-01T")
    assert moved["ahead_s"] == 31 * _DAY_S
    assert client.clock.set_speed(60)["speed"] == 60
    assert client.clock.reset()["speed"] == 1
    assert client.clock.show()["now"] > moved["now"]
    assert client.cloud.status()["clock"]["simulated"]
    assert all(entry["simulated"] for entry in client.cloud.ledger())
    assert client.bills.show(ClientRequest(begins_at="2030-01-01"))["simulated"]
    with pytest.raises(InvalidRequest) as refused:
        client.clock.advance("soon")
    assert refused.value.code == "InvalidParameterValue"


def test_an_ordinary_cloud_says_that_nothing_is_simulated(make_cloud: MakeCloud) -> None:
    cloud = make_cloud()
    client = Client(app_transport(cloud))
    cloud.launch()
    assert not client.clock.show()["simulated"]
    assert not client.cloud.status()["clock"]["simulated"]
    assert not any(entry["simulated"] for entry in client.cloud.ledger())
    assert not client.bills.show(ClientRequest())["simulated"]
    for refused_call in (client.clock.simulate, lambda: client.clock.advance("1d")):
        with pytest.raises(InvalidRequest) as refused:
            refused_call()
        assert refused.value.code == "OperationNotPermitted"
