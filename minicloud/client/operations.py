"""Calls about operations, and waiting for their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, cast

from minicloud.client.failures import from_record
from minicloud.client.transport import Transport, segment
from minicloud.domain.errors import MiniCloudError, Unavailable

if TYPE_CHECKING:
    from queue import SimpleQueue
    from threading import Event

    from minicloud.client.shapes import ErrorShape, Operations, OperationShape

ENDED = frozenset({"succeeded", "failed"})
_POLL_S = 2


class OperationCalls:
    """What can be asked of operations, by their ids."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        # Whoever waits must not bring back a server that someone has just sent away.
        self._polling = transport.without_starting()

    def list(self, limit: int = 50) -> Operations:
        """The newest operations, newest first."""
        found = self._transport.get("/operations", limit=limit)
        return cast("Operations", found)

    def show(self, operation_id: str) -> OperationShape:
        """One operation."""
        found = self._transport.get(f"/operations/{segment(operation_id)}")
        return cast("OperationShape", found)

    def follow(self, operation_id: str) -> Iterator[OperationShape]:
        """The operation now and after each change; at least every two seconds; last when ended."""
        operation = self.show(operation_id)
        yield operation
        while operation["status"] not in ENDED:
            changed = self._polling.get(
                f"/operations/{segment(operation_id)}", wait_s=_POLL_S, after=operation["version"]
            )
            operation = cast("OperationShape", changed)
            yield operation

    def wait(
        self,
        operations: Sequence[OperationShape],
        report: Callable[[OperationShape], None] = lambda _operation: None,
        patience_s: float = 10.0,
    ) -> Sequence[OperationShape]:
        """Wait until all have ended, well or not, and return them in the same order.

        ``report`` is called in this thread with each operation at each of its changes. Where one
        waits for the world (no engine answers) longer than ``patience_s``, what it waits for is
        raised as ``Unavailable``, and the operation goes on without us.
        """
        patience = _Patience(patience_s)
        ended: dict[str, OperationShape] = {}
        with closing(self._changes({o["id"] for o in operations})) as changes:
            for operation in changes:
                report(operation)
                patience.take(operation)
                if operation["status"] in ENDED:
                    ended[operation["id"]] = operation
        return [ended[operation["id"]] for operation in operations]

    def _changes(self, operation_ids: set[str]) -> Generator[OperationShape, None, None]:
        import threading
        from queue import SimpleQueue

        changes: SimpleQueue[OperationShape | MiniCloudError] = SimpleQueue()
        has_left = threading.Event()
        for operation_id in operation_ids:
            # Daemons: a client that gives up must not be held by a long poll.
            threading.Thread(
                target=self._tell, args=(operation_id, changes, has_left), daemon=True
            ).start()
        running = len(operation_ids)
        try:
            while running:
                change = changes.get()
                if isinstance(change, MiniCloudError):
                    raise change
                running -= change["status"] in ENDED
                yield change
        finally:
            has_left.set()

    def _tell(
        self,
        operation_id: str,
        changes: SimpleQueue[OperationShape | MiniCloudError],
        has_left: Event,
    ) -> None:
        try:
            for operation in self.follow(operation_id):
                if has_left.is_set():
                    return
                changes.put(operation)
        except MiniCloudError as error:
            changes.put(error)


class _Patience:
    """How long each operation has waited for the world without a word of change."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._since: dict[str, float] = {}

    def take(self, operation: OperationShape) -> None:
        """Note this change; raise where patience has run out."""
        waiting_for = operation["waiting_for"]
        if waiting_for is None or operation["status"] in ENDED:
            self._since.pop(operation["id"], None)
            return
        since = self._since.setdefault(operation["id"], time.monotonic())
        if time.monotonic() - since >= self._patience_s:
            raise _still_waiting(operation["id"], waiting_for)


def _still_waiting(operation_id: str, waiting_for: ErrorShape) -> Unavailable:
    cause = from_record(waiting_for)
    return Unavailable(
        cause.code,
        f"{cause.message}; operation {operation_id} goes on as soon as it can",
        f"{cause.resolution}; watch it: minicloud operation watch {operation_id}",
    )
