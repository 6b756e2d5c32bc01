"""Reservations from their first hour to their last, by hand: every case with its arithmetic.

The prices are told in ``reservation_cases``.
"""

from __future__ import annotations

import pytest

from minicloud.domain.billing.reserved import View
from tests.unit.billing_book import in_order, period, reserve, run
from tests.unit.billing_cases import Case, check
from tests.unit.reservation_cases import HOUR, OWNED, TWO_HOURS, both_views, small

CASES = [
    *both_views(
        "it expires in the middle of a run",
        in_order(reserve("2023-03-02 10:30:00"), small("i-a")),
        HOUR,
        (
            "365 days after 2023-03-02 10:30 is 03-01 10:30: 0.5 h x 0.1, then 1800 s x 0.0002; "
            "its own address: 3600 s x 0.00001",
            [
                "on-demand i-a 0.36",
                "reserved i-a ri 0",
                "reservation-used ri 0.05",
                "address-automatic i-a 0.036",
            ],
        ),
        (
            "0.5 h x 0.2, then 1800 s x 0.0002; its own address: 3600 s x 0.00001",
            ["on-demand i-a 0.36", "reserved i-a ri 0.1", "address-automatic i-a 0.036"],
        ),
    ),
    Case(
        "it has expired",
        in_order(reserve("2022-03-01 10:00:00"), small("i-a")),
        HOUR,
        "3600 s x 0.0002; its own address: 3600 s x 0.00001",
        ["on-demand i-a 0.72", "address-automatic i-a 0.036"],
    ),
    Case(
        "three years have a leap day less than the calendar's",
        in_order(reserve("2021-03-02 10:30:00", years=3), small("i-a")),
        HOUR,
        "1095 days after 2021-03-02 10:30 is 2024-03-01 10:30; nothing is owed by the hour; "
        "its own address: 3600 s x 0.00001",
        [
            "on-demand i-a 0.36",
            "reserved i-a ri 0",
            "reservation-used ri 0",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "three years, all upfront, amortised",
        in_order(reserve("2023-03-02 10:30:00", years=3), small("i-a")),
        TWO_HOURS,
        "2628 / 26280 h = 0.1 an hour: one used, one for nothing; its own address: 3600 s x "
        "0.00001",
        ["reserved i-a ri 0.1", "reservation-unused ri 0.1", "address-automatic i-a 0.036"],
        View.AMORTISED,
    ),
    Case(
        "bought in the middle of a run",
        in_order(small("i-a"), reserve("03-01 10:20:00")),
        HOUR,
        "1200 s x 0.0002; 876; 2400 s x 0.1 / 3600 = 0.0666...; its own address: 3600 s x 0.00001",
        [
            "on-demand i-a 0.24",
            "reserved i-a ri 0",
            "reservation-upfront ri 876",
            "reservation-used ri 0.066666666667",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "the price on demand changes: what is not covered follows it",
        in_order(
            reserve("03-09 08:00:00", "t3.micro"),
            run("i-a", "03-09 23:00:00", "03-10 01:00:00"),
            run("i-b", "03-09 23:00:00", "03-10 01:00:00"),
        ),
        period("03-09 23:00:00", "03-10 01:00:00"),
        "i-b 3600 s x 0.0001 and 3600 s x 0.00005; the reservation 2 h x 0.05; i-a's own "
        "address: 7200 s x 0.00001; i-b's own address: 7200 s x 0.00001",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.36",
            "on-demand i-b 0.18",
            "reservation-used ri 0.1",
            "address-automatic i-a 0.072",
            "address-automatic i-b 0.072",
        ],
    ),
    Case(
        "a period that ends in the future",
        in_order(OWNED, run("i-a", "03-01 10:00:00", None, "t3.small")),
        period("03-01 10:00:00", "03-01 12:00:00", now="03-01 11:00:00"),
        "1 h x 0.1 happened; 1 h x 0.1 has not; its own address: 3600 s and 3600 s to come x "
        "0.00001",
        [
            "reserved i-a ri 0",
            "reserved i-a ri 0 est",
            "reservation-used ri 0.1",
            "reservation-used ri 0.1 est",
            "address-automatic i-a 0.036",
            "address-automatic i-a 0.036 est",
        ],
    ),
    Case(
        "half of its first hour, and then none",
        in_order(OWNED, small("i-a", "10:00:00", "10:30:00")),
        period("03-01 10:00:00", "03-01 14:00:00"),
        "0.5 h x 0.1 used, 3.5 h x 0.1 for nothing; its own address: 1800 s x 0.00001",
        [
            "reserved i-a ri 0",
            "reservation-used ri 0.05",
            "reservation-unused ri 0.35",
            "address-automatic i-a 0.018",
        ],
    ),
    Case(
        "from the middle of its first hour on",
        in_order(OWNED, small("i-a", "10:30:00", "14:00:00")),
        period("03-01 10:00:00", "03-01 14:00:00"),
        "3.5 h x 0.1 used, 0.5 h x 0.1 for nothing; its own address: 12600 s x 0.00001",
        [
            "reserved i-a ri 0",
            "reservation-used ri 0.35",
            "reservation-unused ri 0.05",
            "address-automatic i-a 0.126",
        ],
    ),
    Case(
        "two from late in its first hour on",
        in_order(OWNED, small("i-a", "10:45:00", "12:00:00"), small("i-b", "10:45:00", "12:00:00")),
        TWO_HOURS,
        "at 10 o'clock 0.25 + 0.25 h covered, 0.5 h for nothing; at 11 o'clock one, and 1 h x"
        " 0.72; i-a's own address: 4500 s x 0.00001; i-b's own address: 4500 s x 0.00001",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.72",
            "reserved i-b ri 0",
            "reservation-used ri 0.15",
            "reservation-unused ri 0.05",
            "address-automatic i-a 0.045",
            "address-automatic i-b 0.045",
        ],
    ),
    Case(
        "the price on demand changes: what is covered in part follows it",
        in_order(
            reserve("03-09 08:00:00", "t3.micro"),
            run("i-a", "03-09 22:00:00", "03-10 02:00:00", "t3.nano"),
            run("i-b", "03-09 22:00:00", "03-10 02:00:00", "t3.micro"),
        ),
        period("03-09 22:00:00", "03-10 02:00:00"),
        "the nano takes half of it, the micro the other half: 1 h x 0.36, then 1 h x 0.18 are"
        " left; i-a's own address: 14400 s x 0.00001; i-b's own address: 14400 s x 0.00001",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.36",
            "on-demand i-b 0.18",
            "reserved i-b ri 0",
            "reservation-used ri 0.2",
            "address-automatic i-a 0.144",
            "address-automatic i-b 0.144",
        ],
    ),
    Case(
        "all of its year, used by nobody",
        [reserve("2023-03-01 00:00:00")],
        period("2023-01-01 00:00:00", "2025-01-01 00:00:00"),
        "876, and 8760 h x 0.1 for nothing",
        ["reservation-upfront ri 876", "reservation-unused ri 876"],
    ),
    Case(
        "all of its year, used by nobody, amortised",
        [reserve("2023-03-01 00:00:00")],
        period("2023-01-01 00:00:00", "2025-01-01 00:00:00"),
        "8760 h x 0.2 for nothing: both views come to the same over the whole term",
        ["reservation-unused ri 1752"],
        View.AMORTISED,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)
