"""Time as a port, so that a cloud can run on a clock of its own.

Two times are told apart. The *cloud's time* is what records, the ledger, prices and bills go by; on
a simulated clock it is moved ahead and sped up. The *real time* is what goes on outside: it is for
whatever somebody else checks or measures against a clock of theirs (how long a balancer lets a
target drain, a certificate's validity, the engine's events), and for how long our own work takes
(the journal of operations, a downtime). What the engine says of the past is real time, and is
recorded in the cloud's: ``CloudClock.at``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Something that shows the time."""

    def now(self) -> datetime:
        """The present, in UTC, aware."""


class CloudClock(Clock, Protocol):
    """A cloud's time: where every time in its records comes from.

    A simulated one never goes back. One that is not is the real one.
    """

    @property
    def real(self) -> Clock:
        """The time of day."""

    @property
    def is_simulated(self) -> bool:
        """Whether it can be moved, and so whether the ledger tells of what only seems to be."""

    def at(self, real_moment: datetime) -> datetime:
        """What this clock showed at a moment of the real time."""
