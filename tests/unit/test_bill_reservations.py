"""What reservations cover, and of which sizes, by hand: every case with its arithmetic.

The prices are told in ``reservation_cases``.
"""

from __future__ import annotations

import pytest

from tests.unit.billing_book import in_order, reserve, run
from tests.unit.billing_cases import Case, check
from tests.unit.reservation_cases import HOUR, OWNED, TWO_HOURS, both_views, micro, small

CASES = [
    *both_views(
        "bought, and used for an hour",
        in_order(reserve("03-01 10:00:00"), small("i-a")),
        HOUR,
        (
            "876 at once, 1 h x 0.1, and the machine costs nothing more; its own address: 3600 s "
            "x 0.00001",
            [
                "reserved i-a ri 0",
                "reservation-upfront ri 876",
                "reservation-used ri 0.1",
                "address-automatic i-a 0.036",
            ],
        ),
        (
            "1 h x (876 / 8760 + 0.1); its own address: 3600 s x 0.00001",
            ["reserved i-a ri 0.2", "address-automatic i-a 0.036"],
        ),
    ),
    *both_views(
        "an hour that nothing used",
        in_order(OWNED, small("i-a")),
        TWO_HOURS,
        (
            "1 h x 0.1 used, 1 h x 0.1 for nothing; its own address: 3600 s x 0.00001",
            [
                "reserved i-a ri 0",
                "reservation-used ri 0.1",
                "reservation-unused ri 0.1",
                "address-automatic i-a 0.036",
            ],
        ),
        (
            "1 h x 0.2 used, 1 h x 0.2 for nothing; its own address: 3600 s x 0.00001",
            ["reserved i-a ri 0.2", "reservation-unused ri 0.2", "address-automatic i-a 0.036"],
        ),
    ),
    *both_views(
        "two machines of half its size share one",
        in_order(OWNED, micro("i-a"), micro("i-b")),
        HOUR,
        (
            "0.5 + 0.5 of it; i-a's own address: 3600 s x 0.00001; i-b's own address: 3600 s x "
            "0.00001",
            [
                "reserved i-a ri 0",
                "reserved i-b ri 0",
                "reservation-used ri 0.1",
                "address-automatic i-a 0.036",
                "address-automatic i-b 0.036",
            ],
        ),
        (
            "half of 0.2 each; i-a's own address: 3600 s x 0.00001; i-b's own address: 3600 s x "
            "0.00001",
            [
                "reserved i-a ri 0.1",
                "reserved i-b ri 0.1",
                "address-automatic i-a 0.036",
                "address-automatic i-b 0.036",
            ],
        ),
    ),
    *both_views(
        "two sizes share one: the smaller first",
        in_order(OWNED, small("i-a"), micro("i-b")),
        HOUR,
        (
            "the micro takes half; the small has 1800 s covered and 1800 s x 0.0002; i-a's own "
            "address: 3600 s x 0.00001; i-b's own address: 3600 s x 0.00001",
            [
                "on-demand i-a 0.36",
                "reserved i-a ri 0",
                "reserved i-b ri 0",
                "reservation-used ri 0.1",
                "address-automatic i-a 0.036",
                "address-automatic i-b 0.036",
            ],
        ),
        (
            "half of 0.2 each, and 1800 s x 0.0002; i-a's own address: 3600 s x 0.00001; i-b's "
            "own address: 3600 s x 0.00001",
            [
                "on-demand i-a 0.36",
                "reserved i-a ri 0.1",
                "reserved i-b ri 0.1",
                "address-automatic i-a 0.036",
                "address-automatic i-b 0.036",
            ],
        ),
    ),
    *both_views(
        "one of half its size",
        in_order(OWNED, run("i-a", "03-01 10:00:00", "03-01 11:00:00", "t3.medium")),
        HOUR,
        (
            "half of the medium is covered: 1800 s x 0.0004 are not; its own address: 3600 s x "
            "0.00001",
            [
                "on-demand i-a 0.72",
                "reserved i-a ri 0",
                "reservation-used ri 0.1",
                "address-automatic i-a 0.036",
            ],
        ),
        (
            "0.2 for its half, and 1800 s x 0.0004; its own address: 3600 s x 0.00001",
            ["on-demand i-a 0.72", "reserved i-a ri 0.2", "address-automatic i-a 0.036"],
        ),
    ),
    *both_views(
        "one after the other in one hour",
        in_order(OWNED, small("i-a", "10:00:00", "10:30:00"), small("i-b", "10:30:00")),
        HOUR,
        (
            "1800 + 1800 s of its 3600; i-a's own address: 1800 s x 0.00001; i-b's own address: "
            "1800 s x 0.00001",
            [
                "reserved i-a ri 0",
                "reserved i-b ri 0",
                "reservation-used ri 0.1",
                "address-automatic i-a 0.018",
                "address-automatic i-b 0.018",
            ],
        ),
        (
            "0.5 h x 0.2 each; i-a's own address: 1800 s x 0.00001; i-b's own address: 1800 s x "
            "0.00001",
            [
                "reserved i-a ri 0.1",
                "reserved i-b ri 0.1",
                "address-automatic i-a 0.018",
                "address-automatic i-b 0.018",
            ],
        ),
    ),
    Case(
        "together for half of the hour",
        in_order(OWNED, small("i-a", "10:00:00", "10:30:00"), small("i-b", "10:00:00", "10:30:00")),
        HOUR,
        "1800 + 1800 s of its 3600; i-a's own address: 1800 s x 0.00001; i-b's own address: "
        "1800 s x 0.00001",
        [
            "reserved i-a ri 0",
            "reserved i-b ri 0",
            "reservation-used ri 0.1",
            "address-automatic i-a 0.018",
            "address-automatic i-b 0.018",
        ],
    ),
    Case(
        "together for all of the hour",
        in_order(OWNED, small("i-b"), small("i-a")),
        HOUR,
        "of one size the lower identifier is covered; the other costs 3600 s x 0.0002; i-a's "
        "own address: 3600 s x 0.00001; i-b's own address: 3600 s x 0.00001",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.72",
            "reservation-used ri 0.1",
            "address-automatic i-a 0.036",
            "address-automatic i-b 0.036",
        ],
    ),
    Case(
        "what one hour lacks another cannot give",
        in_order(OWNED, small("i-a"), small("i-b")),
        TWO_HOURS,
        "at 10 o'clock one too many, 0.72; at 11 o'clock none, 0.1 for nothing; i-a's own "
        "address: 3600 s x 0.00001; i-b's own address: 3600 s x 0.00001",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.72",
            "reservation-used ri 0.1",
            "reservation-unused ri 0.1",
            "address-automatic i-a 0.036",
            "address-automatic i-b 0.036",
        ],
    ),
    Case(
        "two of them",
        in_order(reserve("03-01 09:00:00", count=2), small("i-a"), small("i-b")),
        HOUR,
        "2 x 1 h x 0.1; i-a's own address: 3600 s x 0.00001; i-b's own address: 3600 s x 0.00001",
        [
            "reserved i-a ri 0",
            "reserved i-b ri 0",
            "reservation-used ri 0.2",
            "address-automatic i-a 0.036",
            "address-automatic i-b 0.036",
        ],
    ),
    Case(
        "two of them, bought now",
        [reserve("03-01 10:00:00", count=2)],
        HOUR,
        "2 x 876, and 2 h x 0.1 for nothing",
        ["reservation-upfront ri 1752", "reservation-unused ri 0.2"],
    ),
    Case(
        "another family",
        in_order(OWNED, run("i-a", "03-01 10:00:00", "03-01 11:00:00", "m5.large")),
        HOUR,
        "3600 s x 0.001, and 0.1 for nothing; its own address: 3600 s x 0.00001",
        ["on-demand i-a 3.6", "reservation-unused ri 0.1", "address-automatic i-a 0.036"],
    ),
    Case(
        "another region",
        in_order(reserve("03-01 09:00:00", region="elsewhere"), small("i-a")),
        HOUR,
        "3600 s x 0.0002: the reservation is in the bill of its own region; its own address: "
        "3600 s x 0.00001",
        ["on-demand i-a 0.72", "address-automatic i-a 0.036"],
    ),
    Case(
        "the minute of a short run is covered, too",
        in_order(OWNED, small("i-a", "10:10:00", "10:10:20")),
        HOUR,
        "20 + 40 s covered: 60 x 0.1 / 3600 used, 3540 x 0.1 / 3600 not; its own address: 20 "
        "s x 0.00001",
        [
            "reserved i-a ri 0",
            "reservation-used ri 0.001666666667",
            "reservation-unused ri 0.098333333333",
            "address-automatic i-a 0.0002",
        ],
    ),
    Case(
        "two reservations: the one bought first is used first",
        in_order(
            reserve("03-01 08:00:00", reservation_id="ri-b"),
            reserve("03-01 09:00:00", reservation_id="ri-a"),
            small("i-a"),
        ),
        HOUR,
        "0.1 used, 0.1 for nothing; its own address: 3600 s x 0.00001",
        [
            "reserved i-a ri-b 0",
            "reservation-unused ri-a 0.1",
            "reservation-used ri-b 0.1",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "one machine of twice the size takes two",
        in_order(
            reserve("03-01 08:00:00", reservation_id="ri-1"),
            reserve("03-01 09:00:00", reservation_id="ri-2"),
            run("i-a", "03-01 10:00:00", "03-01 11:00:00", "t3.medium"),
        ),
        HOUR,
        "half of it by each; its own address: 3600 s x 0.00001",
        [
            "reserved i-a ri-1 0",
            "reserved i-a ri-2 0",
            "reservation-used ri-1 0.1",
            "reservation-used ri-2 0.1",
            "address-automatic i-a 0.036",
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
