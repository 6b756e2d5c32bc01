"""Machines on demand, by hand: every case with its arithmetic.

In the test book a second costs 0.00005 (nano), 0.0001 (micro; 0.00005 from 2024-03-10 on), 0.0002
(small), 0.0004 (medium), 0.001 (m5.large), 0.085/3600 (c5.large).
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.period import Period, parse_instant
from tests.unit.billing_book import at, in_order, period, run, state
from tests.unit.billing_cases import Case, check

_DAY = period("03-01 00:00:00", "03-02 00:00:00")
_FEBRUARY = period("02-01 00:00:00", "03-01 00:00:00")
_MARCH = period("03-01 00:00:00", "04-01 00:00:00")


def _local(zone_name: str, begins: str, ends: str) -> Period:
    zone = ZoneInfo(zone_name)
    now_s = second_of(at("2100-01-01 00:00:00"))
    return Period(parse_instant(begins, zone), parse_instant(ends, zone), now_s)


CASES = [
    Case(
        "one hour",
        run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
        _DAY,
        "3600 s x 0.0001",
        ["on-demand i-a 0.36"],
    ),
    Case(
        "start and stop within the minute",
        run("i-a", "03-01 10:00:00", "03-01 10:00:20"),
        _DAY,
        "20 s x 0.0001, and 60 - 20 = 40 s x 0.0001",
        ["on-demand i-a 0.002", "on-demand-minimum i-a 0.004"],
    ),
    Case(
        "a second short of a minute",
        run("i-a", "03-01 10:00:00", "03-01 10:00:59"),
        _DAY,
        "59 s x 0.0001, and 1 s x 0.0001",
        ["on-demand i-a 0.0059", "on-demand-minimum i-a 0.0001"],
    ),
    Case(
        "a minute",
        run("i-a", "03-01 10:00:00", "03-01 10:01:00"),
        _DAY,
        "60 s x 0.0001",
        ["on-demand i-a 0.006"],
    ),
    Case(
        "a minute and a second",
        run("i-a", "03-01 10:00:00", "03-01 10:01:01"),
        _DAY,
        "61 s x 0.0001",
        ["on-demand i-a 0.0061"],
    ),
    Case(
        "started and stopped in one second",
        run("i-a", "03-01 10:00:00.100", "03-01 10:00:00.900"),
        _DAY,
        "0 s, and 60 s x 0.0001",
        ["on-demand-minimum i-a 0.006"],
    ),
    Case(
        "fractions of seconds are cut off at both ends: longer",
        run("i-a", "03-01 10:00:00.900", "03-01 10:01:01.100"),
        _DAY,
        "from second 0 to second 61: 61 s x 0.0001",
        ["on-demand i-a 0.0061"],
    ),
    Case(
        "fractions of seconds are cut off at both ends: shorter",
        run("i-a", "03-01 10:00:00.100", "03-01 10:01:00.900"),
        _DAY,
        "from second 0 to second 60: 60 s x 0.0001",
        ["on-demand i-a 0.006"],
    ),
    Case(
        "every start has its minute",
        in_order(
            run("i-a", "03-01 10:00:00", "03-01 10:00:10"),
            run("i-a", "03-01 10:00:20", "03-01 10:00:30"),
        ),
        _DAY,
        "(10 + 10) s x 0.0001, and (50 + 50) s x 0.0001",
        ["on-demand i-a 0.002", "on-demand-minimum i-a 0.01"],
    ),
    Case(
        "stopped, made larger, started",
        in_order(
            run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
            run("i-a", "03-01 12:00:00", "03-01 13:00:00", "t3.small"),
        ),
        _DAY,
        "3600 s x 0.0001 as micro, 3600 s x 0.0002 as small, nothing between",
        ["on-demand i-a 0.36", "on-demand i-a 0.72"],
    ),
    Case(
        "two machines of two types",
        in_order(
            run("i-b", "03-01 10:00:00", "03-01 11:00:00", "t3.medium"),
            run("i-a", "03-01 10:30:00", "03-01 11:30:00", "t3.nano"),
        ),
        _DAY,
        "3600 s x 0.00005, and 3600 s x 0.0004",
        ["on-demand i-a 0.18", "on-demand i-b 1.44"],
    ),
    Case(
        "only running costs",
        [
            state("03-01 10:00:00", "i-a", "pending"),
            state("03-01 10:01:00", "i-a", "running"),
            state("03-01 10:02:00", "i-a", "stopping"),
            state("03-01 10:09:00", "i-a", "stopped"),
            state("03-01 12:00:00", "i-a", "terminated"),
        ],
        _DAY,
        "60 s x 0.0001",
        ["on-demand i-a 0.006"],
    ),
    Case(
        "terminated while it ran",
        [
            state("03-01 10:00:00", "i-a", "pending"),
            state("03-01 10:00:00", "i-a", "running"),
            state("03-01 11:00:00", "i-a", "shutting-down"),
            state("03-01 11:30:00", "i-a", "terminated"),
        ],
        _DAY,
        "3600 s x 0.0001",
        ["on-demand i-a 0.36"],
    ),
    Case(
        "never ran",
        [
            state("03-01 10:00:00", "i-a", "pending"),
            state("03-01 10:30:00", "i-a", "terminated"),
        ],
        _DAY,
        "nothing",
        [],
    ),
    Case(
        "still running: until now",
        run("i-a", "03-01 10:00:00"),
        period("03-01 00:00:00", "03-01 10:30:00", now="03-01 10:30:00"),
        "1800 s x 0.0001",
        ["on-demand i-a 0.18"],
    ),
    Case(
        "still running, for less than a minute",
        run("i-a", "03-01 10:00:00"),
        period("03-01 00:00:00", "03-01 10:00:10", now="03-01 10:00:10"),
        "10 s x 0.0001: what it lacks is billed when it stops",
        ["on-demand i-a 0.001"],
    ),
    Case(
        "a period that ends in the future",
        run("i-a", "03-01 10:00:00"),
        period("03-01 11:00:00", "03-01 14:00:00", now="03-01 12:00:00"),
        "3600 s x 0.0001 happened; 7200 s x 0.0001 have not",
        ["on-demand i-a 0.36", "on-demand i-a 0.72 est"],
    ),
    Case(
        "a period that is all in the future",
        run("i-a", "03-01 10:00:00"),
        period("03-01 13:00:00", "03-01 14:00:00", now="03-01 12:00:00"),
        "3600 s x 0.0001 have not happened",
        ["on-demand i-a 0.36 est"],
    ),
    Case(
        "an estimated price",
        run("i-a", "03-01 10:00:00", "03-01 11:00:00", "r5.large"),
        _DAY,
        "3600 s x 0.002, a guess",
        ["on-demand i-a 7.2 est"],
    ),
    Case(
        "the price changes in the middle of a run",
        run("i-a", "03-09 23:00:00", "03-10 02:00:00"),
        _MARCH,
        "3600 s x 0.0001, then 7200 s x 0.00005",
        ["on-demand i-a 0.36", "on-demand i-a 0.36"],
    ),
    Case(
        "the price changes within a run's only minute",
        run("i-a", "03-09 23:59:50", "03-10 00:00:05"),
        _MARCH,
        "10 s x 0.0001; 5 s x 0.00005; 60 - 15 = 45 s at the price of the stop, 0.00005",
        ["on-demand i-a 0.001", "on-demand i-a 0.00025", "on-demand-minimum i-a 0.00225"],
    ),
    Case(
        "a run that begins before the period",
        run("i-a", "02-29 12:00:00", "03-01 12:00:00"),
        _MARCH,
        "43200 s x 0.0001",
        ["on-demand i-a 4.32"],
    ),
    Case(
        "a run that ends after the period",
        run("i-a", "03-31 12:00:00", "04-01 12:00:00"),
        _MARCH,
        "43200 s x 0.00005",
        ["on-demand i-a 2.16"],
    ),
    Case(
        "a period within a run",
        run("i-a", "2023-01-01 00:00:00", "12-31 00:00:00"),
        _DAY,
        "86400 s x 0.0001",
        ["on-demand i-a 8.64"],
    ),
    Case(
        "a run that ended as the period began",
        run("i-a", "02-29 23:00:00", "03-01 00:00:00"),
        _MARCH,
        "nothing: the period's first second is after it",
        [],
    ),
    Case(
        "the end of the month, of February",
        run("i-a", "02-29 23:30:00", "03-01 00:30:00"),
        _FEBRUARY,
        "1800 s x 0.0001",
        ["on-demand i-a 0.18"],
    ),
    Case(
        "the end of the month, of March",
        run("i-a", "02-29 23:30:00", "03-01 00:30:00"),
        _MARCH,
        "1800 s x 0.0001",
        ["on-demand i-a 0.18"],
    ),
    Case(
        "a short run over the end of the month: February pays what ran in it",
        run("i-a", "02-29 23:59:50", "03-01 00:00:05"),
        _FEBRUARY,
        "10 s x 0.0001",
        ["on-demand i-a 0.001"],
    ),
    Case(
        "a short run over the end of the month: March pays what was missing",
        run("i-a", "02-29 23:59:50", "03-01 00:00:05"),
        _MARCH,
        "5 s x 0.0001, and 60 - 15 = 45 s x 0.0001",
        ["on-demand i-a 0.0005", "on-demand-minimum i-a 0.0045"],
    ),
    Case(
        "the leap day",
        run("i-a", "02-29 00:00:00", "03-01 00:00:00"),
        _FEBRUARY,
        "86400 s x 0.0001",
        ["on-demand i-a 8.64"],
    ),
    Case(
        "all of a leap year's February",
        run("i-a", "01-15 00:00:00", "03-15 00:00:00"),
        _FEBRUARY,
        "29 x 24 h x 0.36",
        ["on-demand i-a 250.56"],
    ),
    Case(
        "all of another February",
        run("i-a", "2023-01-15 00:00:00", "2023-03-15 00:00:00"),
        period("2023-02-01 00:00:00", "2023-03-01 00:00:00"),
        "28 x 24 h x 0.36",
        ["on-demand i-a 241.92"],
    ),
    Case(
        "a day in New York that has 23 hours",
        run("i-a", "2020-01-01 00:00:00", None, "t3.nano"),
        _local("America/New_York", "2024-03-10", "2024-03-11"),
        "05:00Z to 04:00Z: 23 h x 0.18",
        ["on-demand i-a 4.14"],
    ),
    Case(
        "a day in New York that has 25 hours",
        run("i-a", "2020-01-01 00:00:00", None, "t3.nano"),
        _local("America/New_York", "2024-11-03", "2024-11-04"),
        "04:00Z to 05:00Z: 25 h x 0.18",
        ["on-demand i-a 4.5"],
    ),
    Case(
        "a day in Seoul",
        run("i-a", "03-04 00:00:00", "03-05 00:00:00"),
        _local("Asia/Seoul", "2024-03-05", "2024-03-06"),
        "from 15:00Z on the 4th: 9 h x 0.36",
        ["on-demand i-a 3.24"],
    ),
    Case(
        "an amount that does not end",
        run("i-a", "03-01 10:00:00", "03-01 10:01:40", "c5.large"),
        _DAY,
        "100 s x 0.085 / 3600 = 0.00236111...",
        ["on-demand i-a 0.002361111111"],
    ),
    Case(
        "amounts that do not end are rounded each, and the total is their sum",
        run("i-a", "03-01 10:00:00", "03-01 10:00:01", "c5.large"),
        _DAY,
        "1 s: 0.0000236111...; 59 s: 5.015 / 3600 = 0.00139305555...",
        ["on-demand i-a 0.000023611111", "on-demand-minimum i-a 0.001393055556"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
