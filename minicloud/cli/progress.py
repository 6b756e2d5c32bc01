"""How operations are seen to move: bars on a terminal, a line a step elsewhere; on stderr.

An answer that takes long to compute has no steps to show: on a terminal it is said to be under way.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.table import clipped
from minicloud.cli.text import has_colour, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.status import Status

    from minicloud.client.shapes import OperationShape

_BARS_AFTER_S = 0.3
_SPINNER_AFTER_S = 1.0
_LINE_EVERY_S = 5.0
_BAR_WIDTH = 20
# The time, and the blanks between the columns.
_TIME_WIDTH = 7 + 4

Report = Callable[["OperationShape"], None]


@contextmanager
def progress_on_stderr(*, is_quiet: bool) -> Iterator[Report]:
    """What to call with an operation at each of its changes; bars are gone afterwards."""
    if is_quiet:
        yield lambda _operation: None
    elif sys.stderr.isatty():
        bars = _Bars()
        timer = threading.Timer(_BARS_AFTER_S, bars.begin)
        timer.daemon = True
        timer.start()
        try:
            yield bars.update
        finally:
            timer.cancel()
            bars.end()
    else:
        yield _Lines().update


@contextmanager
def waiting_on_stderr(what: str, *, is_quiet: bool) -> Iterator[None]:
    """Say on a terminal what is being done, once it takes a second; nothing is left of it."""
    if is_quiet or not sys.stderr.isatty():
        yield
        return
    spinner = _Spinner(what)
    timer = threading.Timer(_SPINNER_AFTER_S, spinner.begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        spinner.end()


def completed_share(operation: OperationShape) -> float:
    """How much of the operation's plan is done, 0 to 1: every step counts the same."""
    steps = operation["steps"]
    if operation["status"] == "succeeded" or not steps:
        return 1.0
    done = sum(step["phase"] == "done" for step in steps)
    return min(1.0, (done + (operation["fraction"] or 0.0)) / len(steps))


def present_word(operation: OperationShape) -> str:
    """What the operation does now, in a few words."""
    waiting_for = operation["waiting_for"]
    if waiting_for is not None:
        return one_line(f"waiting: {waiting_for['message']}")
    if operation["message"]:
        return one_line(operation["message"])
    if operation["status"] == "unwinding":
        return "undoing"
    begun = [step["name"] for step in operation["steps"] if step["phase"] == "started"]
    return begun[-1].replace("-", " ") if begun else ""


class _Lines:
    """One line for each step that is done; the word between, now and then."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str, str]] = set()
        self._spoke_at_s: dict[str, float] = {}

    def update(self, operation: OperationShape) -> None:
        """Tell what is new."""
        for step in operation["steps"]:
            phase = step["phase"]
            if phase in {"done", "undone"}:
                self._tell(operation, step["name"], phase)
        now_s = time.monotonic()
        since_s = self._spoke_at_s.setdefault(operation["id"], now_s)
        if now_s - since_s >= _LINE_EVERY_S or operation["waiting_for"] is not None:
            self._tell(operation, present_word(operation), "")

    def _tell(self, operation: OperationShape, what: str, phase: str) -> None:
        key = (operation["id"], what, phase)
        if not what or key in self._told:
            return
        self._told.add(key)
        self._spoke_at_s[operation["id"]] = time.monotonic()
        word = f"{what} {phase}".rstrip()
        click.echo(f"{operation['kind']} {operation['subject_id']}: {word}", err=True)


class _Bars:
    """A bar for each operation, begun by a timer: what is over at once needs none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: dict[str, OperationShape] = {}
        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        self._has_ended = False

    def begin(self) -> None:
        """Show the bars."""
        progress = _rich_progress()
        with self._lock:
            if self._has_ended:
                return
            self._progress = progress
            progress.start()
            for operation in self._operations.values():
                self._draw(progress, operation)

    def update(self, operation: OperationShape) -> None:
        """Move the operation's bar."""
        with self._lock:
            self._operations[operation["id"]] = operation
            if self._progress is not None:
                self._draw(self._progress, operation)

    def end(self) -> None:
        """Take the bars away."""
        with self._lock:
            self._has_ended = True
            if self._progress is not None:
                self._progress.stop()

    def _draw(self, progress: Progress, operation: OperationShape) -> None:
        room = progress.console.width - len(operation["kind"]) - _BAR_WIDTH - _TIME_WIDTH
        fields: dict[str, Any] = {
            "completed": completed_share(operation),
            "word": clipped(present_word(operation), max(8, room)),
        }
        task = self._tasks.get(operation["id"])
        if task is None:
            self._tasks[operation["id"]] = progress.add_task(operation["kind"], total=1.0, **fields)
        else:
            progress.update(task, **fields)


class _Spinner:
    """Something that moves beside a few words, begun by a timer."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._status: Status | None = None
        self._has_ended = False

    def begin(self) -> None:
        """Show it, unless all is over."""
        with self._lock:
            if not self._has_ended:
                self._status = _console().status(self._what)
                self._status.start()

    def end(self) -> None:
        """Take it away."""
        with self._lock:
            self._has_ended = True
            if self._status is not None:
                self._status.stop()


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, no_color=not has_colour(sys.stderr))


def _rich_progress() -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=_BAR_WIDTH, complete_style="green", finished_style="green"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[word]}", markup=False),
        console=_console(),
        transient=True,
    )
