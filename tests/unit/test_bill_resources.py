"""Elastic IPs and images, by hand: every case with its arithmetic.

In the test book an address costs 0.036 an hour (the first on a running machine nothing until
2024-01-31), a GB-month 0.0696 (0.0348 from 2024-03-16 on), a nano 0.18 an hour.
"""

from __future__ import annotations

import pytest

from tests.unit.billing_book import (
    allocate,
    associate,
    disassociate,
    image,
    in_order,
    period,
    release,
    run,
    state,
)
from tests.unit.billing_cases import Case, check

_OLD = period("2023-12-01 10:00:00", "2023-12-01 14:00:00")
_NEW = period("03-01 10:00:00", "03-01 14:00:00")
_MARCH = period("03-01 00:00:00", "04-01 00:00:00")
# Machines that run, or rest, all the time; the running one costs 4 h x 0.18 in either period.
_RUNNING = run("i-run", "2023-01-01 00:00:00", None, "t3.nano")
_RESTING = [
    state("2023-01-01 00:00:00", "i-rest", "pending"),
    state("2023-01-01 00:00:00", "i-rest", "stopped"),
]
_RUN_LINE = "on-demand i-run 0.72"

ADDRESSES = [
    Case(
        "before: the only one on a running machine",
        in_order(
            _RUNNING, allocate("2023-12-01 09:00:00"), associate("2023-12-01 09:00:00", "i-run")
        ),
        _OLD,
        "4 h x 0",
        [_RUN_LINE, "address-in-use eip 0"],
    ),
    Case(
        "since: the only one on a running machine",
        in_order(_RUNNING, allocate("03-01 09:00:00"), associate("03-01 09:00:00", "i-run")),
        _NEW,
        "4 h x 0.036",
        [_RUN_LINE, "address-in-use eip 0.144"],
    ),
    Case(
        "before: a second one on the same machine",
        in_order(
            _RUNNING,
            [allocate("2023-12-01 09:00:00", "eip-1"), allocate("2023-12-01 09:00:00", "eip-2")],
            associate("2023-12-01 09:10:00", "i-run", "eip-2"),
            associate("2023-12-01 09:20:00", "i-run", "eip-1"),
        ),
        _OLD,
        "the one associated first: 4 h x 0; the other: 4 h x 0.036",
        [_RUN_LINE, "address-additional eip-1 0.144", "address-in-use eip-2 0"],
    ),
    Case(
        "since: a second one on the same machine",
        in_order(
            _RUNNING,
            [allocate("03-01 09:00:00", "eip-1"), allocate("03-01 09:00:00", "eip-2")],
            associate("03-01 09:10:00", "i-run", "eip-1"),
            associate("03-01 09:20:00", "i-run", "eip-2"),
        ),
        _NEW,
        "4 h x 0.036 each",
        [_RUN_LINE, "address-in-use eip-1 0.144", "address-additional eip-2 0.144"],
    ),
    Case(
        "before: on a stopped machine",
        in_order(
            _RESTING, allocate("2023-12-01 09:00:00"), associate("2023-12-01 09:00:00", "i-rest")
        ),
        _OLD,
        "4 h x 0.036",
        ["address-on-stopped eip 0.144"],
    ),
    Case(
        "since: on a stopped machine",
        in_order(_RESTING, allocate("03-01 09:00:00"), associate("03-01 09:00:00", "i-rest")),
        _NEW,
        "4 h x 0.036",
        ["address-on-stopped eip 0.144"],
    ),
    Case(
        "before: unattached",
        [allocate("2023-12-01 09:00:00")],
        _OLD,
        "4 h x 0.036",
        ["address-unattached eip 0.144"],
    ),
    Case(
        "since: unattached, and released",
        [allocate("03-01 10:00:00"), release("03-01 10:30:00")],
        _NEW,
        "0.5 h x 0.036",
        ["address-unattached eip 0.018"],
    ),
    Case(
        "the rule changes while it is in use",
        in_order(_RUNNING, allocate("01-31 10:00:00"), associate("01-31 10:00:00", "i-run")),
        period("01-31 22:00:00", "02-01 02:00:00"),
        "2 h x 0, then 2 h x 0.036",
        [_RUN_LINE, "address-in-use eip 0", "address-in-use eip 0.072"],
    ),
    Case(
        "moved between a running and a stopped machine",
        in_order(
            [*_RUNNING, *_RESTING],
            [allocate("2023-12-01 10:00:00"), associate("2023-12-01 10:00:00", "i-run")],
            disassociate("2023-12-01 11:00:00", "i-run"),
            associate("2023-12-01 11:00:00", "i-rest"),
            disassociate("2023-12-01 13:00:00", "i-rest"),
            associate("2023-12-01 13:00:00", "i-run"),
        ),
        _OLD,
        "on the running one 1 + 1 h x 0, on the stopped one 2 h x 0.036",
        [_RUN_LINE, "address-in-use eip 0", "address-on-stopped eip 0.072"],
    ),
    Case(
        "its machine stops and starts",
        in_order(
            run("i-a", "2023-12-01 10:00:00", "2023-12-01 11:00:00"),
            run("i-a", "2023-12-01 13:00:00", "2023-12-01 14:00:00"),
            allocate("2023-12-01 10:00:00"),
            associate("2023-12-01 10:00:00", "i-a"),
        ),
        _OLD,
        "2 h x 0 while it runs, 2 h x 0.036 while it does not; the machine 2 h x 0.36",
        ["on-demand i-a 0.72", "address-in-use eip 0", "address-on-stopped eip 0.072"],
    ),
    Case(
        "the first one goes, and the second one is the first",
        in_order(
            _RUNNING,
            [allocate("2023-12-01 10:00:00", "eip-1"), allocate("2023-12-01 10:00:00", "eip-2")],
            associate("2023-12-01 10:00:00", "i-run", "eip-1"),
            associate("2023-12-01 10:00:00", "i-run", "eip-2"),
            disassociate("2023-12-01 12:00:00", "i-run", "eip-1"),
        ),
        _OLD,
        "each 2 h x 0 as the first; eip-1 2 h x 0.036 unattached, eip-2 2 h x 0.036 as one more",
        [
            _RUN_LINE,
            "address-in-use eip-1 0",
            "address-unattached eip-1 0.072",
            "address-in-use eip-2 0",
            "address-additional eip-2 0.072",
        ],
    ),
    Case(
        "its machine is terminated",
        in_order(
            run("i-a", "2023-12-01 10:00:00"),
            [allocate("2023-12-01 10:00:00"), associate("2023-12-01 10:00:00", "i-a")],
            disassociate("2023-12-01 12:00:00", "i-a"),
            state("2023-12-01 12:00:00", "i-a", "terminated"),
        ),
        _OLD,
        "the machine 2 h x 0.36; the address 2 h x 0, then 2 h x 0.036",
        ["on-demand i-a 0.72", "address-in-use eip 0", "address-unattached eip 0.072"],
    ),
    Case(
        "all of the leap day",
        [allocate("2023-01-01 00:00:00")],
        period("02-29 00:00:00", "03-01 00:00:00"),
        "24 h x 0.036",
        ["address-unattached eip 0.864"],
    ),
    Case(
        "less than an hour, to the second",
        [allocate("03-01 10:00:00"), release("03-01 10:00:01")],
        _NEW,
        "1 s x 0.036 / 3600",
        ["address-unattached eip 0.00001"],
    ),
]

IMAGES = [
    Case(
        "1 GB for all of a leap year's February",
        [image("01-15 00:00:00")],
        period("02-01 00:00:00", "03-01 00:00:00"),
        "1 GB-month x 0.0696",
        ["image-storage ami 2024-02 0.0696"],
    ),
    Case(
        "1 GB for all of another February",
        [image("2023-01-15 00:00:00")],
        period("2023-02-01 00:00:00", "2023-03-01 00:00:00"),
        "1 GB-month x 0.0696",
        ["image-storage ami 2023-02 0.0696"],
    ),
    Case(
        "1 GB for the leap day",
        [image("02-29 00:00:00"), image("03-01 00:00:00", kept=False)],
        period("02-01 00:00:00", "04-01 00:00:00"),
        "1/29 x 0.0696",
        ["image-storage ami 2024-02 0.0024"],
    ),
    Case(
        "1 GB for a day of March",
        [image("03-05 00:00:00"), image("03-06 00:00:00", kept=False)],
        _MARCH,
        "1/31 x 0.0696 = 0.00224516129032...",
        ["image-storage ami 2024-03 0.00224516129"],
    ),
    Case(
        "half a GB for a day",
        [image("02-05 00:00:00", size_bytes=2**29), image("02-06 00:00:00", kept=False)],
        period("02-01 00:00:00", "03-01 00:00:00"),
        "0.5/29 x 0.0696",
        ["image-storage ami 2024-02 0.0012"],
    ),
    Case(
        "over the end of a month",
        [image("02-28 00:00:00"), image("03-02 00:00:00", kept=False)],
        period("01-01 00:00:00", "04-01 00:00:00"),
        "2/29 x 0.0696, and 1/31 x 0.0696",
        ["image-storage ami 2024-02 0.0048", "image-storage ami 2024-03 0.00224516129"],
    ),
    Case(
        "the price changes in the middle of the month",
        [image("03-15 00:00:00"), image("03-17 00:00:00", kept=False)],
        _MARCH,
        "1/31 x 0.0696, and 1/31 x 0.0348 = 0.00112258064516...",
        ["image-storage ami 2024-03 0.00224516129", "image-storage ami 2024-03 0.001122580645"],
    ),
    Case(
        "still kept: until now",
        [image("02-05 00:00:00")],
        period("02-05 00:00:00", "02-06 12:00:00", now="02-06 12:00:00"),
        "1.5/29 x 0.0696",
        ["image-storage ami 2024-02 0.0036"],
    ),
    Case(
        "so little that it is rounded to nothing",
        [image("02-05 00:00:00", size_bytes=1), image("02-05 00:00:01", kept=False)],
        period("02-01 00:00:00", "03-01 00:00:00"),
        "1 byte for 1 s of February: 2.6e-17",
        ["image-storage ami 2024-02 0"],
    ),
]


@pytest.mark.parametrize("case", ADDRESSES + IMAGES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
