"""Public addresses that nobody allocated, by hand: every case with its arithmetic.

In the test book a public address costs 0.036 an hour, 0.00001 a second (nothing until 2024-01-31),
a second of a nano 0.00005 and of a micro 0.0001, a balancer's hour 0.0225.
"""

from __future__ import annotations

import pytest

from tests.unit.billing_book import (
    allocate,
    associate,
    balancer,
    disassociate,
    in_order,
    period,
    run,
    state,
)
from tests.unit.billing_cases import Case, check

_MARCH = period("03-01 00:00:00", "04-01 00:00:00")
_FOUR_HOURS = period("03-01 10:00:00", "03-01 14:00:00")
_OWN = "its own address: "

CASES = [
    Case(
        "before February 2024 nothing, and no line",
        run("i-a", "2023-12-01 10:00:00", "2023-12-01 11:00:00", "t3.nano"),
        period("2023-12-01 00:00:00", "2024-01-01 00:00:00"),
        "3600 s x 0.00005",
        ["on-demand i-a 0.18"],
    ),
    Case(
        "the rule changes while it runs",
        run("i-a", "01-31 22:00:00", "02-01 01:00:00", "t3.nano"),
        period("01-31 00:00:00", "02-02 00:00:00"),
        "10800 s x 0.00005; " + _OWN + "3600 s of February x 0.00001",
        ["on-demand i-a 0.54", "address-automatic i-a 0.036"],
    ),
    Case(
        "a balancer's, over the change of the rule",
        [balancer("01-31 23:00:00"), balancer("02-01 00:30:00", there=False)],
        period("01-31 00:00:00", "02-02 00:00:00"),
        "23 and 0 o'clock's hours: 2 x 0.0225; " + _OWN + "1800 s of February x 0.00001",
        ["address-of-balancer lb 0.018", "balancer-hours lb 0.045"],
    ),
    Case(
        "an Elastic IP takes its place, and gives it back",
        in_order(
            run("i-a", "03-01 10:00:00", "03-01 13:00:00", "t3.nano"),
            [allocate("03-01 11:00:00"), associate("03-01 11:00:00", "i-a")],
            disassociate("03-01 12:00:00", "i-a"),
        ),
        _FOUR_HOURS,
        "10800 s x 0.00005; the Elastic IP 3600 s in use, 7200 s unattached x 0.00001; "
        + _OWN
        + "(3600 + 3600) s x 0.00001",
        [
            "on-demand i-a 0.54",
            "address-in-use eip 0.036",
            "address-unattached eip 0.072",
            "address-automatic i-a 0.072",
        ],
    ),
    Case(
        "an Elastic IP moves from one machine to another",
        in_order(
            run("i-a", "03-01 10:00:00", "03-01 12:00:00", "t3.nano"),
            run("i-b", "03-01 10:00:00", "03-01 12:00:00", "t3.nano"),
            [allocate("03-01 10:00:00"), associate("03-01 10:00:00", "i-a")],
            [disassociate("03-01 11:00:00", "i-a"), associate("03-01 11:00:00", "i-b")],
        ),
        period("03-01 10:00:00", "03-01 12:00:00"),
        "7200 s x 0.00005 each; the Elastic IP 7200 s x 0.00001; i-a's own the second hour,"
        " i-b's own the first: 3600 s x 0.00001 each",
        [
            "on-demand i-a 0.36",
            "on-demand i-b 0.36",
            "address-in-use eip 0.072",
            "address-automatic i-a 0.036",
            "address-automatic i-b 0.036",
        ],
    ),
    Case(
        "one of two Elastic IPs goes: the other still takes its place",
        in_order(
            run("i-a", "03-01 10:00:00", "03-01 12:00:00", "t3.nano"),
            [allocate("03-01 10:00:00", "eip-1"), allocate("03-01 10:00:00", "eip-2")],
            associate("03-01 10:00:00", "i-a", "eip-1"),
            associate("03-01 10:00:00", "i-a", "eip-2"),
            disassociate("03-01 11:00:00", "i-a", "eip-1"),
        ),
        period("03-01 10:00:00", "03-01 12:00:00"),
        "7200 s x 0.00005; each Elastic IP 7200 s x 0.00001, an hour by one rule, an hour by"
        " another; no address of its own",
        [
            "on-demand i-a 0.36",
            "address-in-use eip-1 0.036",
            "address-unattached eip-1 0.036",
            "address-in-use eip-2 0.036",
            "address-additional eip-2 0.036",
        ],
    ),
    Case(
        "only while it runs, and for no minute at least",
        in_order(
            state("03-01 09:00:00", "i-a", "pending", "t3.nano"),
            run("i-a", "03-01 10:00:00", "03-01 10:00:10", "t3.nano"),
            run("i-a", "03-01 12:00:00", "03-01 12:02:00", "t3.nano"),
        ),
        _MARCH,
        "(10 + 120) s x 0.00005; 60 - 10 = 50 s x 0.00005; " + _OWN + "(10 + 120) s x 0.00001",
        [
            "on-demand i-a 0.0065",
            "on-demand-minimum i-a 0.0025",
            "address-automatic i-a 0.0013",
        ],
    ),
    Case(
        "its machine is terminated",
        [*run("i-a", "03-01 10:00:00"), state("03-01 11:00:00", "i-a", "terminated")],
        _MARCH,
        "3600 s x 0.0001; " + _OWN + "3600 s x 0.00001",
        ["on-demand i-a 0.36", "address-automatic i-a 0.036"],
    ),
    Case(
        "a period that begins in the middle of its run",
        run("i-a", "03-01 09:00:00", "03-01 11:00:00", "t3.nano"),
        period("03-01 10:30:00", "03-01 12:00:00"),
        "1800 s x 0.00005; " + _OWN + "1800 s x 0.00001",
        ["on-demand i-a 0.09", "address-automatic i-a 0.018"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
