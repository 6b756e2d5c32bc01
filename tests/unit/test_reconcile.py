"""What dies, vanishes or starts behind our back is recorded as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from minicloud.controllers.plan import Correction, CorrectionKind, correction_of, plan
from minicloud.domain import naming
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.ledger import LedgerKind
from minicloud.ports.engine import Container, ContainerStatus
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment
from tests.unit.scenarios import SCENARIOS
from tests.unit.stores import CLOUD_ID

NOW = datetime(2030, 1, 2, tzinfo=UTC)
CHANGED = NOW - timedelta(hours=1)
DIED = NOW - timedelta(minutes=10)


def _instance(state: InstanceState) -> Instance:
    return Instance(
        id="i-1",
        image_id="ami-1",
        type_name="t3.micro",
        state=state,
        private_ip="172.31.0.10",
        private_slot=0,
        container_name="c",
        zone="z",
        launched_at=CHANGED,
        state_changed_at=CHANGED,
    )


def _container(
    status: ContainerStatus, exit_code: int | None = None, at: datetime = DIED, *, oom: bool = False
) -> Container:
    return Container("c", "id", "image", {}, status, exit_code, at, at, oom)


UP = _container(ContainerStatus.RUNNING)
PAUSED = _container(ContainerStatus.PAUSED)
POWERED_OFF = _container(ContainerStatus.EXITED, 0)
KILLED = _container(ContainerStatus.EXITED, 137)
REBOOTED = _container(ContainerStatus.EXITED, 129)
NEVER_STARTED = _container(ContainerStatus.CREATED)
STATE, KIND = InstanceState, CorrectionKind

TABLE: list[tuple[InstanceState, Container | None, CorrectionKind | None]] = [
    (STATE.RUNNING, UP, None),
    (STATE.RUNNING, PAUSED, None),
    (STATE.RUNNING, KILLED, KIND.MARK_STOPPED),
    (STATE.RUNNING, POWERED_OFF, KIND.MARK_STOPPED),
    (STATE.RUNNING, NEVER_STARTED, KIND.MARK_STOPPED),
    (STATE.RUNNING, REBOOTED, KIND.START_AGAIN),
    (STATE.RUNNING, None, KIND.MARK_TERMINATED),
    (STATE.STOPPED, POWERED_OFF, None),
    (STATE.STOPPED, KILLED, None),
    (STATE.STOPPED, REBOOTED, None),
    (STATE.STOPPED, UP, KIND.MARK_RUNNING),
    (STATE.STOPPED, None, KIND.MARK_TERMINATED),
    (STATE.STOPPING, UP, KIND.MARK_RUNNING),
    (STATE.STOPPING, POWERED_OFF, KIND.MARK_STOPPED),
    (STATE.STOPPING, REBOOTED, KIND.MARK_STOPPED),
    (STATE.STOPPING, None, KIND.MARK_TERMINATED),
    (STATE.PENDING, UP, KIND.MARK_RUNNING),
    (STATE.PENDING, NEVER_STARTED, KIND.MARK_STOPPED),
    (STATE.PENDING, None, KIND.MARK_TERMINATED),
    (STATE.SHUTTING_DOWN, UP, KIND.MARK_TERMINATED),
    (STATE.SHUTTING_DOWN, POWERED_OFF, KIND.MARK_TERMINATED),
    (STATE.SHUTTING_DOWN, None, KIND.MARK_TERMINATED),
    (STATE.TERMINATED, None, None),
    (STATE.TERMINATED, POWERED_OFF, KIND.REMOVE_LEFTOVER),
    (STATE.TERMINATED, UP, KIND.REMOVE_LEFTOVER),
]


@pytest.mark.parametrize(("state", "container", "kind"), TABLE)
def test_each_difference_has_its_correction(
    state: InstanceState, container: Container | None, kind: CorrectionKind | None
) -> None:
    correction = correction_of(_instance(state), container, NOW)
    assert (None if correction is None else correction.kind) == kind


def test_every_correction_of_a_state_is_a_lawful_change() -> None:
    ends = {
        KIND.MARK_STOPPED: STATE.STOPPED,
        KIND.MARK_RUNNING: STATE.RUNNING,
        KIND.MARK_TERMINATED: STATE.TERMINATED,
    }
    for state, _, kind in TABLE:
        if kind in ends:
            assert _instance(state).entering(ends[kind], NOW).state is ends[kind]


@pytest.mark.parametrize(
    ("happened_at", "recorded_at"),
    [
        (DIED, DIED),
        (CHANGED - timedelta(hours=1), CHANGED),
        (NOW + timedelta(hours=1), NOW),
    ],
)
def test_the_engines_time_is_held_between_the_last_change_and_now(
    happened_at: datetime, recorded_at: datetime
) -> None:
    container = _container(ContainerStatus.EXITED, 137, happened_at)
    correction = correction_of(_instance(STATE.RUNNING), container, NOW)
    assert correction is not None
    assert correction.at == recorded_at


@pytest.mark.parametrize(
    ("container", "code", "word"),
    [
        (POWERED_OFF, "Client.InstanceInitiatedShutdown", "good order"),
        (_container(ContainerStatus.EXITED, 130), "Client.InstanceInitiatedShutdown", "good order"),
        (KILLED, "Server.InternalError", "exit code 137"),
        (_container(ContainerStatus.EXITED, 137, oom=True), "Server.InternalError", "memory"),
    ],
)
def test_a_machine_that_went_down_is_told_why(container: Container, code: str, word: str) -> None:
    correction = correction_of(_instance(STATE.RUNNING), container, NOW)
    assert correction is not None
    assert correction.reason is not None
    assert correction.reason.code == code
    assert word in correction.reason.message


def test_what_an_operation_holds_is_left_alone() -> None:
    machines = [_instance(STATE.RUNNING)]
    assert plan(machines, {}, frozenset({"i-1"}), NOW) == []
    assert [c.instance_id for c in plan(machines, {}, frozenset(), NOW)] == ["i-1"]


# End to end.


def _kinds(corrections: list[Correction]) -> list[CorrectionKind]:
    return [correction.kind for correction in corrections]


def _running(cloud: Cloud, *, elastic: bool = False) -> Instance:
    machine = cloud.launch()
    if elastic:
        cloud.associate(cloud.allocate("front"), machine)
    return cloud.instances.show("web")


@pytest.mark.parametrize("elastic", [False, True])
def test_a_killed_machine_is_stopped_from_the_time_of_its_death(
    cloud: Cloud, elastic: bool
) -> None:
    machine = _running(cloud, elastic=elastic)
    cloud.engine.kill(machine.container_name)
    container = cloud.engine.container(machine.container_name)
    assert container is not None
    cloud.clock.sleep(3600)

    assert _kinds(cloud.reconciler.reconcile_once()) == [KIND.MARK_STOPPED]

    stopped = cloud.instances.show("web")
    assert stopped.state is STATE.STOPPED
    assert stopped.state_changed_at == container.finished_at
    assert cloud.ledger.entries()[-1].at == container.finished_at
    assert invariants.running_s(cloud, machine.id, cloud.clock.now()) < 1
    assert cloud.reconciler.reconcile_once() == []
    invariants.check(cloud)
    cloud.start("web")
    invariants.check(cloud)


@pytest.mark.parametrize("elastic", [False, True])
def test_a_removed_machine_is_terminated_and_its_address_kept(cloud: Cloud, elastic: bool) -> None:
    machine = _running(cloud, elastic=elastic)
    cloud.engine.remove(machine.container_name)
    assert _kinds(cloud.reconciler.reconcile_once()) == [KIND.MARK_TERMINATED]
    gone = cloud.instances.show(machine.id)
    assert gone.state is STATE.TERMINATED
    assert gone.state_reason is not None
    assert "removed outside minicloud" in gone.state_reason.message
    assert len(cloud.addresses.list_all()) == int(elastic)
    invariants.check(cloud)


@pytest.mark.parametrize("elastic", [False, True])
def test_a_machine_started_behind_our_back_runs_and_is_reached(cloud: Cloud, elastic: bool) -> None:
    machine = _running(cloud, elastic=elastic)
    cloud.stop("web")
    started = cloud.engine.ensure_started(machine.container_name)
    assert _kinds(cloud.reconciler.reconcile_once()) == [KIND.MARK_RUNNING]
    running = cloud.instances.show("web")
    assert running.state_changed_at == started.started_at
    assert cloud.edge.target(cloud.public_ip("web") or "") == machine.private_ip
    invariants.check(cloud)


def test_what_is_left_of_a_terminated_machine_is_removed(cloud: Cloud) -> None:
    machine = _running(cloud)
    cloud.engine.fail_next("ensure_removed", RuntimeError("a defect"), 1)
    ended = cloud.finish(cloud.instances.terminate("web"))[0]
    assert ended.error is not None
    assert ended.error.code == "InternalError"
    assert cloud.engine.container(machine.container_name) is not None
    assert _kinds(cloud.reconciler.reconcile_once()) == [KIND.MARK_TERMINATED]
    invariants.check(cloud)

    labels = naming.labels(CLOUD_ID, machine.id)
    cloud.engine.add_leftover(machine.container_name, cloud.builder.reference("web"), labels)
    assert _kinds(cloud.reconciler.reconcile_once()) == [KIND.REMOVE_LEFTOVER]
    invariants.check(cloud)


def test_a_machine_that_reboots_itself_is_started_again_and_bills_on(cloud: Cloud) -> None:
    machine = _running(cloud)
    entries = len(cloud.ledger.entries())
    cloud.engine.kill(machine.container_name, 129)
    assert _kinds(cloud.reconciler.reconcile_once()) == [KIND.START_AGAIN]
    assert cloud.instances.show("web") == machine
    assert len(cloud.ledger.entries()) == entries
    invariants.check(cloud)


def test_a_machine_that_dies_in_an_operations_hands_is_the_operations(cloud: Cloud) -> None:
    machine = _running(cloud)
    corrected: list[list[Correction]] = []

    def die() -> None:
        cloud.engine.kill(machine.container_name)
        corrected.append(cloud.reconciler.reconcile_once())

    cloud.on_moment([Moment("restart-container", "started")], die)
    cloud.succeed(cloud.instances.reboot("web"))
    assert corrected == [[]]
    invariants.check(cloud)


def test_other_peoples_containers_are_never_touched(cloud: Cloud) -> None:
    _running(cloud)
    cloud.engine.add_stranger("postgres")
    assert cloud.reconciler.reconcile_once() == []
    assert cloud.engine.container("postgres") is not None


def test_claims_of_a_reconciler_that_was_killed_are_let_go(cloud: Cloud) -> None:
    machine = _running(cloud)
    with cloud.store.write() as transaction:
        transaction.claims.take([machine.id], "reconciler")
    cloud.engine.kill(machine.container_name)
    assert cloud.reconciler.reconcile_once() == []
    cloud.reconciler.start()
    cloud.reconciler.stop()
    cloud.reconciler.reconcile_once()
    assert cloud.instances.show("web").state is STATE.STOPPED
    invariants.check(cloud)


def test_the_loop_mends_what_died_and_the_edge_and_survives_a_defect(cloud: Cloud) -> None:
    machine = _running(cloud)
    other = cloud.launch("other")
    cloud.engine.kill(machine.container_name)
    cloud.edge.lose()
    cloud.engine.fail_next("containers", RuntimeError("a defect"))
    seen = cloud.edge.calls.count("replace_routes")
    cloud.reconciler.start()
    cloud.reconciler.wake()
    cloud.wait_until(lambda: cloud.edge.calls.count("replace_routes") > seen, cloud.reconciler.wake)
    cloud.reconciler.stop()
    assert cloud.instances.show("web").state is STATE.STOPPED
    assert cloud.edge.target(other.public_ip or "") == other.private_ip
    invariants.check(cloud)


def test_a_route_that_a_mending_took_back_amid_an_operation_is_set_again(cloud: Cloud) -> None:
    cloud.infrastructure.ready()
    _await_mending(cloud, cloud.reconciler.start)
    last = SCENARIOS[0].definition.steps[-1].name
    cloud.on_moment([Moment(last, "acted")], cloud.infrastructure.mend)
    machine = cloud.launch()
    assert machine.public_ip not in cloud.edge.seen(), "the mending came too early to matter"
    was_settled = cloud.infrastructure.is_settled
    _await_mending(cloud, cloud.reconciler.wake)
    cloud.reconciler.stop()
    assert (was_settled, cloud.infrastructure.is_settled) == (False, True)
    invariants.check(cloud)


def _await_mending(cloud: Cloud, begin: Callable[[], None]) -> None:
    mended = cloud.edge.calls.count("replace_routes")
    begin()
    cloud.wait_until(lambda: cloud.edge.calls.count("replace_routes") > mended, lambda: None)


def test_the_ledger_counts_only_what_ran(cloud: Cloud) -> None:
    machine = _running(cloud)
    cloud.clock.sleep(100)
    cloud.stop("web")
    cloud.clock.sleep(1000)
    cloud.start("web")
    cloud.clock.sleep(10)
    cloud.engine.kill(machine.container_name)
    cloud.clock.sleep(500)
    cloud.reconciler.reconcile_once()
    now = cloud.clock.now()
    stretches = [u for u in cloud.ledger.usage() if u.what == "instance running"]
    assert [round(u.duration_s(now)) for u in stretches] == [100, 10]
    total_s = sum(u.duration_s(now) for u in stretches)
    assert total_s == pytest.approx(invariants.running_s(cloud, machine.id, now))
    assert LedgerKind.INSTANCE_STATE in {e.kind for e in cloud.ledger.entries()}
