"""Waiting for operations: the one way from "set going" to "done", with progress meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.errors import Interrupted, end_with
from minicloud.cli.output import Output, View
from minicloud.cli.progress import progress_on_stderr
from minicloud.cli.text import note
from minicloud.client.failures import from_record
from minicloud.domain.errors import MiniCloudError, Unavailable

if TYPE_CHECKING:
    from minicloud.cli.session import Session
    from minicloud.client.shapes import OperationShape

_SERVER_LOST_CODES = frozenset({"ServerGone", "ServerNotRunning"})

wait_option = click.option(
    "--wait/--no-wait",
    default=True,
    help="Wait for the end (the default), or print the operation and return at once.",
)


class Errand:
    """What one command sets going, and how its outcome is told.

    ``wait`` false: the operations are printed, and nothing is waited for.
    """

    def __init__(self, session: Session, output: Output, *, wait: bool) -> None:
        self._session = session
        self._output = output
        self._wait = wait

    def finish(self, operations: Sequence[OperationShape], tell: Callable[[], None]) -> None:
        """See the operations through and ``tell`` of their outcome; end with what failed.

        ``tell`` is not called where one of them failed.
        """
        if not self._wait:
            self._print_operations(operations)
            return
        end_with(_failures(self.wait_for(operations)))
        tell()

    def for_each(
        self,
        refs: Sequence[str],
        find: Callable[[str], Any],
        begin: Callable[[str], Sequence[OperationShape]],
        view: View,
        gone: str | None = None,
    ) -> None:
        """Begin something for every resource at once and see all of it through.

        Every ref is looked up first, so that a wrong one stops the command before it has done
        anything. What can be done is done, and what failed is told at the end. ``gone`` is the word
        for resources that are no more afterwards (``released``): they are printed as they were.
        """
        found = {item[view.id_key]: item for item in map(find, refs)}
        begun: dict[str, Sequence[OperationShape]] = {}
        errors: list[MiniCloudError] = []
        for resource_id in found:
            try:
                begun[resource_id] = begin(resource_id)
            except MiniCloudError as error:
                errors.append(error)
        if not self._wait:
            if begun:
                self._print_operations([o for operations in begun.values() for o in operations])
            end_with(errors)
            return
        done, failures = self._outcome(begun)
        if gone is not None and self._output.is_table:
            for resource_id in done:
                note(f"{gone} {resource_id}")
        elif done:
            now = [find(key) if gone is None else found[key] for key in done]
            self._output.show_list(now, view)
        end_with([*errors, *failures])

    def wait_for(self, operations: Sequence[OperationShape]) -> Sequence[OperationShape]:
        """The operations once they have ended, well or not."""
        if not operations:
            return []
        with progress_on_stderr(is_quiet=self._output.is_quiet) as report:
            try:
                return self._session.client.operations.wait(operations, report)
            except KeyboardInterrupt as interrupt:
                raise _goes_on(operations) from interrupt
            except Unavailable as error:
                if error.code in _SERVER_LOST_CODES:
                    raise _left_alone(operations[0]["id"], error) from error
                raise

    def _outcome(
        self, begun: dict[str, Sequence[OperationShape]]
    ) -> tuple[list[str], list[MiniCloudError]]:
        ended = self.wait_for([o for operations in begun.values() for o in operations])
        failed = {operation["id"] for operation in ended if operation["status"] == "failed"}
        done = [
            resource_id
            for resource_id, operations in begun.items()
            if not any(operation["id"] in failed for operation in operations)
        ]
        return done, _failures(ended)

    def _print_operations(self, operations: Sequence[OperationShape]) -> None:
        from minicloud.cli.operation import VIEW

        self._output.show_list(operations, VIEW)


def _failures(operations: Iterable[OperationShape]) -> list[MiniCloudError]:
    return [
        from_record(operation["error"])
        for operation in operations
        if operation["status"] == "failed" and operation["error"] is not None
    ]


def _left_alone(operation_id: str, error: Unavailable) -> Unavailable:
    return Unavailable(
        error.code,
        f"{error.message}; operation {operation_id} goes on when it is started again",
        f"start it and watch: minicloud operation watch {operation_id}",
    )


def _goes_on(operations: Sequence[OperationShape]) -> Interrupted:
    first, others = operations[0]["id"], len(operations) - 1
    what = f"operation {first}" + (f" and {others} more go on" if others else " goes on")
    return Interrupted("Interrupted", what, f"watch it: minicloud operation watch {first}")
