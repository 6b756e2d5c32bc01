"""Start: a stopped machine runs again, with a new public address unless it has an Elastic IP.

Its balancers are told when it runs; where one cannot be reached, the machine runs all the same.
"""

from __future__ import annotations

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.instance import InstanceState, StateReason
from minicloud.domain.operation import Json
from minicloud.operations import machine, membership
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "start-instance"


def _start(run: Run) -> Json:
    machine.start_and_publish(run, machine.load_instance(run, run.input["instance_id"]))
    return {}


def _stop(run: Run) -> None:
    instance = machine.load_instance(run, run.input["instance_id"])
    machine.withdraw(run, instance)
    machine.forget_slot(run, instance.public_slot)
    if run.world.engine.container(instance.container_name) is not None:
        run.world.engine.ensure_stopped(instance.container_name, machine.STOP_TIMEOUT_S)


def _join(run: Run) -> Json:
    membership.tell_of(run, run.input["instance_id"])
    return {}


def _settle_failure(run: Run, transaction: Transaction, error: MiniCloudError) -> None:
    if "join-balancers" in run.outputs:
        return
    instance = machine.require_instance(transaction, run.input["instance_id"])
    reason = StateReason("Server.InternalError", f"{error.code}: {error.message}")
    instance = machine.drop_public_slot(transaction, instance)
    now = run.world.clock.now()
    machine.record_state(
        transaction, instance, InstanceState.STOPPED, now, run.operation_id, reason
    )


START_INSTANCE = Definition(
    kind=KIND,
    steps=(
        Step("start-and-publish", _start, record=machine.record_running, undo=_stop),
        Step("join-balancers", _join),
    ),
    point_of_no_return="join-balancers",
    settle_failure=_settle_failure,
)
