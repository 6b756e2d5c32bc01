"""Changing what balancers follow: the records at once, and an operation where one must be told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minicloud.domain.action import groups_of
from minicloud.domain.operation import Json, Operation
from minicloud.operations import balancer_records, configure_balancer
from minicloud.operations.balancer_records import require_balancer
from minicloud.operations.configure_balancer import RecordKind, records
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.store import Transaction

_REQUEST = "request"


class _NothingChanged(Exception):
    """What was asked for is so already."""


def require_unclaimed(transaction: Transaction, *resource_ids: str) -> None:
    """Refuse to touch what an operation has its hands on: ``OperationInProgress``."""
    transaction.claims.take(resource_ids, _REQUEST)
    transaction.claims.release(_REQUEST)


class Change:
    """The records that one request changes, each claimed, and each remembered as it was before."""

    def __init__(self, transaction: Transaction, operation_id: str | None) -> None:
        self.transaction = transaction
        self._operation_id = operation_id
        self.before: dict[RecordKind, dict[str, Json | None]] = {}

    def add(self, kind: RecordKind, record: Any) -> None:
        """Insert a record."""
        self._remember(kind, record.id)
        records(self.transaction, kind).add(record)

    def save(self, kind: RecordKind, record: Any) -> None:
        """Overwrite a record."""
        self._remember(kind, record.id)
        records(self.transaction, kind).save(record)

    def remove(self, kind: RecordKind, key: str) -> None:
        """Forget a record."""
        self._remember(kind, key)
        records(self.transaction, kind).remove(key)

    @property
    def has_changed_anything(self) -> bool:
        """Whether any record is another than before."""
        return any(
            records(self.transaction, kind).snapshot(key) != snapshot
            for kind, snapshots in self.before.items()
            for key, snapshot in snapshots.items()
        )

    def claim(self, *resource_ids: str) -> None:
        """Keep others away until the change is through, or now where no operation follows."""
        if self._operation_id is None:
            require_unclaimed(self.transaction, *resource_ids)
        else:
            self.transaction.claims.take(resource_ids, self._operation_id)

    def _remember(self, kind: RecordKind, key: str) -> None:
        remembered = self.before.setdefault(kind, {})
        if key not in remembered:
            self.claim(key)
            remembered[key] = records(self.transaction, kind).snapshot(key)


# Which balancer must follow a change; None: none does, and records are all there is to change.
Locate = Callable[[Transaction], str | None]
Edit = Callable[[Change], None]
Operations = list[Operation]


class Configuring:
    """How services change balancers, listeners, rules and target groups."""

    def __init__(self, world: World, runner: Runner) -> None:
        self._world = world
        self._runner = runner

    def change(self, locate: Locate, edit: Edit) -> Operations:
        """Change the records; the operation that has the balancer follow, if one must.

        All of it is checked and recorded in one transaction: what ``locate`` and ``edit`` raise is
        the caller's error, and then nothing has changed.
        """
        with self._world.store.read() as transaction:
            must_tell = locate(transaction) is not None
        if must_tell:
            self._world.engine.ping()
        try:
            with self._world.store.write() as transaction:
                balancer_id = locate(transaction)
                if balancer_id is None:
                    edit(Change(transaction, None))
                    return []
                begin = partial(_begin, balancer_id, edit)
                operation = self._runner.journal(
                    transaction, configure_balancer.KIND, balancer_id, begin
                )
        except _NothingChanged:
            return []
        self._runner.launch(operation)
        return [operation]


def _begin(balancer_id: str, edit: Edit, transaction: Transaction, operation_id: str) -> Json:
    require_balancer(transaction, balancer_id).require_active()
    used_before = _used(transaction, balancer_id)
    change = Change(transaction, operation_id)
    edit(change)
    if not change.has_changed_anything:
        raise _NothingChanged
    # Should the change be put back, what it lets go must still be there, and nobody else's.
    change.claim(*sorted(used_before - _used(transaction, balancer_id)))
    return {"balancer_id": balancer_id, "before": change.before}


def _used(transaction: Transaction, balancer_id: str) -> set[str]:
    """The target groups and certificates that a balancer uses."""
    listeners = balancer_records.listeners_of(transaction, balancer_id)
    rules = balancer_records.rules_of(transaction, (listener.id for listener in listeners))
    actions = [*(listener.action for listener in listeners), *(rule.action for rule in rules)]
    groups = {group_id for action in actions for group_id in groups_of(action)}
    return groups | {each.certificate_id for each in listeners if each.certificate_id}
