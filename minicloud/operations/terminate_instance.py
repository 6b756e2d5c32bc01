"""Terminate: the machine and its disk are gone for good; its Elastic IPs stay allocated.

Its balancers send it nothing new, and what it has in flight is finished, before anything is closed.
"""

from __future__ import annotations

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.operation import Json
from minicloud.operations import machine, membership
from minicloud.operations.definition import Definition, Run, Step
from minicloud.operations.stop_instance import USER_STOPPED
from minicloud.ports.store import Transaction

KIND = "terminate-instance"


def _withdraw(run: Run) -> Json:
    left = membership.leave(run, run.input["instance_id"])
    instance = machine.load_instance(run, run.input["instance_id"])
    machine.withdraw(run, instance)
    machine.forget_slot(run, instance.public_slot)
    return left


def _record_left(run: Run, transaction: Transaction, _output: Json) -> None:
    membership.record_gone(transaction, run.input["instance_id"])


def _stop(run: Run) -> Json:
    membership.tell(run, run.outputs["withdraw-addresses"].get("balancers", []))
    instance = machine.load_instance(run, run.input["instance_id"])
    if run.world.engine.container(instance.container_name) is not None:
        run.world.engine.ensure_stopped(instance.container_name, machine.STOP_TIMEOUT_S)
    return {}


def _remove(run: Run) -> Json:
    instance = machine.load_instance(run, run.input["instance_id"])
    run.world.engine.ensure_removed(instance.container_name)
    return {}


def _record_terminated(run: Run, transaction: Transaction, _output: Json) -> None:
    instance = machine.require_instance(transaction, run.input["instance_id"])
    machine.record_terminated(
        transaction, instance, run.world.clock.now(), run.operation_id, USER_STOPPED
    )


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    membership.record_let_back(transaction, run.input["instance_id"], run.operation_id)


TERMINATE_INSTANCE = Definition(
    kind=KIND,
    steps=(
        Step("withdraw-addresses", _withdraw, record=_record_left),
        Step("stop-container", _stop),
        Step("remove-container", _remove, record=_record_terminated),
    ),
    point_of_no_return="withdraw-addresses",
    settle_failure=_settle_failure,
)
