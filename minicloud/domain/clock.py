"""A clock that can be moved ahead and sped up, and what it has shown at any real moment.

It is a chain of settings, each made at a real moment and in force until the next. From one setting
to the next it goes on at an even pace, so that what it shows is exact to the microsecond, however
often it is looked at. It never goes back: a setting begins at what was shown, or later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range

SPEED_MAX = 100_000
# Where it stands still: the last day that a bill can be asked for.
LAST_MOMENT = datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True)
class ClockSetting:
    """From ``real_at`` on the clock shows ``shown_at`` and ``speed`` times what has passed since.

    ``speed`` is a whole number, 1 to ``SPEED_MAX``; 1: as fast as the real time.
    """

    real_at: datetime
    shown_at: datetime
    speed: int = 1

    def shows(self, real_moment: datetime) -> datetime:
        """What it shows at a real moment; before it was made: what it began with."""
        passed = max(real_moment - self.real_at, timedelta())
        # Divided, not multiplied, until it is known to fit into a date.
        can_pass = (LAST_MOMENT - self.shown_at) // self.speed
        return LAST_MOMENT if passed > can_pass else self.shown_at + passed * self.speed


def shown_at(settings: Sequence[ClockSetting], real_moment: datetime) -> datetime:
    """What a clock showed at a real moment; without settings, or before the first: just that.

    ``settings`` are in the order in which they were made. Where the host's clock was set back in
    between, a moment that came twice is taken for the second.
    """
    for setting in reversed(settings):
        if setting.real_at <= real_moment:
            return setting.shows(real_moment)
    return real_moment


def require_speed(speed: int) -> None:
    """``InvalidParameterValue`` for what no clock can do."""
    require_range("the speed", speed, 1, SPEED_MAX, "times the real time")


def require_moment(moment: datetime) -> None:
    """``InvalidParameterValue`` for a time that no clock shows."""
    if moment > LAST_MOMENT:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"the clock cannot be moved beyond the end of {LAST_MOMENT:%Y}",
            "advance it by less",
        )
