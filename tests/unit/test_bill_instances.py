"""Machines on demand, by hand: every case with its arithmetic.

In the test book a second costs 0.00005 (nano), 0.0001 (micro; 0.00005 from 2024-03-10 on), 0.0002
(small), 0.0004 (medium), 0.001 (m5.large), 0.085/3600 (c5.large).
"""

from __future__ import annotations

import pytest

from tests.unit.billing_book import in_order, period, run, state
from tests.unit.billing_cases import Case, check

_DAY = period("03-01 00:00:00", "03-02 00:00:00")
_FEBRUARY = period("02-01 00:00:00", "03-01 00:00:00")
_MARCH = period("03-01 00:00:00", "04-01 00:00:00")

CASES = [
    Case(
        "one hour",
        run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
        _DAY,
        "3600 s x 0.0001; its own address: 3600 s x 0.00001",
        ["on-demand i-a 0.36", "address-automatic i-a 0.036"],
    ),
    Case(
        "start and stop within the minute",
        run("i-a", "03-01 10:00:00", "03-01 10:00:20"),
        _DAY,
        "20 s x 0.0001, and 60 - 20 = 40 s x 0.0001; its own address: 20 s x 0.00001",
        [
            "on-demand i-a 0.002",
            "on-demand-minimum i-a 0.004",
            "address-automatic i-a 0.0002",
        ],
    ),
    Case(
        "a second short of a minute",
        run("i-a", "03-01 10:00:00", "03-01 10:00:59"),
        _DAY,
        "59 s x 0.0001, and 1 s x 0.0001; its own address: 59 s x 0.00001",
        [
            "on-demand i-a 0.0059",
            "on-demand-minimum i-a 0.0001",
            "address-automatic i-a 0.00059",
        ],
    ),
    Case(
        "a minute",
        run("i-a", "03-01 10:00:00", "03-01 10:01:00"),
        _DAY,
        "60 s x 0.0001; its own address: 60 s x 0.00001",
        ["on-demand i-a 0.006", "address-automatic i-a 0.0006"],
    ),
    Case(
        "a minute and a second",
        run("i-a", "03-01 10:00:00", "03-01 10:01:01"),
        _DAY,
        "61 s x 0.0001; its own address: 61 s x 0.00001",
        ["on-demand i-a 0.0061", "address-automatic i-a 0.00061"],
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
        "from second 0 to second 61: 61 s x 0.0001; its own address: 61 s x 0.00001",
        ["on-demand i-a 0.0061", "address-automatic i-a 0.00061"],
    ),
    Case(
        "fractions of seconds are cut off at both ends: shorter",
        run("i-a", "03-01 10:00:00.100", "03-01 10:01:00.900"),
        _DAY,
        "from second 0 to second 60: 60 s x 0.0001; its own address: 60 s x 0.00001",
        ["on-demand i-a 0.006", "address-automatic i-a 0.0006"],
    ),
    Case(
        "every start has its minute",
        in_order(
            run("i-a", "03-01 10:00:00", "03-01 10:00:10"),
            run("i-a", "03-01 10:00:20", "03-01 10:00:30"),
        ),
        _DAY,
        "(10 + 10) s x 0.0001, and (50 + 50) s x 0.0001; its own address: 20 s x 0.00001",
        ["on-demand i-a 0.002", "on-demand-minimum i-a 0.01", "address-automatic i-a 0.0002"],
    ),
    Case(
        "stopped, made larger, started",
        in_order(
            run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
            run("i-a", "03-01 12:00:00", "03-01 13:00:00", "t3.small"),
        ),
        _DAY,
        "3600 s x 0.0001 as micro, 3600 s x 0.0002 as small, nothing between; its own "
        "address: 7200 s x 0.00001",
        ["on-demand i-a 0.36", "on-demand i-a 0.72", "address-automatic i-a 0.072"],
    ),
    Case(
        "two machines of two types",
        in_order(
            run("i-b", "03-01 10:00:00", "03-01 11:00:00", "t3.medium"),
            run("i-a", "03-01 10:30:00", "03-01 11:30:00", "t3.nano"),
        ),
        _DAY,
        "3600 s x 0.00005, and 3600 s x 0.0004; i-a's own address: 3600 s x 0.00001; i-b's "
        "own address: 3600 s x 0.00001",
        [
            "on-demand i-a 0.18",
            "on-demand i-b 1.44",
            "address-automatic i-a 0.036",
            "address-automatic i-b 0.036",
        ],
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
        "60 s x 0.0001; its own address: 60 s x 0.00001",
        ["on-demand i-a 0.006", "address-automatic i-a 0.0006"],
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
        "3600 s x 0.0001; its own address: 3600 s x 0.00001",
        ["on-demand i-a 0.36", "address-automatic i-a 0.036"],
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
        "1800 s x 0.0001; its own address: 1800 s x 0.00001",
        ["on-demand i-a 0.18", "address-automatic i-a 0.018"],
    ),
    Case(
        "still running, for less than a minute",
        run("i-a", "03-01 10:00:00"),
        period("03-01 00:00:00", "03-01 10:00:10", now="03-01 10:00:10"),
        "10 s x 0.0001: what it lacks is billed when it stops; its own address: 10 s x 0.00001",
        ["on-demand i-a 0.001", "address-automatic i-a 0.0001"],
    ),
    Case(
        "a period that ends in the future",
        run("i-a", "03-01 10:00:00"),
        period("03-01 11:00:00", "03-01 14:00:00", now="03-01 12:00:00"),
        "3600 s x 0.0001 happened; 7200 s x 0.0001 have not; its own address: 3600 s and 7200"
        " s to come x 0.00001",
        [
            "on-demand i-a 0.36",
            "on-demand i-a 0.72 est",
            "address-automatic i-a 0.036",
            "address-automatic i-a 0.072 est",
        ],
    ),
    Case(
        "a period that is all in the future",
        run("i-a", "03-01 10:00:00"),
        period("03-01 13:00:00", "03-01 14:00:00", now="03-01 12:00:00"),
        "3600 s x 0.0001 have not happened; its own address: 3600 s to come x 0.00001",
        ["on-demand i-a 0.36 est", "address-automatic i-a 0.036 est"],
    ),
    Case(
        "an estimated price",
        run("i-a", "03-01 10:00:00", "03-01 11:00:00", "r5.large"),
        _DAY,
        "3600 s x 0.002, a guess; its own address: 3600 s x 0.00001",
        ["on-demand i-a 7.2 est", "address-automatic i-a 0.036"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
