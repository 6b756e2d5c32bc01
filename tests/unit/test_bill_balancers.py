"""Load balancers, by hand: every case with its arithmetic.

In the test book a balancer's hour costs 0.0225 (0.02 from 2024-03-10 on), its public address
0.00001 a second.
"""

from __future__ import annotations

import pytest

from tests.unit.billing_book import balancer, period
from tests.unit.billing_cases import Case, check

_MARCH = period("03-01 00:00:00", "04-01 00:00:00")

CASES = [
    Case(
        "one hour of the clock",
        [balancer("03-01 10:00:00"), balancer("03-01 11:00:00", there=False)],
        _MARCH,
        "10 o'clock's hour: 1 x 0.0225; its own address: 3600 s x 0.00001",
        ["address-of-balancer lb 0.036", "balancer-hours lb 0.0225"],
    ),
    Case(
        "a second more",
        [balancer("03-01 10:00:00"), balancer("03-01 11:00:01", there=False)],
        _MARCH,
        "10 and 11 o'clock's hours: 2 x 0.0225; its own address: 3601 s x 0.00001",
        ["address-of-balancer lb 0.03601", "balancer-hours lb 0.045"],
    ),
    Case(
        "two seconds in two hours",
        [balancer("03-01 10:59:59"), balancer("03-01 11:00:01", there=False)],
        _MARCH,
        "2 x 0.0225; its own address: 2 s x 0.00001",
        ["address-of-balancer lb 0.00002", "balancer-hours lb 0.045"],
    ),
    Case(
        "ten minutes",
        [balancer("03-01 10:10:00"), balancer("03-01 10:20:00", there=False)],
        _MARCH,
        "1 x 0.0225; its own address: 600 s x 0.00001",
        ["address-of-balancer lb 0.006", "balancer-hours lb 0.0225"],
    ),
    Case(
        "made and deleted in one second",
        [balancer("03-01 10:10:00.100"), balancer("03-01 10:10:00.900", there=False)],
        _MARCH,
        "1 x 0.0225",
        ["balancer-hours lb 0.0225"],
    ),
    Case(
        "two in one hour, one after the other",
        [
            balancer("03-01 10:10:00", balancer_id="lb-1"),
            balancer("03-01 10:20:00", balancer_id="lb-1", there=False),
            balancer("03-01 10:30:00", balancer_id="lb-2"),
            balancer("03-01 10:40:00", balancer_id="lb-2", there=False),
        ],
        _MARCH,
        "each has an hour of its own; lb-1's own address: 600 s x 0.00001; lb-2's own "
        "address: 600 s x 0.00001",
        [
            "address-of-balancer lb-1 0.006",
            "address-of-balancer lb-2 0.006",
            "balancer-hours lb-1 0.0225",
            "balancer-hours lb-2 0.0225",
        ],
    ),
    Case(
        "the price changes at midnight",
        [balancer("03-09 23:30:00"), balancer("03-10 00:30:00", there=False)],
        _MARCH,
        "1 x 0.0225, and 1 x 0.02; its own address: 3600 s x 0.00001",
        [
            "address-of-balancer lb 0.036",
            "balancer-hours lb 0.0225",
            "balancer-hours lb 0.02",
        ],
    ),
    Case(
        "over the end of the month: February",
        [balancer("02-29 22:30:00")],
        period("02-01 00:00:00", "03-01 00:00:00"),
        "22 and 23 o'clock's hours: 2 x 0.0225; its own address: 5400 s x 0.00001",
        ["address-of-balancer lb 0.054", "balancer-hours lb 0.045"],
    ),
    Case(
        "over the end of the month: March",
        [balancer("02-29 22:30:00")],
        period("03-01 00:00:00", "03-01 02:00:00"),
        "0 and 1 o'clock's hours: 2 x 0.0225; its own address: 7200 s x 0.00001",
        ["address-of-balancer lb 0.072", "balancer-hours lb 0.045"],
    ),
    Case(
        "a period that begins within its first hour",
        [balancer("03-01 10:10:00")],
        period("03-01 10:30:00", "03-01 12:30:00"),
        "10 o'clock's hour was billed at 10:10; 11 and 12 o'clock's: 2 x 0.0225; its own "
        "address: 7200 s x 0.00001",
        ["address-of-balancer lb 0.072", "balancer-hours lb 0.045"],
    ),
    Case(
        "still there: until now, and as an estimate after it",
        [balancer("03-01 10:10:00")],
        period("03-01 10:00:00", "03-01 13:00:00", now="03-01 11:30:00"),
        "10 and 11 o'clock's hours have begun; 12 o'clock's has not; its own address: 4800 s "
        "and 5400 s to come x 0.00001",
        [
            "address-of-balancer lb 0.048",
            "address-of-balancer lb 0.054 est",
            "balancer-hours lb 0.045",
            "balancer-hours lb 0.0225 est",
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
