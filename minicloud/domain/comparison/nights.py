"""The hours in which a fleet could be off: every night, and whole weekends if wanted."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.period import Period
from minicloud.domain.comparison.fleet import Run
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_NIGHT = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_FRIDAY = 4
_DAY = timedelta(days=1)
_MINUTES_PER_HOUR = 60

Interval = tuple[int, int]


@dataclass(frozen=True)
class Nights:
    """From when to when machines are off, in minutes of a day in ``zone``; a night that ends
    no later than it begins ends on the next day. With ``weekends`` they are off on all of Saturday
    and Sunday, too.
    """

    from_min: int
    to_min: int
    zone: tzinfo
    weekends: bool = False

    @classmethod
    def parse(cls, text: str, zone: tzinfo, *, weekends: bool = False) -> Nights:
        """``22:00-07:00``; ``InvalidParameterValue`` where it is no night."""
        found = _NIGHT.fullmatch(text)
        if found is None:
            raise _refused(f"{shown(text)} is not a night")
        from_h, from_min, to_h, to_min = map(int, found.groups())
        night = cls(
            from_h * _MINUTES_PER_HOUR + from_min, to_h * _MINUTES_PER_HOUR + to_min, zone, weekends
        )
        if night.from_min == night.to_min:
            raise _refused(f"the night {shown(text)} ends when it begins")
        return night

    def text(self) -> str:
        """``22:00-07:00``."""
        ends = (self.from_min, self.to_min)
        return "-".join(f"{at // 60:02}:{at % 60:02}" for at in ends)

    def within(self, period: Period) -> list[Interval]:
        """When machines are off in a period, in seconds since 1970 UTC, none touching another.

        A clock that is changed makes a night an hour shorter or longer, as it does in truth.
        """
        off: list[Interval] = []
        for night_begins_s, night_ends_s in sorted(self._of_days(period)):
            begins_s = max(night_begins_s, period.from_s)
            ends_s = min(night_ends_s, period.to_s)
            if begins_s >= ends_s:
                continue
            if off and begins_s <= off[-1][1]:
                off[-1] = (off[-1][0], max(off[-1][1], ends_s))
            else:
                off.append((begins_s, ends_s))
        return off

    def _of_days(self, period: Period) -> Iterator[Interval]:
        day = datetime.fromtimestamp(period.from_s, self.zone).date() - _DAY
        last = datetime.fromtimestamp(period.to_s, self.zone).date()
        while day <= last:
            ends_on = day if self.to_min > self.from_min else day + _DAY
            yield self._at_s(day, self.from_min), self._at_s(ends_on, self.to_min)
            if self.weekends and day.weekday() > _FRIDAY:
                yield self._at_s(day, 0), self._at_s(day + _DAY, 0)
            day += _DAY

    def _at_s(self, day: date, minute: int) -> int:
        hour, minute = divmod(minute, _MINUTES_PER_HOUR)
        return second_of(datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone))


def without(runs: tuple[Run, ...], off: list[Interval]) -> Iterator[Run]:
    """The runs, cut wherever they are to be off; each piece that is left is a run of its own."""
    ends_s = [interval_ends_s for _, interval_ends_s in off]
    for run in runs:
        at_s = run.starts_s
        place = bisect_right(ends_s, at_s)
        while place < len(off) and off[place][0] < run.ends_s:
            if at_s < off[place][0]:
                yield replace(run, starts_s=at_s, ends_s=off[place][0])
            at_s = off[place][1]
            place += 1
        if at_s < run.ends_s or at_s == run.starts_s == run.ends_s:
            yield replace(run, starts_s=at_s)


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest(
        "InvalidParameterValue", message, "write it as 22:00-07:00, from when to when it is off"
    )
