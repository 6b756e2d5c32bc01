"""Delete balancer: its address, its container and its listeners go; its target groups stay."""

from __future__ import annotations

from minicloud.domain.ledger import LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations import create_balancer, machine
from minicloud.operations.balancer_records import require_balancer
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "delete-balancer"


def _withdraw(run: Run) -> Json:
    machine.forget_slot(run, run.input["slot"])
    return {}


def _remove(run: Run) -> Json:
    run.world.balancers.take_away(run.input["balancer_id"])
    return {}


def _record_deleted(run: Run, transaction: Transaction, _output: Json) -> None:
    balancer = require_balancer(transaction, run.input["balancer_id"])
    create_balancer.record_removed(transaction, balancer)
    create_balancer.append_balancer(run, transaction, LedgerKind.BALANCER_DELETED, balancer)


DELETE_BALANCER = Definition(
    kind=KIND,
    steps=(
        Step("withdraw-address", _withdraw),
        Step("remove-container", _remove, record=_record_deleted),
    ),
    point_of_no_return="withdraw-address",
)
