"""Configure balancer: it follows a change of its settings, listeners, rules or target groups.

The change was recorded with the operation, and every record that it touched as it was before: where
the balancer refuses what it is told, the records are put back, so that one listener that nginx does
not take cannot keep the balancer from following anything else. Claims: what was touched, never the
whole balancer, so that changes of different things run side by side.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from minicloud.domain.operation import Json
from minicloud.operations import membership
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import RecordRepository, Transaction

KIND = "configure-balancer"


class RecordKind(StrEnum):
    """The kinds of record that a change can touch."""

    BALANCER = "balancer"
    LISTENER = "listener"
    RULE = "rule"
    TARGET_GROUP = "target-group"


def records(transaction: Transaction, kind: RecordKind) -> RecordRepository[Any]:
    """Where records of this kind are kept."""
    kept: dict[RecordKind, RecordRepository[Any]] = {
        RecordKind.BALANCER: transaction.balancers,
        RecordKind.LISTENER: transaction.listeners,
        RecordKind.RULE: transaction.rules,
        RecordKind.TARGET_GROUP: transaction.target_groups,
    }
    return kept[kind]


def _apply(run: Run) -> Json:
    run.world.balancers.apply(run.input["balancer_id"])
    return {}


def _put_back(run: Run) -> None:
    def restore(transaction: Transaction) -> None:
        is_gone = transaction.balancers.get(run.input["balancer_id"]) is None
        for kind, snapshots in run.input["before"].items():
            # A balancer that was deleted meanwhile has taken its listeners and rules with it.
            if not is_gone or kind == RecordKind.TARGET_GROUP:
                for key, snapshot in snapshots.items():
                    records(transaction, RecordKind(kind)).restore(key, snapshot)

    run.write(restore)
    membership.tell(run, [run.input["balancer_id"]])


CONFIGURE_BALANCER = Definition(
    kind=KIND, steps=(Step("apply", _apply, undo=_put_back),), claims_subject=False
)
