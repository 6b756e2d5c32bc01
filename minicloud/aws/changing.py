"""How a change is carried out for a client of AWS's: at once, whatever else is under way.

AWS's clients know nothing of operations that stand in each other's way: they make a listener while
its balancer is being made, and two groups' attributes at a time. So a change that is refused for an
operation's sake is made again once that has ended, and answered when it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from minicloud.aws.backend import AwsBackend
from minicloud.domain.errors import Busy
from minicloud.domain.operation import Operation

T = TypeVar("T")
# With what the change itself takes, within the 60 s after which botocore's clients give up.
_PATIENCE_S = 40.0


def settled(backend: AwsBackend, change: Callable[[], tuple[T, Sequence[Operation]]]) -> T:
    """Make a change and wait until it is done; the errors of both."""
    made, operations = begun(backend, change)
    backend.finish(operations)
    return made


def begun(backend: AwsBackend, change: Callable[[], T]) -> T:
    """Begin a change, once what is at work on the same has ended."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return change()
        except Busy as busy:
            operation_id = busy.operation_id or _at_work_on(backend, busy.resource_id)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise
        if operation_id is not None:
            backend.operations.await_end(operation_id, left_s)


def _at_work_on(backend: AwsBackend, resource_id: str) -> str | None:
    """The operation that is about this resource; None where it has just ended."""
    with backend.store.read() as transaction:
        unfinished = transaction.operations.unfinished()
    return next((each.id for each in unfinished if each.subject_id == resource_id), None)
