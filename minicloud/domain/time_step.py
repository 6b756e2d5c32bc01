"""How far a clock is moved ahead: ``90s``, ``1h30m``, ``30d``, ``1mo``, ``1y``, ``1y6mo``.

A second, a minute, an hour, a day (24 hours) and a week have a length. A month and a year (12
months) have none: they lead to the same day of the month and the same time of day, UTC, and where
that month is shorter, to its last day (from 31 January by ``1mo`` to 28 or 29 February). They are
counted first, whatever has a length afterwards.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_MONTHS_PER_YEAR = 12
_YEAR_MAX = 9999
# "mo" before "m", which it begins with.
_STEP = re.compile(
    r"(?:(?P<years>\d{1,6})y)?(?:(?P<months>\d{1,6})mo)?(?:(?P<weeks>\d{1,9})w)?"
    r"(?:(?P<days>\d{1,9})d)?(?:(?P<hours>\d{1,9})h)?(?:(?P<minutes>\d{1,9})m)?"
    r"(?:(?P<seconds>\d{1,9})s)?",
    re.ASCII,
)


@dataclass(frozen=True)
class TimeStep:
    """Months by the calendar, then a length of time; the two are never negative, nor both zero."""

    months: int
    length: timedelta

    def after(self, moment: datetime) -> datetime:
        """Where it leads from a moment in UTC; ``InvalidParameterValue`` beyond all dates."""
        try:
            return _months_later(moment, self.months) + self.length
        except OverflowError as error:
            raise InvalidRequest(
                "InvalidParameterValue", "no date is that far ahead", "advance it by less"
            ) from error


def parse_time_step(text: str) -> TimeStep:
    """The step that a text means; ``InvalidParameterValue`` where it means none."""
    match = _STEP.fullmatch(text)
    counts = {} if match is None else {k: int(v) for k, v in match.groupdict().items() if v}
    months = counts.pop("years", 0) * _MONTHS_PER_YEAR + counts.pop("months", 0)
    try:
        length = timedelta(**counts)
    except OverflowError as error:
        raise _not_a_step(text) from error
    if not months and not length:
        raise _not_a_step(text)
    return TimeStep(months, length)


def _months_later(moment: datetime, months: int) -> datetime:
    years, month_index = divmod(moment.month - 1 + months, _MONTHS_PER_YEAR)
    year, month = moment.year + years, month_index + 1
    if year > _YEAR_MAX:
        raise OverflowError
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def _not_a_step(text: str) -> InvalidRequest:
    return InvalidRequest(
        "InvalidParameterValue",
        f"{shown(text)} says not how far ahead",
        "write 90s, 1h30m, 30d, 2w, 1mo, 1y or 1y6mo: the largest unit first",
    )
