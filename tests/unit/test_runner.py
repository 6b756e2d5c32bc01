"""The runner: what it does when a step, a record, an engine or the server itself fails."""

from __future__ import annotations

import logging

import pytest

from minicloud.domain.errors import (
    Conflict,
    EngineUnreachable,
    MiniCloudError,
    NotFound,
    Unavailable,
)
from minicloud.domain.instance import InstanceState
from minicloud.domain.operation import Json, OperationStatus, StepPhase
from minicloud.operations import machine
from minicloud.operations.definition import Definition, Run, Step
from minicloud.operations.progress import ProgressBoard
from minicloud.ports.store import Transaction
from minicloud.services.launching import LaunchRequest
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment

FULL = Unavailable("EngineDiskFull", "the disk is full", "free some space")
GONE = EngineUnreachable("connection refused")


def _nothing(_run: Run) -> Json:
    return {}


def test_a_request_that_is_refused_leaves_no_operation_and_no_claim(cloud: Cloud) -> None:
    def refuse(transaction: Transaction, operation_id: str) -> Json:
        transaction.claims.take(["another"], operation_id)
        raise Conflict("IncorrectInstanceState", "no", "wait")

    before = cloud.operations.list_recent(100)
    with pytest.raises(Conflict):
        cloud.runner.submit("stop-instance", "i-1", refuse)
    assert cloud.operations.list_recent(100) == before
    with cloud.store.read() as transaction:
        assert transaction.claims.held() == frozenset()


def test_a_failed_operation_keeps_its_error_and_what_to_do(cloud: Cloud) -> None:
    cloud.engine.fail_next("ensure_started", FULL)
    operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "web"))[1]
    ended = cloud.finish(operations)[0]
    assert ended.status is OperationStatus.FAILED
    assert ended.error is not None
    assert (ended.error.code, ended.error.resolution) == ("EngineDiskFull", "free some space")
    assert {step.phase for step in ended.steps.values()} == {StepPhase.UNDONE}
    gone = cloud.instances.list_all(include_terminated=True)[0]
    assert gone.state is InstanceState.TERMINATED
    assert gone.state_reason is not None
    assert "the disk is full" in gone.state_reason.message
    invariants.check(cloud)


def test_a_defect_in_a_step_becomes_an_error_of_ours_and_unwinds(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.engine.fail_next("ensure_started", KeyError("oops"))
    operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "web"))[1]
    ended = cloud.finish(operations)[0]
    assert ended.error is not None
    assert ended.error.code == "InternalError"
    assert "KeyError" in ended.error.message
    assert "Traceback" in caplog.text
    invariants.check(cloud)


def test_a_defect_in_a_record_leaves_all_to_the_next_server(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_arguments: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(machine, "record_state", break_down)
    made, operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "web"))

    def said() -> str:
        waiting_for = cloud.operations.show(operations[0].id).waiting_for
        return "" if waiting_for is None else waiting_for.code

    cloud.wait_until(lambda: said() == "OperationStandsStill", lambda: None)
    assert "stopped short" in caplog.text
    cloud.runner.stop()
    assert not cloud.operations.show(operations[0].id).status.has_ended
    with cloud.store.read() as transaction:
        assert made[0].id in transaction.claims.held()
    monkeypatch.undo()

    resumed = cloud.restart()

    assert [operation.status for operation in resumed] == [OperationStatus.SUCCEEDED]
    assert said() == ""
    invariants.check(cloud)


def test_what_is_waited_for_is_said_and_then_no_longer(cloud: Cloud) -> None:
    cloud.launch()
    waiting: list[str] = []
    cloud.engine.fail_next("ensure_stopped", GONE, 3)
    board = cloud.progress.changed

    def changed(operation_id: str) -> None:
        said = cloud.operations.show(operation_id).waiting_for
        waiting.append("" if said is None else said.code)
        board(operation_id)

    cloud.progress.changed = changed  # type: ignore[method-assign]
    cloud.stop("web")
    assert waiting.count("EngineUnreachable") == 1
    assert waiting[-1] == ""
    invariants.check(cloud)


def test_a_failure_that_follows_a_wait_is_the_one_that_is_told(cloud: Cloud) -> None:
    cloud.engine.fail_next("ensure_started", GONE, 2)
    cloud.engine.fail_next("ensure_started", FULL)
    operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "web"))[1]
    ended = cloud.finish(operations)[0]
    assert ended.error is not None
    assert ended.error.code == "EngineDiskFull"
    assert ended.waiting_for is None
    invariants.check(cloud)


def test_a_server_can_stop_while_an_operation_waits_and_the_next_goes_on(cloud: Cloud) -> None:
    cloud.launch()
    cloud.on_moment([Moment("stop-container", "started")], cloud.engine.vanish)
    operations = cloud.instances.stop("web")
    cloud.wait_until(
        lambda: cloud.operations.show(operations[0].id).waiting_for is not None, lambda: None
    )
    cloud.runner.stop()
    assert cloud.operations.show(operations[0].id).status is OperationStatus.RUNNING
    cloud.engine.come_back()
    assert [o.status for o in cloud.restart()] == [OperationStatus.SUCCEEDED]
    assert cloud.instances.show("web").state is InstanceState.STOPPED
    invariants.check(cloud)


@pytest.mark.parametrize(("failures", "status"), [(4, "succeeded"), (5, "failed")])
def test_past_the_point_of_no_return_a_step_is_tried_five_times(
    cloud: Cloud, failures: int, status: str
) -> None:
    cloud.launch()
    cloud.engine.fail_next("ensure_removed", FULL, failures)
    ended = cloud.finish(cloud.instances.terminate("web"))[0]
    assert ended.status == status
    cloud.reconciler.reconcile_once()
    invariants.check(cloud)


def test_a_way_back_that_is_barred_keeps_its_claims_until_the_next_server(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.engine.fail_next("ensure_started", FULL)
    cloud.engine.fail_next("ensure_removed", FULL, 5)
    made, operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "web"))
    cloud.wait_until(lambda: "stopped short" in caplog.text, lambda: None)
    cloud.runner.stop()
    left = cloud.operations.show(operations[0].id)
    assert left.status is OperationStatus.UNWINDING
    with cloud.store.read() as transaction:
        assert made[0].id in transaction.claims.held()
    assert [o.status for o in cloud.restart()] == [OperationStatus.FAILED]
    invariants.check(cloud)


def test_a_table_of_steps_that_contradicts_itself_is_refused() -> None:
    step = Step("a", _nothing)
    with pytest.raises(ValueError, match="twice"):
        Definition("k", (step, step))
    with pytest.raises(ValueError, match="no step b"):
        Definition("k", (step,), point_of_no_return="b")


def test_a_machine_removed_while_it_is_made_an_image_of_is_told_and_recorded(cloud: Cloud) -> None:
    container = cloud.launch().container_name
    cloud.on_moment([Moment("freeze-disk", "started")], lambda: cloud.engine.remove(container))
    with pytest.raises(AssertionError, match="EngineObjectMissing"):
        cloud.create_image("web", "golden")
    cloud.reconciler.reconcile_once()
    assert cloud.instances.list_all(include_terminated=False) == []
    invariants.check(cloud)


def test_many_operations_at_once_end_in_a_true_state(cloud: Cloud) -> None:
    made, operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "m", count=12))
    cloud.succeed(operations)
    asked = [o for i in made[::2] for o in cloud.instances.stop(i.id)]
    asked += [o for i in made[1::2] for o in cloud.instances.terminate(i.id)]
    cloud.succeed(asked)
    invariants.check(cloud)


def test_progress_wakes_who_waits_and_counts_every_change() -> None:
    board = ProgressBoard()
    assert board.of("op").version == 0
    board.report("op", "freezing", 0.5)
    seen = board.wait("op", 0, 10)
    assert (seen.version, seen.message, seen.fraction) == (1, "freezing", 0.5)
    board.changed("op")
    assert board.wait("op", 1, 10).version == 2
    assert board.wait("op", 2, 0).version == 2


def test_operations_are_found_by_id_alone(cloud: Cloud) -> None:
    for ref, code in (
        ("op-1", "InvalidOperationID.Malformed"),
        ("x\x1b" * 5000, "InvalidOperationID.Malformed"),
        ("op-" + "0" * 17, "InvalidOperationID.NotFound"),
    ):
        with pytest.raises(MiniCloudError) as caught:
            cloud.operations.show(ref)
        assert caught.value.code == code
        assert len(caught.value.message) < 300
    assert isinstance(caught.value, NotFound)


@pytest.fixture(autouse=True)
def _hear_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
