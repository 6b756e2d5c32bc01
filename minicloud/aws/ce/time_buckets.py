"""The days and months into which Cost Explorer cuts a period; all of them are UTC's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Shape
from minicloud.domain.tags import shown

DAILY, MONTHLY = "DAILY", "MONTHLY"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTHS_A_YEAR, _DAYS_A_MONTH = 12, 31


@dataclass(frozen=True)
class Bucket:
    """From one day up to but without another."""

    start: date
    end: date

    def holds(self, day: date) -> bool:
        """Whether the day is in it."""
        return self.start <= day < self.end

    @property
    def shape(self) -> Shape:
        """As answers have it."""
        return {"Start": self.start.isoformat(), "End": self.end.isoformat()}


def buckets(request: Mapping[str, Any], months_max: Mapping[str, int]) -> list[Bucket]:
    """What ``TimePeriod`` and ``Granularity`` ask for, in its order.

    ``months_max`` by granularity: those that are carried out, and how long a period may be, as
    AWS has it. ``ValidationException`` for what is none.
    """
    granularity = request["Granularity"]
    if granularity not in months_max:
        raise AwsFailure(
            "ValidationException",
            f"The granularity {shown(granularity)} is not supported by minicloud; there are"
            f" {', '.join(months_max)}",
        )
    whole = Bucket(_day(request["TimePeriod"]["Start"]), _day(request["TimePeriod"]["End"]))
    if whole.start >= whole.end:
        raise AwsFailure(
            "ValidationException", "Start date (and hour) should be before end date (and hour)"
        )
    if (whole.end - whole.start).days > months_max[granularity] * _DAYS_A_MONTH:
        raise AwsFailure(
            "ValidationException",
            f"A period of {granularity} costs has at most {months_max[granularity]} months",
        )
    return _cut(whole, granularity)


def _cut(whole: Bucket, granularity: str) -> list[Bucket]:
    cut: list[Bucket] = []
    start = whole.start
    while start < whole.end:
        following = start + timedelta(days=1) if granularity == DAILY else _next_month(start)
        cut.append(Bucket(start, min(following, whole.end)))
        start = following
    return cut


def _next_month(day: date) -> date:
    is_last = day.month == _MONTHS_A_YEAR
    return date(day.year + is_last, 1 if is_last else day.month + 1, 1)


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise _no_day(text) from error
    raise _no_day(text)


def _no_day(text: str) -> AwsFailure:
    return AwsFailure("ValidationException", f"{shown(text)} is not a day in the form 2026-11-25")
