"""The capacity units of load balancers, by hand: every case with its arithmetic.

In the test book a balancer's hour costs 0.0225 (0.02 from 2024-03-10 on), an hour of its capacity
unit 0.008, its public address 0.00001 a second.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.capacity import (
    PARTS_PER_UNIT,
    Dimension,
    capacity_used,
    usage_entry,
)
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.metering import BalancerHour
from tests.unit.billing_book import BOOK, at, balancer, period, used
from tests.unit.billing_cases import Case, check

_MARCH = period("03-01 00:00:00", "04-01 00:00:00")
_FOUR_HOURS = period("03-01 10:00:00", "03-01 14:00:00")
_TEN = "03-01 10:59:59"
_OWN = "its own address: "

CASES = [
    Case(
        "the pricing page's own example",
        [
            used(
                _TEN,
                new_connections="3600",
                active_connections="120",
                processed_bytes="1080000000",
                rule_evaluations="900000",
            )
        ],
        _MARCH,
        "1 / 25 = 0.04; 120 / 3000 = 0.04; 1.08 GB = 1.08; 5 x (60 - 10) / 1000 = 0.25;"
        " 1.08 x 0.008",
        ["balancer-capacity lb processed-bytes 0.00864"],
    ),
    Case(
        "50 new connections a second",
        [used(_TEN, new_connections="180000", active_connections="5999", processed_bytes="9")],
        _MARCH,
        "180000 / 3600 / 25 = 2; 5999 / 3000 is less; 2 x 0.008",
        ["balancer-capacity lb new-connections 0.016"],
    ),
    Case(
        "connections that stay open",
        [used(_TEN, new_connections="3600", active_connections="1234.5")],
        _MARCH,
        "1234.5 / 3000 = 0.4115; 0.4115 x 0.008",
        ["balancer-capacity lb active-connections 0.003292"],
    ),
    Case(
        "1,500 rule evaluations a second",
        [used(_TEN, rule_evaluations="5400000", processed_bytes="1000000000")],
        _MARCH,
        "5400000 / 3600 / 1000 = 1.5; 1.5 x 0.008",
        ["balancer-capacity lb rule-evaluations 0.012"],
    ),
    Case(
        "rule evaluations that are not the most",
        [used(_TEN, rule_evaluations="3600000", processed_bytes="1000000001")],
        _MARCH,
        "1 and 1.000000001; 1.000000001 x 0.008 = 0.008000000008",
        ["balancer-capacity lb processed-bytes 0.008000000008"],
    ),
    Case(
        "two dimensions that come to the same",
        [used(_TEN, new_connections="90000", active_connections="3000")],
        _MARCH,
        "1 and 1: the first is named; 1 x 0.008",
        ["balancer-capacity lb new-connections 0.008"],
    ),
    Case(
        "one connection, which is no finite decimal",
        [used(_TEN, new_connections="1")],
        _MARCH,
        "0.008 / 90000 = 0.0000000888888...",
        ["balancer-capacity lb new-connections 0.000000088889"],
    ),
    Case(
        "nothing was used",
        [used(_TEN)],
        _MARCH,
        "no line",
        [],
    ),
    Case(
        "the most is taken hour by hour, not of the sums",
        [
            used("03-01 10:59:59", new_connections="90000"),
            used("03-01 11:59:59", processed_bytes="2000000000"),
            used("03-01 12:59:59", new_connections="45000"),
        ],
        _MARCH,
        "1 + 0.5 by connections, 2 by bytes: 1.5 x 0.008, and 2 x 0.008",
        [
            "balancer-capacity lb new-connections 0.012",
            "balancer-capacity lb processed-bytes 0.016",
        ],
    ),
    Case(
        "an hour that ends with the period, and one that ends before it",
        [
            used("03-01 09:59:59", new_connections="90000"),
            used("03-01 13:59:59", new_connections="90000"),
            used("03-01 14:00:00", new_connections="90000"),
        ],
        _FOUR_HOURS,
        "13 o'clock's alone: 1 x 0.008",
        ["balancer-capacity lb new-connections 0.008"],
    ),
    Case(
        "the hour in which it was deleted, told of later",
        [
            balancer("03-01 10:00:00"),
            balancer("03-01 10:30:00", there=False),
            used("03-01 10:31:00", processed_bytes="500000000"),
        ],
        _MARCH,
        "1 x 0.0225; 0.5 x 0.008; " + _OWN + "1800 s x 0.00001",
        [
            "address-of-balancer lb 0.018",
            "balancer-hours lb 0.0225",
            "balancer-capacity lb processed-bytes 0.004",
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("figures", "dimension", "units"),
    [
        # 800 new flows a second: 2,880,000 in an hour.
        ({"new_connections": "2880000"}, Dimension.NEW_CONNECTIONS, 1),
        ({"active_connections": "250000"}, Dimension.ACTIVE_CONNECTIONS, 2.5),
        ({"processed_bytes": "3000000000"}, Dimension.PROCESSED_BYTES, 3),
        # A network balancer has no rules; what is said of them is not its use.
        ({"rule_evaluations": "3600000000", "new_connections": "0"}, None, 0),
    ],
)
def test_a_network_balancers_units(
    figures: dict[str, str], dimension: Dimension | None, units: float
) -> None:
    most, parts = capacity_used(used(_TEN, type="network", **figures))
    assert parts == units * PARTS_PER_UNIT
    assert dimension in {most, None}


def test_what_is_told_of_an_hour_is_read_back() -> None:
    hour = BalancerHour(
        balancer_id="lb",
        hour_at=at("03-01 10:00:00"),
        name="web",
        type="application",
        requests=77,
        new_connections=12,
        processed_bytes=10**18,
        rule_evaluations=5,
        active_sum=100,
        sample_count=3,
    )
    entry = usage_entry(hour, hour.hour_at + timedelta(seconds=3599))
    assert entry.facts["active_connections"] == "33.333"
    assert capacity_used(entry) == (Dimension.PROCESSED_BYTES, 10**9 * PARTS_PER_UNIT)
    bill = compute_bill([entry], BOOK, _MARCH)
    assert bill.lines[0].quantity == 10**9


@pytest.mark.parametrize(
    "facts",
    [
        {"type": "gateway"},
        {"new_connections": "-1"},
        {"new_connections": "1.5"},
        {"processed_bytes": "many"},
        {"active_connections": "0.0001"},
        {"rule_evaluations": "NaN"},
        {"processed_bytes": "1E+99"},
        {"new_connections": "9" * 25},
        {"name": ""},
    ],
)
def test_figures_that_cannot_be_end_the_bill(facts: dict[str, str]) -> None:
    entry = used(_TEN, **{"new_connections": "5", **facts})
    with pytest.raises(MiniCloudError) as raised:
        compute_bill([entry], BOOK, _MARCH)
    assert raised.value.code == "LedgerDamaged"
