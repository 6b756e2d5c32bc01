"""What a month will cost if all goes on as it is: what has been spent, and what is still to come.

Both come of one bill of the whole month, whose lines know which of them has not happened yet: what
runs now runs until the end, prices change on the days that the book says, reservations end when
they end, and each is matched hour by hour as ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from minicloud.domain.billing.bill import total_of
from minicloud.domain.billing.line import Line, Service
from minicloud.domain.billing.period import YEARS, Period
from minicloud.domain.billing.price import day_start_s
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Cost:
    """What is spent already, and what it will have come to at the end."""

    spent_usd: Decimal
    forecast_usd: Decimal

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Cost:
        """What these lines come to."""
        gathered = [*lines]
        spent = total_of(line for line in gathered if not line.doubt.is_future)
        return cls(spent, total_of(gathered))

    @property
    def to_come_usd(self) -> Decimal:
        """What is still to come."""
        return self.forecast_usd - self.spent_usd


def cost_by_service(lines: Iterable[Line]) -> dict[Service, Cost]:
    """The cost of every service that has lines, in the order of a bill."""
    gathered = [*lines]
    found = {
        service: [line for line in gathered if line.what.rule.service is service]
        for service in Service
    }
    return {service: Cost.of(of_one) for service, of_one in found.items() if of_one}


def month_period(month: str | None, now_s: int) -> Period:
    """A month (UTC), as ``2026-12``, or the one that the second before ``now_s`` is in.

    ``InvalidParameterValue`` where the text is no month.
    """
    first = _first_day(month) if month is not None else _month_of(now_s - 1)
    return Period(day_start_s(first), day_start_s(_next_month(first)), now_s)


def _first_day(month: str) -> date:
    found = _MONTH.fullmatch(month)
    if found is None or int(found[1]) not in YEARS or not 1 <= int(found[2]) <= _MONTHS_A_YEAR:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(month)} is not a month from {YEARS[0]}-01 to {YEARS[-1]}-12",
            "write it as 2026-12",
        )
    return date(int(found[1]), int(found[2]), 1)


def _month_of(at_s: int) -> date:
    return datetime.fromtimestamp(at_s, UTC).date().replace(day=1)


def _next_month(first: date) -> date:
    is_last = first.month == _MONTHS_A_YEAR
    return date(first.year + is_last, 1 if is_last else first.month + 1, 1)
