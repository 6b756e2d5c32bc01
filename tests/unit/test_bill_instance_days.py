"""Machines on demand over the days of prices, periods and calendars, by hand.

In the test book a second of a micro costs 0.0001, and 0.00005 from 2024-03-10 on; of a c5.large
0.085/3600.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.period import Period, parse_instant
from tests.unit.billing_book import at, period, run
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
        "the price changes in the middle of a run",
        run("i-a", "03-09 23:00:00", "03-10 02:00:00"),
        _MARCH,
        "3600 s x 0.0001, then 7200 s x 0.00005; its own address: 10800 s x 0.00001",
        ["on-demand i-a 0.36", "on-demand i-a 0.36", "address-automatic i-a 0.108"],
    ),
    Case(
        "the price changes within a run's only minute",
        run("i-a", "03-09 23:59:50", "03-10 00:00:05"),
        _MARCH,
        "10 s x 0.0001; 5 s x 0.00005; 60 - 15 = 45 s at the price of the stop, 0.00005; its "
        "own address: 15 s x 0.00001",
        [
            "on-demand i-a 0.001",
            "on-demand i-a 0.00025",
            "on-demand-minimum i-a 0.00225",
            "address-automatic i-a 0.00015",
        ],
    ),
    Case(
        "a run that begins before the period",
        run("i-a", "02-29 12:00:00", "03-01 12:00:00"),
        _MARCH,
        "43200 s x 0.0001; its own address: 43200 s x 0.00001",
        ["on-demand i-a 4.32", "address-automatic i-a 0.432"],
    ),
    Case(
        "a run that ends after the period",
        run("i-a", "03-31 12:00:00", "04-01 12:00:00"),
        _MARCH,
        "43200 s x 0.00005; its own address: 43200 s x 0.00001",
        ["on-demand i-a 2.16", "address-automatic i-a 0.432"],
    ),
    Case(
        "a period within a run",
        run("i-a", "2023-01-01 00:00:00", "12-31 00:00:00"),
        _DAY,
        "86400 s x 0.0001; its own address: 86400 s x 0.00001",
        ["on-demand i-a 8.64", "address-automatic i-a 0.864"],
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
        "1800 s x 0.0001; its own address: 1800 s x 0.00001",
        ["on-demand i-a 0.18", "address-automatic i-a 0.018"],
    ),
    Case(
        "the end of the month, of March",
        run("i-a", "02-29 23:30:00", "03-01 00:30:00"),
        _MARCH,
        "1800 s x 0.0001; its own address: 1800 s x 0.00001",
        ["on-demand i-a 0.18", "address-automatic i-a 0.018"],
    ),
    Case(
        "a short run over the end of the month: February pays what ran in it",
        run("i-a", "02-29 23:59:50", "03-01 00:00:05"),
        _FEBRUARY,
        "10 s x 0.0001; its own address: 10 s x 0.00001",
        ["on-demand i-a 0.001", "address-automatic i-a 0.0001"],
    ),
    Case(
        "a short run over the end of the month: March pays what was missing",
        run("i-a", "02-29 23:59:50", "03-01 00:00:05"),
        _MARCH,
        "5 s x 0.0001, and 60 - 15 = 45 s x 0.0001; its own address: 5 s x 0.00001",
        [
            "on-demand i-a 0.0005",
            "on-demand-minimum i-a 0.0045",
            "address-automatic i-a 0.00005",
        ],
    ),
    Case(
        "the leap day",
        run("i-a", "02-29 00:00:00", "03-01 00:00:00"),
        _FEBRUARY,
        "86400 s x 0.0001; its own address: 86400 s x 0.00001",
        ["on-demand i-a 8.64", "address-automatic i-a 0.864"],
    ),
    Case(
        "all of a leap year's February",
        run("i-a", "01-15 00:00:00", "03-15 00:00:00"),
        _FEBRUARY,
        "29 x 24 h x 0.36; its own address: 2505600 s x 0.00001",
        ["on-demand i-a 250.56", "address-automatic i-a 25.056"],
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
        "05:00Z to 04:00Z: 23 h x 0.18; its own address: 82800 s x 0.00001",
        ["on-demand i-a 4.14", "address-automatic i-a 0.828"],
    ),
    Case(
        "a day in New York that has 25 hours",
        run("i-a", "2020-01-01 00:00:00", None, "t3.nano"),
        _local("America/New_York", "2024-11-03", "2024-11-04"),
        "04:00Z to 05:00Z: 25 h x 0.18; its own address: 90000 s x 0.00001",
        ["on-demand i-a 4.5", "address-automatic i-a 0.9"],
    ),
    Case(
        "a day in Seoul",
        run("i-a", "03-04 00:00:00", "03-05 00:00:00"),
        _local("Asia/Seoul", "2024-03-05", "2024-03-06"),
        "from 15:00Z on the 4th: 9 h x 0.36; its own address: 32400 s x 0.00001",
        ["on-demand i-a 3.24", "address-automatic i-a 0.324"],
    ),
    Case(
        "an amount that does not end",
        run("i-a", "03-01 10:00:00", "03-01 10:01:40", "c5.large"),
        _DAY,
        "100 s x 0.085 / 3600 = 0.00236111...; its own address: 100 s x 0.00001",
        ["on-demand i-a 0.002361111111", "address-automatic i-a 0.001"],
    ),
    Case(
        "amounts that do not end are rounded each, and the total is their sum",
        run("i-a", "03-01 10:00:00", "03-01 10:00:01", "c5.large"),
        _DAY,
        "1 s: 0.0000236111...; 59 s: 5.015 / 3600 = 0.00139305555...; its own address: 1 s x "
        "0.00001",
        [
            "on-demand i-a 0.000023611111",
            "on-demand-minimum i-a 0.001393055556",
            "address-automatic i-a 0.00001",
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
