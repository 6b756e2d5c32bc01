"""Calls about the cloud's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from minicloud.client.transport import Transport

if TYPE_CHECKING:
    from minicloud.client.shapes import ClockShape


class ClockCalls:
    """What can be asked of the cloud's clock. A real one can be looked at, and no more."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def show(self) -> ClockShape:
        """What it shows now."""
        return cast("ClockShape", self._transport.get("/clock"))

    def simulate(self) -> ClockShape:
        """Make it one that can be moved; refused once anything has happened in the cloud."""
        return cast("ClockShape", self._transport.post("/clock/simulate"))

    def advance(self, by: str) -> ClockShape:
        """Move it ahead, as by ``90s``, ``1h30m``, ``30d``, ``1mo`` or ``1y``."""
        return cast("ClockShape", self._transport.post("/clock/advance", {"by": by}))

    def set_speed(self, speed: int) -> ClockShape:
        """Let it go on so many times as fast as the real time."""
        return cast("ClockShape", self._transport.post("/clock/speed", {"speed": speed}))

    def reset(self) -> ClockShape:
        """Let it go on as fast as the real time, from what it shows now."""
        return cast("ClockShape", self._transport.post("/clock/reset"))
