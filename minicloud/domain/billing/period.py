"""The period of a bill: from one whole second, up to but without another.

A time is ISO 8601, with or without a time of day and an offset from UTC. Without an offset it is
in the zone that the caller names, UTC if none. A time that a zone's clocks skip or show twice (at
a change to or from daylight-saving time) is refused: a bill must not begin an hour off.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from minicloud.domain.billing.entries import second_of
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

YEARS = range(1970, 2200)
_DAY_LENGTH = len("2026-11-25")


@dataclass(frozen=True)
class Period:
    """``[from_s, to_s)`` in seconds since 1970 UTC; what lies at or after ``now_s`` is a guess."""

    from_s: int
    to_s: int
    now_s: int

    def __post_init__(self) -> None:
        """Refuse a period that holds no second."""
        if self.from_s >= self.to_s:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"the period ends ({_text(self.to_s)}) no later than it begins"
                f" ({_text(self.from_s)})",
                "give a --to that is later than --from",
            )

    @property
    def is_future(self) -> bool:
        """Whether some of it has not happened yet."""
        return self.to_s > self.now_s


@dataclass(frozen=True)
class Days:
    """The days that a period touches, in somebody's zone; the first may have begun before it."""

    starts_s: tuple[int, ...]
    dates: tuple[date, ...]

    def index(self, at_s: int) -> int:
        """Which day a time is on."""
        return bisect_right(self.starts_s, at_s) - 1

    @classmethod
    def of(cls, period: Period, zone: tzinfo) -> Days:
        """The days of a period; they have 23 or 25 hours where the zone's clocks are changed."""
        day = _local(period.from_s, zone).date()
        starts_s: list[int] = []
        dates: list[date] = []
        while (start_s := _day_start_s(day, zone)) < period.to_s:
            starts_s.append(start_s)
            dates.append(day)
            day += timedelta(days=1)
        return cls(tuple(starts_s), tuple(dates))


def parse_instant(text: str, zone: tzinfo) -> int:
    """The second that a text means; ``InvalidParameterValue`` where it means none, or two."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise _not_a_time(text, "cannot be read as a time") from error
    if parsed.year not in YEARS:
        raise _not_a_time(text, f"is not between {YEARS[0]} and {YEARS[-1]}")
    if parsed.tzinfo is not None:
        return second_of(parsed)
    if len(text) == _DAY_LENGTH:
        return _day_start_s(parsed.date(), zone)
    earlier, later = (second_of(parsed.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if earlier == later:
        return earlier
    if _local(earlier, zone).replace(tzinfo=None, microsecond=0) == parsed.replace(microsecond=0):
        raise _not_a_time(text, f"comes twice in {zone}, where the clocks go back")
    raise _not_a_time(text, f"does not exist in {zone}, where the clocks go forward")


def month_start_s(now_s: int, zone: tzinfo) -> int:
    """When the month began that it is now in this zone."""
    return _day_start_s(_local(now_s, zone).date().replace(day=1), zone)


def _day_start_s(day: date, zone: tzinfo) -> int:
    # Where midnight is skipped, the offset from before it names the moment at which it is skipped.
    return second_of(datetime(day.year, day.month, day.day, tzinfo=zone))


def _local(at_s: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_s, zone)


def _text(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _not_a_time(text: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        "InvalidParameterValue",
        f"{shown(text)} {why}",
        "write 2026-11-25, 2026-11-25T14:30 or, to be exact, 2026-11-25T14:30:00+09:00",
    )
