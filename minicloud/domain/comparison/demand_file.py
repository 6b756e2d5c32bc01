"""A curve of visitors from a CSV file: ``time,visitors``, one row for each time.

A row's figure is how many visitors come in an hour, from its time until the next row's; the last
row lasts as long as the one before it. Times are ISO 8601, or plain numbers of hours, minutes or
seconds: which, a header of that name says, or the caller does. Nothing is guessed: what cannot be
read is an error that names the line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from minicloud.domain.billing.period import parse_instant
from minicloud.domain.comparison.demand import (
    LENGTH_MAX_S,
    POINTS_MAX,
    RATE_MAX,
    THOUSANDTHS,
    DemandCurve,
)
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_BYTE_ORDER_MARK = "\ufeff"
_ROW_LENGTH_MAX = 200
_COLUMNS = 2


class TimeUnit(StrEnum):
    """What times that are plain numbers count."""

    HOURS = "hours"
    MINUTES = "minutes"
    SECONDS = "seconds"


_UNIT_S = {TimeUnit.HOURS: 3600, TimeUnit.MINUTES: 60, TimeUnit.SECONDS: 1}
_UNIT_NAMES = {
    name: unit
    for unit, names in (
        (TimeUnit.HOURS, ("hours", "hour", "h")),
        (TimeUnit.MINUTES, ("minutes", "minute", "min")),
        (TimeUnit.SECONDS, ("seconds", "second", "s")),
    )
    for name in names
}


@dataclass(frozen=True)
class DemandFile:
    """A file's ``text`` and what to call it. ``unit`` of times that are numbers, where the file
    does not say; ``zone`` of times without an offset; numbers count from ``begins_s`` on.
    """

    name: str
    text: str
    zone: tzinfo
    begins_s: int
    unit: TimeUnit | None = None


def read_demand(file: DemandFile) -> DemandCurve:
    """The curve that a file holds; ``InvalidDemand`` naming the line where it holds none."""
    reader = _Reader(file)
    for line, cells in _rows(file):
        reader.take(line, cells)
    return reader.curve()


class _Reader:
    def __init__(self, file: DemandFile) -> None:
        self._file = file
        self._unit = file.unit
        self._starts_s: list[int] = []
        self._rates: list[int] = []
        self._is_first = True

    def take(self, line: int, cells: list[str]) -> None:
        """Read a row."""
        is_first, self._is_first = self._is_first, False
        if len(cells) != _COLUMNS:
            raise self._wrong(line, f"has {len(cells)} columns, not 2", "write: time,visitors")
        if is_first and not any(character.isdigit() for character in "".join(cells)):
            self._take_header(line, *cells)
            return
        if len(self._starts_s) == POINTS_MAX:
            raise self._wrong(line, f"is row {POINTS_MAX + 1}", f"give at most {POINTS_MAX} rows")
        start_s = self._start_s(line, cells[0])
        if self._starts_s and start_s <= self._starts_s[-1]:
            order = "is the same as" if start_s == self._starts_s[-1] else "is earlier than"
            raise self._wrong(
                line, f"its time {shown(cells[0])} {order} the one before", "sort the rows by time"
            )
        if self._starts_s and start_s - self._starts_s[0] > LENGTH_MAX_S:
            raise self._wrong(
                line,
                f"its time {shown(cells[0])} is more than three years after the first",
                "leave out the rows from there on",
            )
        self._starts_s.append(start_s)
        self._rates.append(self._rate(line, cells[1]))

    def curve(self) -> DemandCurve:
        """What was read."""
        if len(self._starts_s) < 2:
            raise _invalid(
                f"{self._file.name} has {len(self._starts_s)} rows with a time and visitors",
                "give at least two: the last row lasts as long as the one before it",
            )
        last_s = self._starts_s[-1]
        ends_s = last_s + (last_s - self._starts_s[-2])
        return DemandCurve(tuple(self._starts_s), tuple(self._rates), ends_s)

    def _take_header(self, line: int, time_name: str, visitors_name: str) -> None:
        time_name, visitors_name = time_name.lower(), visitors_name.lower()
        if visitors_name != "visitors" or time_name not in {"time", *_UNIT_NAMES}:
            raise self._wrong(
                line,
                f"is headed {shown(time_name)}, {shown(visitors_name)}",
                "head the columns time (or hours, minutes, seconds) and visitors, or not at all",
            )
        named = _UNIT_NAMES.get(time_name)
        if named is not None and self._unit not in {None, named}:
            raise self._wrong(
                line,
                f"is headed {shown(time_name)}, and {self._unit} were asked for",
                "leave out --time-unit, or the header",
            )
        self._unit = named or self._unit

    def _start_s(self, line: int, text: str) -> int:
        number = _number(text)
        if number is None:
            return self._instant_s(line, text)
        if self._unit is None:
            raise self._wrong(
                line,
                f"its time {shown(text)} is a plain number, and nothing says of what",
                "head the column hours, minutes or seconds, or add --time-unit",
            )
        if not 0 <= number <= LENGTH_MAX_S:
            raise self._wrong(
                line, f"its time {shown(text)} cannot be meant", "count up from 0, to three years"
            )
        # To the nearest second: a third of an hour has no finite decimal.
        return self._file.begins_s + round(number * _UNIT_S[self._unit])

    def _instant_s(self, line: int, text: str) -> int:
        if self._unit is not None:
            raise self._wrong(
                line, f"its time {shown(text)} is no number of {self._unit}", "write 0, 0.5, 1 …"
            )
        try:
            return parse_instant(text, self._file.zone)
        except InvalidRequest as error:
            raise self._wrong(line, f"its time {error.message}", error.resolution) from error

    def _rate(self, line: int, text: str) -> int:
        visitors = _number(text)
        if visitors is None:
            raise self._wrong(
                line, f"its visitors {shown(text)} are not a number", "write a number, as 1200"
            )
        if not 0 <= visitors <= RATE_MAX:
            raise self._wrong(
                line,
                f"its visitors {shown(text)} cannot be meant",
                f"write how many come in an hour: 0 to {RATE_MAX}",
            )
        return round(visitors * THOUSANDTHS)

    def _wrong(self, line: int, what: str, resolution: str) -> InvalidRequest:
        return _invalid(f"{self._file.name}, line {line}: {what}", resolution)


def _rows(file: DemandFile) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the number of its line and its cells stripped."""
    text = file.text.removeprefix(_BYTE_ORDER_MARK)
    for line, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        if len(row) > _ROW_LENGTH_MAX or not row.replace("\t", " ").isprintable():
            raise _invalid(
                f"{file.name}, line {line}: is no row of time and visitors",
                "give a CSV file: time,visitors",
            )
        yield line, [cell.strip() for cell in next(csv.reader([row]))]


def _number(text: str) -> Decimal | None:
    """The number, or None where it is none, or one without end."""
    if not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _invalid(message: str, resolution: str) -> InvalidRequest:
    return InvalidRequest("InvalidDemand", message, resolution)
