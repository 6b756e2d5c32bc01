"""Associate: an Elastic IP leads to this machine from now on, and no longer to an earlier one.

The address moves first. Then the machine that has it gives up its own public address, and the one
that lost it is given a new one (leased when the operation began), as on EC2. Last, the addresses
that it takes the place of lead nowhere. The claims cover all the addresses and both machines.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from minicloud.domain.operation import Json
from minicloud.operations import machine
from minicloud.operations.allocate_address import require_address
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "associate-address"


def _move(run: Run) -> Json:
    target_ip = machine.target_ip(run, run.input["instance_id"])
    began_s = time.perf_counter()
    machine.route_slot(run, run.input["slot"], target_ip, machine.MOVE_GRACE_S)
    return {"cut_over_ms": round((time.perf_counter() - began_s) * 1000, 3)}


def _move_back(run: Run) -> None:
    target_ip = machine.target_ip(run, run.input["previous_instance_id"])
    machine.route_slot(run, run.input["slot"], target_ip, 0)


def _record_moved(run: Run, transaction: Transaction, _output: Json) -> None:
    machine.record_associated(
        transaction,
        require_address(transaction, run.input["allocation_id"]),
        run.input["instance_id"],
        run.input["association_id"],
        run.world.clock.now(),
        run.operation_id,
    )


def _settle_own_addresses(run: Run) -> Json:
    instance = machine.load_instance(run, run.input["instance_id"])
    machine.forget_slot(run, instance.public_slot)
    if run.input["replacement_slot"] is not None:
        previous = machine.load_instance(run, run.input["previous_instance_id"])
        machine.route_slot(run, run.input["replacement_slot"], previous.private_ip, 0)
    return {}


def _record_own_addresses(run: Run, transaction: Transaction, _output: Json) -> None:
    machine.drop_public_slot(
        transaction, machine.require_instance(transaction, run.input["instance_id"])
    )
    if run.input["replacement_slot"] is not None:
        previous = machine.require_instance(transaction, run.input["previous_instance_id"])
        machine.give_public_slot(run, transaction, previous, run.input["replacement_slot"])


def _close_displaced(run: Run) -> Json:
    for displaced in _displaced(run):
        machine.route_slot(run, displaced["slot"], None, 0)
    return {}


def _record_displaced(run: Run, transaction: Transaction, _output: Json) -> None:
    now = run.world.clock.now()
    for displaced in _displaced(run):
        address = require_address(transaction, displaced["allocation_id"])
        machine.record_disassociated(transaction, address, now, run.operation_id)


def _displaced(run: Run) -> Sequence[Json]:
    # An operation that an earlier release began has none.
    displaced: Sequence[Json] = run.input.get("displaced", ())
    return displaced


ASSOCIATE_ADDRESS = Definition(
    kind=KIND,
    steps=(
        Step("move-address", _move, record=_record_moved, undo=_move_back),
        Step("settle-own-addresses", _settle_own_addresses, record=_record_own_addresses),
        Step("close-displaced", _close_displaced, record=_record_displaced),
    ),
    # The records have changed hands with the move; from there it is quicker to finish.
    point_of_no_return="settle-own-addresses",
    settle_failure=machine.free_replacement,
    result=lambda run: {
        "association_id": run.input["association_id"],
        "cut_over_ms": run.output("move-address", "cut_over_ms"),
    },
)
