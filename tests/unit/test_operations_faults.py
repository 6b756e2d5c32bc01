"""Every operation with an engine, an edge or a disk that fails under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pytest

from minicloud.domain.errors import EngineUnreachable, NotFound, Unavailable
from minicloud.domain.operation import Operation, OperationStatus
from minicloud.operations import reset_cloud
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment
from tests.unit.conftest import MakeCloud
from tests.unit.scenario import Scenario
from tests.unit.scenarios import SCENARIOS, UNDOABLE

BROKEN = Unavailable("EngineError", "the engine failed")
FULL = Unavailable("EngineDiskFull", "the engine's disk is full")
GONE = EngineUnreachable("connection refused")
EDGE_BROKEN = Unavailable("EdgeError", "the edge refuses")
PLANE_BROKEN = Unavailable("BalancerFailed", "the balancer refuses")
# What writes to the engine's disk; the rest cannot meet a full one.
WRITING = {"commit", "seal", "ensure_container"}
READING = {"container", "image", "exec", "status", "in_flight"}
# Where a balancer cannot say how it goes, it is asked again; see ``services.balancer_fleet``.
ASKED_AGAIN = {"status", "in_flight"}
# Asked synchronously, before an operation is journalled: the request itself fails then.
ASKED_FIRST = {"ping", "info", "ensure_network", "images", "containers"}


@dataclass(frozen=True)
class Fault:
    """A call that fails once, before or after its effect."""

    where: str
    method: str
    error: Unavailable
    after_effect: bool

    def arrange(self, cloud: Cloud) -> None:
        _fakes(cloud)[self.where].fail_next(self.method, self.error, after_effect=self.after_effect)

    def has_fired(self, cloud: Cloud) -> bool:
        return cloud.engine.has_failed and all(
            fake.has_fired for fake in (cloud.edge, cloud.builder, cloud.plane)
        )


class _Fallible(Protocol):
    @property
    def calls(self) -> list[str]: ...

    def fail_next(
        self, method: str, error: Exception, times: int = 1, *, after_effect: bool = False
    ) -> None: ...


def _fakes(cloud: Cloud) -> dict[str, _Fallible]:
    return {
        "engine": cloud.engine,
        "edge": cloud.edge,
        "builder": cloud.builder,
        "balancers": cloud.plane,
    }


def _calls_of(cloud: Cloud, scenario: Scenario) -> list[tuple[str, str]]:
    """Which methods of the world the operation calls, and the request before it does not."""
    fakes = _fakes(cloud)
    _look_at_the_edge(cloud, scenario)
    before = {where: len(fake.calls) for where, fake in fakes.items()}
    asked: set[tuple[str, str]] = set()
    launch = cloud.runner.launch

    def calls_since() -> set[tuple[str, str]]:
        return {
            (where, method)
            for where, fake in fakes.items()
            for method in fake.calls[before[where] :]
        }

    def note_and_launch(operation: Operation) -> None:
        asked.update(calls_since())
        before.update({where: len(fake.calls) for where, fake in fakes.items()})
        launch(operation)

    cloud.runner.launch = note_and_launch  # type: ignore[method-assign]
    cloud.succeed(scenario.ask(cloud))
    return sorted(call for call in calls_since() - asked if call[1] not in ASKED_FIRST)


def _look_at_the_edge(cloud: Cloud, scenario: Scenario) -> None:
    """Let the server do what it does once, at its first request, apart from the operation."""
    if scenario.kind != "build-images":
        cloud.infrastructure.ready()


def _faults(where: str, method: str) -> list[Fault]:
    error = {"edge": EDGE_BROKEN, "balancers": PLANE_BROKEN}.get(where, BROKEN)
    faults = [Fault(where, method, error, False)]
    if method not in READING:
        faults.append(Fault(where, method, error, True))
    if method in WRITING:
        faults.append(Fault(where, method, FULL, False))
    return faults


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_one_failure_anywhere_unwinds_all_or_is_gone_through(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    for where, method in _calls_of(make_cloud(scenario.prepare), scenario):
        for fault in _faults(where, method):
            cloud = make_cloud(scenario.prepare)
            before = invariants.snapshot(cloud)
            _look_at_the_edge(cloud, scenario)
            fault.arrange(cloud)

            ended = cloud.finish(scenario.ask(cloud))[0]

            assert fault.has_fired(cloud), fault
            if where == "balancers":
                # What a balancer was not told, it is told by the keeper.
                cloud.keeper.keep_once()
            invariants.check(cloud)
            if ended.status is OperationStatus.FAILED:
                assert ended.error is not None
                assert ended.error.code == fault.error.code
                assert not scenario.definition.is_past_return(ended.steps), fault
                assert invariants.snapshot(cloud) == before, fault
            elif method not in ASKED_AGAIN:
                assert scenario.definition.is_past_return(ended.steps), fault


@pytest.mark.parametrize(
    ("scenario", "step"),
    [pytest.param(s, step, id=f"{s.name}-{step}") for s in UNDOABLE for step in s.undoable_steps],
)
def test_a_step_that_fails_half_way_is_undone_with_all_before_it(
    make_cloud: MakeCloud, scenario: Scenario, step: str
) -> None:
    cloud = make_cloud(scenario.prepare)
    before = invariants.snapshot(cloud)
    cloud.fail_at(Moment(step, "acted"), BROKEN)

    ended = cloud.finish(scenario.ask(cloud))[0]

    assert cloud.has_failed
    assert ended.status is OperationStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == BROKEN.code
    invariants.check(cloud)
    assert invariants.snapshot(cloud) == before


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_operation_waits_for_an_engine_that_vanished_and_then_goes_on(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    cloud = make_cloud(scenario.prepare)
    _look_at_the_edge(cloud, scenario)
    called = _calls_of(make_cloud(scenario.prepare), scenario)
    methods = [(where, m) for where, m in called if where in {"engine", "balancers"}]
    for where, method in methods:
        _fakes(cloud)[where].fail_next(method, GONE, 3)
    waited_for = _note_waiting(cloud)

    ended = cloud.succeed(scenario.ask(cloud))[0]

    assert cloud.engine.has_failed
    assert cloud.plane.has_fired
    assert waited_for == ({"EngineUnreachable"} if methods else set())
    assert ended.waiting_for is None
    invariants.check(cloud)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_full_disk_under_the_journal_is_waited_out(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    cloud = make_cloud(scenario.prepare)
    _look_at_the_edge(cloud, scenario)
    # The first write is the request's own, which is the caller's to see fail; then one a step.
    for number in range(1, len(scenario.definition.steps) + 1):
        cloud.store.fail_write(2 * number)

    ended = cloud.succeed(scenario.ask(cloud))[0]

    assert not cloud.store.failing
    assert all(step.attempts == 1 for step in ended.steps.values())
    invariants.check(cloud)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_full_disk_when_asked_changes_nothing(make_cloud: MakeCloud, scenario: Scenario) -> None:
    cloud = make_cloud(scenario.prepare)
    _look_at_the_edge(cloud, scenario)
    before = invariants.snapshot(cloud)
    cloud.store.fail_write(1)
    with pytest.raises(Unavailable, match="StoreDiskFull"):
        scenario.ask(cloud)
    invariants.check(cloud)
    assert invariants.snapshot(cloud) == before


@pytest.mark.parametrize("scenario", UNDOABLE, ids=lambda scenario: scenario.name)
def test_a_way_back_that_meets_failures_is_tried_again(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    cloud = make_cloud(scenario.prepare)
    _look_at_the_edge(cloud, scenario)
    before = invariants.snapshot(cloud)
    cloud.fail_at(scenario.last_undoable, BROKEN)
    cloud.on_moment(
        [Moment(scenario.undoable_steps[-1], "undoing")], lambda: _break_the_world(cloud)
    )

    ended = cloud.finish(scenario.ask(cloud))[0]

    assert ended.status is OperationStatus.FAILED
    _mend_the_world(cloud)
    cloud.keeper.keep_once()
    invariants.check(cloud)
    assert invariants.snapshot(cloud) == before


def _break_the_world(cloud: Cloud) -> None:
    for method in ("ensure_started", "ensure_stopped", "ensure_removed", "ensure_image_removed"):
        cloud.engine.fail_next(method, BROKEN)
    cloud.engine.fail_next("ensure_limits", BROKEN, after_effect=True)
    for method in ("set_route", "remove_route"):
        cloud.edge.fail_next(method, EDGE_BROKEN)
    for method in ("ensure", "apply", "remove"):
        cloud.plane.fail_next(method, PLANE_BROKEN)


def _mend_the_world(cloud: Cloud) -> None:
    for fake in (cloud.engine, cloud.edge, cloud.plane):
        fake.forget_failures()


@pytest.mark.parametrize("scenario", UNDOABLE, ids=lambda scenario: scenario.name)
def test_a_machine_removed_behind_our_back_does_not_hold_up_the_way_back(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    cloud = make_cloud(scenario.prepare)
    cloud.fail_at(scenario.last_undoable, NotFound("EngineObjectMissing", "it is gone"))
    cloud.on_moment(
        [Moment(scenario.undoable_steps[-1], "undoing")], lambda: _remove_all_machines(cloud)
    )

    ended = cloud.finish(scenario.ask(cloud))[0]

    assert ended.status is OperationStatus.FAILED
    cloud.reconciler.reconcile_once()
    invariants.check(cloud)
    assert invariants.records_of(cloud).live == []


def _remove_all_machines(cloud: Cloud) -> None:
    for container in cloud.engine.containers(invariants.CLOUD_LABELS):
        cloud.engine.remove(container.name)


IDLE_AT_THE_END = {
    *("associate-stopped", "disassociate-stopped", "disassociate-one-of-two"),
    # A machine that runs, and a balancer that serves, are not given up for what is told or asked
    # last; the keeper tells it.
    *("start", "start-with-address", "start-in-group", "create-balancer", "create-bare-balancer"),
    *("deregister", "deregister-all", "deregister-stopped"),
}
PAST_RETURN = [s for s in SCENARIOS if s.definition.point_of_no_return is not None]


@pytest.mark.parametrize("scenario", PAST_RETURN, ids=lambda scenario: scenario.name)
def test_where_there_is_no_way_back_and_none_forward_the_reconciler_makes_it_true(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    cloud = make_cloud(scenario.prepare)
    _look_at_the_edge(cloud, scenario)
    no_return = scenario.definition.point_of_no_return
    assert no_return is not None
    cloud.on_moment([Moment(no_return, "started")], lambda: _break_for_good(cloud))

    ended = cloud.finish(scenario.ask(cloud))[0]

    # Where the last step has nothing to do with the world, nothing of it can fail.
    assert (ended.status is OperationStatus.FAILED) == (scenario.name not in IDLE_AT_THE_END)
    _mend_the_world(cloud)
    if scenario.kind == reset_cloud.KIND:
        # No record tells of what a reset could not take away, but the next reset's.
        cloud.succeed(cloud.resetting.reset())
    cloud.reconciler.reconcile_once()
    cloud.infrastructure.mend()
    cloud.keeper.keep_once()
    _nothing_hangs(cloud)


def _break_for_good(cloud: Cloud) -> None:
    for method in (
        "ensure_stopped",
        "ensure_removed",
        "restart",
        "ensure_image_removed",
        "container",
    ):
        cloud.engine.fail_next(method, BROKEN, 50)
    for method in ("set_route", "remove_route"):
        cloud.edge.fail_next(method, EDGE_BROKEN, 50)
    for method in ("ensure", "apply", "remove"):
        cloud.plane.fail_next(method, PLANE_BROKEN, 50)


def _nothing_hangs(cloud: Cloud) -> None:
    with cloud.store.read() as transaction:
        assert transaction.operations.unfinished() == []
        assert transaction.claims.held() == frozenset()
    records = invariants.records_of(cloud)
    assert invariants.containers_of(cloud) == {
        i.container_name: i.state == "running" for i in records.live
    }
    assert {t.held_by for t in records.targets} <= {None}
    invariants.balancers_follow_the_records(cloud, records)


def _note_waiting(cloud: Cloud) -> set[str]:
    """What operations come to wait for, as the journal has it whenever it is written."""
    seen: set[str] = set()
    save: Callable[[str], None] = cloud.progress.changed

    def changed(operation_id: str) -> None:
        with cloud.store.read() as transaction:
            operation = transaction.operations.get(operation_id)
        assert isinstance(operation, Operation)
        if operation.waiting_for is not None:
            seen.add(operation.waiting_for.code)
        save(operation_id)

    cloud.progress.changed = changed  # type: ignore[method-assign]
    return seen


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_step_done_twice_is_done_once(make_cloud: MakeCloud, scenario: Scenario) -> None:
    """The kill tests repeat a step on a new server; this does it within one, records untouched."""
    cloud = make_cloud(scenario.prepare)
    for moment in scenario.forward_moments():
        if moment.name == "acted":
            cloud.repeat_at(moment, scenario.definition)
    cloud.succeed(scenario.ask(cloud))
    assert cloud.repeated == list(scenario.definition.step_names)
    invariants.check(cloud)
