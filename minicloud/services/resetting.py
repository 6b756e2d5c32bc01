"""Emptying a cloud at once: as if nothing had ever happened in it."""

from __future__ import annotations

import time

from minicloud.domain.errors import Conflict
from minicloud.domain.operation import Json, Operation
from minicloud.operations import reset_cloud
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.store import Transaction
from minicloud.services.operations import OperationService

# What is under way is given time to end: its steps must not meet a world that has gone.
_QUIET_WITHIN_S = 30.0
_LOOKS_UP_EVERY_S = 0.02


class ResetService:
    """The cloud is as new, and stays itself: its identifier, settings, clock, keys and port."""

    def __init__(
        self,
        world: World,
        runner: Runner,
        operations: OperationService,
        quiet_within_s: float = _QUIET_WITHIN_S,
    ) -> None:
        self._world = world
        self._runner = runner
        self._operations = operations
        self._quiet_within_s = quiet_within_s

    def reset(self) -> list[Operation]:
        """Empty every record now, and begin to take away what they told of.

        Operations under way are waited for; ``OperationInProgress`` where one takes too long, and
        then nothing has changed.
        """
        self._world.engine.ping()
        deadline_s = time.monotonic() + self._quiet_within_s
        while True:
            try:
                return [self._runner.submit(reset_cloud.KIND, reset_cloud.SUBJECT, _begin)]
            except _Unquiet as error:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    raise
                self._await(error, left_s)

    def _await(self, error: _Unquiet, left_s: float) -> None:
        if error.operation is None:
            time.sleep(_LOOKS_UP_EVERY_S)
        else:
            self._operations.await_end(error.operation.id, left_s)


class _Unquiet(Conflict):
    """An operation is under way, or the reconciler (None) has its hands on something."""

    def __init__(self, operation: Operation | None) -> None:
        what = "a correction" if operation is None else f"{operation.kind} ({operation.id})"
        super().__init__(
            "OperationInProgress",
            f"the cloud cannot be reset while {what} is under way",
            "wait for its end: minicloud operation list",
        )
        self.operation = operation


def _begin(transaction: Transaction, operation_id: str) -> Json:
    unfinished = transaction.operations.unfinished()
    if unfinished:
        raise _Unquiet(unfinished[0])
    if transaction.claims.held() != {reset_cloud.SUBJECT}:
        raise _Unquiet(None)
    left = reset_cloud.empty_records(transaction)
    # The operation's own claim went with all others.
    transaction.claims.take([reset_cloud.SUBJECT], operation_id)
    return left
