"""Operations: looking at the journal, and waiting for what is under way."""

from __future__ import annotations

import time
from collections.abc import Sequence

from minicloud.domain.errors import NotFound
from minicloud.domain.ids import IdKind, require_id
from minicloud.domain.operation import Operation
from minicloud.domain.tags import shown
from minicloud.operations.progress import Progress, ProgressBoard
from minicloud.ports.store import Store

_LIST_MAX = 1000


class OperationService:
    """Everything that can be asked of operations."""

    def __init__(self, store: Store, progress: ProgressBoard) -> None:
        self._store = store
        self._progress = progress

    def list_recent(self, limit: int) -> Sequence[Operation]:
        """The newest operations, newest first."""
        with self._store.read() as transaction:
            return transaction.operations.recent(max(1, min(limit, _LIST_MAX)))

    def show(self, operation_id: str) -> Operation:
        """The operation of this id."""
        require_id(IdKind.OPERATION, operation_id, "InvalidOperationID.Malformed")
        with self._store.read() as transaction:
            operation = transaction.operations.get(operation_id)
        if operation is None:
            raise NotFound(
                "InvalidOperationID.NotFound",
                f"there is no operation {shown(operation_id)}",
                "see what there is: minicloud operation list",
            )
        return operation

    def progress(self, operation_id: str) -> Progress:
        """What the operation does now."""
        return self._progress.of(operation_id)

    def wait(self, operation_id: str, seen_version: int, timeout_s: float) -> Operation:
        """The operation, once it has moved past ``seen_version``, has ended, or time is up."""
        operation = self.show(operation_id)
        if not operation.status.has_ended:
            self._progress.wait(operation_id, seen_version, timeout_s)
            operation = self.show(operation_id)
        return operation

    def await_end(
        self, operation_id: str, timeout_s: float, step_name: str | None = None
    ) -> Operation:
        """The operation, once it has ended, has done the step, or time is up."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            # Before the record, so that what moves on in between is not slept through.
            seen = self._progress.of(operation_id).version
            operation = self.show(operation_id)
            left_s = deadline_s - time.monotonic()
            is_far_enough = step_name is not None and operation.is_done(step_name)
            if operation.status.has_ended or is_far_enough or left_s <= 0:
                return operation
            self._progress.wait(operation_id, seen, left_s)
