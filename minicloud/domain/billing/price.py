"""A price, where it comes from, and how it changed with time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from minicloud.domain.billing.money import divided, usd_of
from minicloud.domain.errors import NotFound

T = TypeVar("T")


@dataclass(frozen=True)
class Provenance:
    """Where a figure comes from. ``since``: the first day (UTC) that it is used for; ``as_of``:
    when it was last seen to be so; ``estimated``: the figure or its day is not certain.
    """

    since: date
    source: str
    as_of: date
    estimated: bool = False


@dataclass(frozen=True, eq=False)
class Price:
    """What one of something costs: ``units`` / ``divisor`` (see ``money``).

    Two prices are the same only if they are one entry of one book.
    """

    item: str
    units: int
    provenance: Provenance
    divisor: int = 1

    @property
    def usd(self) -> Decimal:
        """The price in dollars; rounded to twelve places where it is no finite decimal."""
        return usd_of(divided(self.units, self.divisor))


@dataclass(frozen=True)
class Timeline(Generic[T]):
    """What held from when on, without gaps. ``ends_s`` None: the last one holds for good.

    Times are seconds since 1970 UTC. One without values is of something that has no price: that
    is an error as soon as it is asked for one, and none for a bill that does not.
    """

    item: str
    starts_s: tuple[int, ...]
    values: tuple[T, ...]
    ends_s: int | None = None

    @property
    def changes_s(self) -> tuple[int, ...]:
        """When something else begins to hold, or nothing."""
        return self.starts_s if self.ends_s is None else (*self.starts_s, self.ends_s)

    def holds(self, at_s: int) -> bool:
        """Whether anything held at a time."""
        begun = bool(self.starts_s) and self.starts_s[0] <= at_s
        return begun and (self.ends_s is None or at_s < self.ends_s)

    def at(self, at_s: int) -> T:
        """What held at a time; ``NotFound`` code ``PriceNotFound`` outside of the timeline."""
        place = bisect_right(self.starts_s, at_s) - 1
        if place < 0 or (self.ends_s is not None and at_s >= self.ends_s):
            raise self._missing(at_s)
        return self.values[place]

    def pieces(self, begin_s: int, end_s: int) -> Iterator[tuple[int, int, T]]:
        """The stretch ``[begin_s, end_s)``, cut wherever something else begins to hold."""
        starts_s = self.starts_s
        while begin_s < end_s:
            value = self.at(begin_s)
            place = bisect_right(starts_s, begin_s)
            until_s = end_s if place == len(starts_s) else min(end_s, starts_s[place])
            if self.ends_s is not None:
                until_s = min(until_s, self.ends_s)
            yield begin_s, until_s, value
            begin_s = until_s

    def _missing(self, at_s: int) -> NotFound:
        what = self.item
        if self.starts_s:
            what += f", on {day_text(at_s)}: it knows it from {day_text(self.starts_s[0])} on"
        if self.ends_s is not None:
            what += f" and until {day_text(self.ends_s)}"
        return NotFound(
            "PriceNotFound",
            f"the price book has no price of {what}",
            "see what it has: minicloud price list; or give another book: --prices FILE",
        )


def day_start_s(day: date) -> int:
    """When a day begins in UTC, in seconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def day_text(at_s: int) -> str:
    """The day of a time in UTC, as ISO 8601."""
    return datetime.fromtimestamp(at_s, UTC).date().isoformat()
