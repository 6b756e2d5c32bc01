"""Allocate: an Elastic IP is ours; until it is associated, connections to it are refused."""

from __future__ import annotations

from minicloud.domain.address import Address
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations import machine
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Pool, Transaction

KIND = "allocate-address"


def require_address(transaction: Transaction, allocation_id: str) -> Address:
    """The address's record; its absence would be a defect."""
    address = transaction.addresses.get(allocation_id)
    if address is None:
        raise LookupError(f"there is no record of {allocation_id}")
    return address


def _hold(run: Run) -> Json:
    machine.route_slot(run, run.input["slot"], None, 0)
    return {}


def _record_allocated(run: Run, transaction: Transaction, _output: Json) -> None:
    address = require_address(transaction, run.input["allocation_id"])
    transaction.ledger.append(
        LedgerEntry(
            run.world.clock.now(),
            LedgerKind.ADDRESS_ALLOCATED,
            address.allocation_id,
            {"public_ip": address.public_ip},
            run.operation_id,
        )
    )


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    transaction.addresses.remove(run.input["allocation_id"])
    transaction.leases.free(Pool.PUBLIC, run.input["slot"])


ALLOCATE_ADDRESS = Definition(
    kind=KIND,
    steps=(
        Step(
            "hold-address",
            _hold,
            record=_record_allocated,
            undo=lambda run: machine.forget_slot(run, run.input["slot"]),
        ),
    ),
    settle_failure=_settle_failure,
    result=lambda run: {"allocation_id": run.input["allocation_id"]},
)
