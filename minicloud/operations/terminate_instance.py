"""Terminate: the machine and its disk are gone for good; its Elastic IPs stay allocated."""

from __future__ import annotations

from minicloud.domain.operation import Json
from minicloud.operations import machine
from minicloud.operations.definition import Definition, Run, Step
from minicloud.operations.stop_instance import USER_STOPPED
from minicloud.ports.store import Transaction

KIND = "terminate-instance"


def _withdraw(run: Run) -> Json:
    instance = machine.load_instance(run, run.input["instance_id"])
    machine.withdraw(run, instance)
    machine.forget_slot(run, instance.public_slot)
    return {}


def _stop(run: Run) -> Json:
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


TERMINATE_INSTANCE = Definition(
    kind=KIND,
    steps=(
        Step("withdraw-addresses", _withdraw),
        Step("stop-container", _stop),
        Step("remove-container", _remove, record=_record_terminated),
    ),
    point_of_no_return="withdraw-addresses",
)
