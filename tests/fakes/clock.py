"""The real time of a test, which passes when the test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class HandClock:
    """The port ``Clock``: it stands still until it is moved, ahead or back, as a host's can be."""

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by
