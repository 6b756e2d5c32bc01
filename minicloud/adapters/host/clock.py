"""The machine's own clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Implements ``ports.clock.Clock`` with the time of day."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)
