"""Where clients see an operation move: a word and a fraction for each, and waking those who wait.

Held in memory alone. What must survive a crash is in the journal; this is only for the eyes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """What an operation is doing now. ``version`` grows with every change."""

    version: int = 0
    message: str = ""
    fraction: float | None = None


class ProgressBoard:
    """The present progress of every operation that has moved since the server started."""

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.RLock())
        self._progress: dict[str, Progress] = {}

    def report(self, operation_id: str, message: str, fraction: float | None) -> None:
        """Put up what the operation does now."""
        with self._condition:
            version = self.of(operation_id).version + 1
            self._progress[operation_id] = Progress(version, message, fraction)
            self._condition.notify_all()

    def changed(self, operation_id: str) -> None:
        """Say that the operation's record has changed."""
        with self._condition:
            now = self.of(operation_id)
            self._progress[operation_id] = Progress(now.version + 1, now.message, now.fraction)
            self._condition.notify_all()

    def of(self, operation_id: str) -> Progress:
        """The operation's present progress."""
        with self._condition:
            return self._progress.get(operation_id, Progress())

    def wait(self, operation_id: str, seen_version: int, timeout_s: float) -> Progress:
        """Wait until there is another to see than ``seen_version``, or for ``timeout_s``.

        Another, not a later one: with a new server the versions begin anew.
        """
        with self._condition:
            self._condition.wait_for(
                lambda: self.of(operation_id).version != seen_version, timeout_s
            )
            return self.of(operation_id)
