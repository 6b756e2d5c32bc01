"""Time as a port, so that a cloud can run on a clock of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where every time in a cloud's records comes from."""

    def now(self) -> datetime:
        """The present, in UTC, aware."""
