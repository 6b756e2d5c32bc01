"""Disassociate: the Elastic IP leads nowhere; a running machine has an own address again."""

from __future__ import annotations

from minicloud.domain.operation import Json
from minicloud.operations import machine
from minicloud.operations.allocate_address import require_address
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "disassociate-address"


def _close(run: Run) -> Json:
    machine.route_slot(run, run.input["slot"], None, 0)
    return {}


def _reopen(run: Run) -> None:
    target_ip = machine.target_ip(run, run.input["instance_id"])
    machine.route_slot(run, run.input["slot"], target_ip, 0)


def _record_disassociated(run: Run, transaction: Transaction, _output: Json) -> None:
    machine.record_disassociated(
        transaction,
        require_address(transaction, run.input["allocation_id"]),
        run.world.clock.now(),
        run.operation_id,
    )


def _open_own_address(run: Run) -> Json:
    if run.input["replacement_slot"] is not None:
        instance = machine.load_instance(run, run.input["instance_id"])
        machine.route_slot(run, run.input["replacement_slot"], instance.private_ip, 0)
    return {}


def _record_own_address(run: Run, transaction: Transaction, _output: Json) -> None:
    if run.input["replacement_slot"] is not None:
        instance = machine.require_instance(transaction, run.input["instance_id"])
        machine.give_public_slot(run, transaction, instance, run.input["replacement_slot"])


DISASSOCIATE_ADDRESS = Definition(
    kind=KIND,
    steps=(
        Step("close-address", _close, record=_record_disassociated, undo=_reopen),
        Step("open-own-address", _open_own_address, record=_record_own_address),
    ),
    point_of_no_return="open-own-address",
    settle_failure=machine.free_replacement,
)
