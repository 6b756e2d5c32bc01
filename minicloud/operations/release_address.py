"""Release: the Elastic IP is given back and may one day be another's."""

from __future__ import annotations

from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations import machine
from minicloud.operations.allocate_address import require_address
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Pool, Transaction

KIND = "release-address"


def _forget(run: Run) -> Json:
    machine.forget_slot(run, run.input["slot"])
    return {}


def _record_released(run: Run, transaction: Transaction, _output: Json) -> None:
    address = require_address(transaction, run.input["allocation_id"])
    transaction.addresses.remove(address.allocation_id)
    transaction.leases.free(Pool.PUBLIC, address.slot)
    transaction.ledger.append(
        LedgerEntry(
            run.world.clock.now(),
            LedgerKind.ADDRESS_RELEASED,
            address.allocation_id,
            {"public_ip": address.public_ip},
            run.operation_id,
        )
    )


RELEASE_ADDRESS = Definition(
    kind=KIND,
    steps=(Step("forget-address", _forget, record=_record_released),),
    point_of_no_return="forget-address",
)
