"""Reserved instances, by hand: every case with its arithmetic.

In the test book a reservation of a t3.small for a year costs 876 upfront and 0.1 an hour: 0.2 an
hour amortised, since 876 / 8760 h = 0.1. A small costs 0.72 an hour on demand, a micro 0.36, a
medium 1.44. Most are bought an hour before the period, so that the upfront part is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from minicloud.domain.billing.period import Period
from minicloud.domain.billing.reserved import View
from minicloud.domain.ledger import LedgerEntry
from tests.unit.billing_book import in_order, period, reserve, run
from tests.unit.billing_cases import Case, check

_HOUR = period("03-01 10:00:00", "03-01 11:00:00")
_TWO_HOURS = period("03-01 10:00:00", "03-01 12:00:00")


def _small(instance_id: str, begins: str = "10:00:00", ends: str = "11:00:00") -> list[LedgerEntry]:
    return run(instance_id, f"03-01 {begins}", f"03-01 {ends}", "t3.small")


def _micro(instance_id: str, begins: str = "10:00:00", ends: str = "11:00:00") -> list[LedgerEntry]:
    return run(instance_id, f"03-01 {begins}", f"03-01 {ends}", "t3.micro")


def _both(
    name: str,
    entries: Sequence[LedgerEntry],
    when: Period,
    because: tuple[str, Sequence[str]],
    amortised: tuple[str, Sequence[str]],
) -> list[Case]:
    """The same history in both views."""
    return [
        Case(f"{name}, unblended", entries, when, *because),
        Case(f"{name}, amortised", entries, when, *amortised, view=View.AMORTISED),
    ]


_OWNED = reserve("03-01 09:00:00")

CASES = [
    *_both(
        "bought, and used for an hour",
        in_order(reserve("03-01 10:00:00"), _small("i-a")),
        _HOUR,
        (
            "876 at once, 1 h x 0.1, and the machine costs nothing more",
            ["reserved i-a ri 0", "reservation-upfront ri 876", "reservation-used ri 0.1"],
        ),
        ("1 h x (876 / 8760 + 0.1)", ["reserved i-a ri 0.2"]),
    ),
    *_both(
        "an hour that nothing used",
        in_order(_OWNED, _small("i-a")),
        _TWO_HOURS,
        (
            "1 h x 0.1 used, 1 h x 0.1 for nothing",
            ["reserved i-a ri 0", "reservation-used ri 0.1", "reservation-unused ri 0.1"],
        ),
        (
            "1 h x 0.2 used, 1 h x 0.2 for nothing",
            ["reserved i-a ri 0.2", "reservation-unused ri 0.2"],
        ),
    ),
    *_both(
        "two machines of half its size share one",
        in_order(_OWNED, _micro("i-a"), _micro("i-b")),
        _HOUR,
        (
            "0.5 + 0.5 of it",
            ["reserved i-a ri 0", "reserved i-b ri 0", "reservation-used ri 0.1"],
        ),
        ("half of 0.2 each", ["reserved i-a ri 0.1", "reserved i-b ri 0.1"]),
    ),
    *_both(
        "two sizes share one: the smaller first",
        in_order(_OWNED, _small("i-a"), _micro("i-b")),
        _HOUR,
        (
            "the micro takes half; the small has 1800 s covered and 1800 s x 0.0002",
            [
                "on-demand i-a 0.36",
                "reserved i-a ri 0",
                "reserved i-b ri 0",
                "reservation-used ri 0.1",
            ],
        ),
        (
            "half of 0.2 each, and 1800 s x 0.0002",
            ["on-demand i-a 0.36", "reserved i-a ri 0.1", "reserved i-b ri 0.1"],
        ),
    ),
    *_both(
        "one of half its size",
        in_order(_OWNED, run("i-a", "03-01 10:00:00", "03-01 11:00:00", "t3.medium")),
        _HOUR,
        (
            "half of the medium is covered: 1800 s x 0.0004 are not",
            ["on-demand i-a 0.72", "reserved i-a ri 0", "reservation-used ri 0.1"],
        ),
        ("0.2 for its half, and 1800 s x 0.0004", ["on-demand i-a 0.72", "reserved i-a ri 0.2"]),
    ),
    *_both(
        "one after the other in one hour",
        in_order(_OWNED, _small("i-a", "10:00:00", "10:30:00"), _small("i-b", "10:30:00")),
        _HOUR,
        (
            "1800 + 1800 s of its 3600",
            ["reserved i-a ri 0", "reserved i-b ri 0", "reservation-used ri 0.1"],
        ),
        ("0.5 h x 0.2 each", ["reserved i-a ri 0.1", "reserved i-b ri 0.1"]),
    ),
    Case(
        "together for half of the hour",
        in_order(
            _OWNED, _small("i-a", "10:00:00", "10:30:00"), _small("i-b", "10:00:00", "10:30:00")
        ),
        _HOUR,
        "1800 + 1800 s of its 3600",
        ["reserved i-a ri 0", "reserved i-b ri 0", "reservation-used ri 0.1"],
    ),
    Case(
        "together for all of the hour",
        in_order(_OWNED, _small("i-b"), _small("i-a")),
        _HOUR,
        "of one size the lower identifier is covered; the other costs 3600 s x 0.0002",
        ["reserved i-a ri 0", "on-demand i-b 0.72", "reservation-used ri 0.1"],
    ),
    Case(
        "what one hour lacks another cannot give",
        in_order(_OWNED, _small("i-a"), _small("i-b")),
        _TWO_HOURS,
        "at 10 o'clock one too many, 0.72; at 11 o'clock none, 0.1 for nothing",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.72",
            "reservation-used ri 0.1",
            "reservation-unused ri 0.1",
        ],
    ),
    Case(
        "two of them",
        in_order(reserve("03-01 09:00:00", count=2), _small("i-a"), _small("i-b")),
        _HOUR,
        "2 x 1 h x 0.1",
        ["reserved i-a ri 0", "reserved i-b ri 0", "reservation-used ri 0.2"],
    ),
    Case(
        "two of them, bought now",
        [reserve("03-01 10:00:00", count=2)],
        _HOUR,
        "2 x 876, and 2 h x 0.1 for nothing",
        ["reservation-upfront ri 1752", "reservation-unused ri 0.2"],
    ),
    *_both(
        "it expires in the middle of a run",
        in_order(reserve("2023-03-02 10:30:00"), _small("i-a")),
        _HOUR,
        (
            "365 days after 2023-03-02 10:30 is 03-01 10:30: 0.5 h x 0.1, then 1800 s x 0.0002",
            ["on-demand i-a 0.36", "reserved i-a ri 0", "reservation-used ri 0.05"],
        ),
        ("0.5 h x 0.2, then 1800 s x 0.0002", ["on-demand i-a 0.36", "reserved i-a ri 0.1"]),
    ),
    Case(
        "it has expired",
        in_order(reserve("2022-03-01 10:00:00"), _small("i-a")),
        _HOUR,
        "3600 s x 0.0002",
        ["on-demand i-a 0.72"],
    ),
    Case(
        "three years have a leap day less than the calendar's",
        in_order(reserve("2021-03-02 10:30:00", years=3), _small("i-a")),
        _HOUR,
        "1095 days after 2021-03-02 10:30 is 2024-03-01 10:30; nothing is owed by the hour",
        ["on-demand i-a 0.36", "reserved i-a ri 0", "reservation-used ri 0"],
    ),
    Case(
        "three years, all upfront, amortised",
        in_order(reserve("2023-03-02 10:30:00", years=3), _small("i-a")),
        _TWO_HOURS,
        "2628 / 26280 h = 0.1 an hour: one used, one for nothing",
        ["reserved i-a ri 0.1", "reservation-unused ri 0.1"],
        View.AMORTISED,
    ),
    Case(
        "bought in the middle of a run",
        in_order(_small("i-a"), reserve("03-01 10:20:00")),
        _HOUR,
        "1200 s x 0.0002; 876; 2400 s x 0.1 / 3600 = 0.0666...",
        [
            "on-demand i-a 0.24",
            "reserved i-a ri 0",
            "reservation-upfront ri 876",
            "reservation-used ri 0.066666666667",
        ],
    ),
    Case(
        "another family",
        in_order(_OWNED, run("i-a", "03-01 10:00:00", "03-01 11:00:00", "m5.large")),
        _HOUR,
        "3600 s x 0.001, and 0.1 for nothing",
        ["on-demand i-a 3.6", "reservation-unused ri 0.1"],
    ),
    Case(
        "another region",
        in_order(reserve("03-01 09:00:00", region="elsewhere"), _small("i-a")),
        _HOUR,
        "3600 s x 0.0002: the reservation is in the bill of its own region",
        ["on-demand i-a 0.72"],
    ),
    Case(
        "the minute of a short run is covered, too",
        in_order(_OWNED, _small("i-a", "10:10:00", "10:10:20")),
        _HOUR,
        "20 + 40 s covered: 60 x 0.1 / 3600 used, 3540 x 0.1 / 3600 not",
        [
            "reserved i-a ri 0",
            "reservation-used ri 0.001666666667",
            "reservation-unused ri 0.098333333333",
        ],
    ),
    Case(
        "two reservations: the one bought first is used first",
        in_order(
            reserve("03-01 08:00:00", reservation_id="ri-b"),
            reserve("03-01 09:00:00", reservation_id="ri-a"),
            _small("i-a"),
        ),
        _HOUR,
        "0.1 used, 0.1 for nothing",
        ["reserved i-a ri-b 0", "reservation-unused ri-a 0.1", "reservation-used ri-b 0.1"],
    ),
    Case(
        "one machine of twice the size takes two",
        in_order(
            reserve("03-01 08:00:00", reservation_id="ri-1"),
            reserve("03-01 09:00:00", reservation_id="ri-2"),
            run("i-a", "03-01 10:00:00", "03-01 11:00:00", "t3.medium"),
        ),
        _HOUR,
        "half of it by each",
        [
            "reserved i-a ri-1 0",
            "reserved i-a ri-2 0",
            "reservation-used ri-1 0.1",
            "reservation-used ri-2 0.1",
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
        "i-b 3600 s x 0.0001 and 3600 s x 0.00005; the reservation 2 h x 0.05",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.36",
            "on-demand i-b 0.18",
            "reservation-used ri 0.1",
        ],
    ),
    Case(
        "a period that ends in the future",
        in_order(_OWNED, run("i-a", "03-01 10:00:00", None, "t3.small")),
        period("03-01 10:00:00", "03-01 12:00:00", now="03-01 11:00:00"),
        "1 h x 0.1 happened; 1 h x 0.1 has not",
        [
            "reserved i-a ri 0",
            "reserved i-a ri 0 est",
            "reservation-used ri 0.1",
            "reservation-used ri 0.1 est",
        ],
    ),
    Case(
        "half of its first hour, and then none",
        in_order(_OWNED, _small("i-a", "10:00:00", "10:30:00")),
        period("03-01 10:00:00", "03-01 14:00:00"),
        "0.5 h x 0.1 used, 3.5 h x 0.1 for nothing",
        ["reserved i-a ri 0", "reservation-used ri 0.05", "reservation-unused ri 0.35"],
    ),
    Case(
        "from the middle of its first hour on",
        in_order(_OWNED, _small("i-a", "10:30:00", "14:00:00")),
        period("03-01 10:00:00", "03-01 14:00:00"),
        "3.5 h x 0.1 used, 0.5 h x 0.1 for nothing",
        ["reserved i-a ri 0", "reservation-used ri 0.35", "reservation-unused ri 0.05"],
    ),
    Case(
        "two from late in its first hour on",
        in_order(
            _OWNED, _small("i-a", "10:45:00", "12:00:00"), _small("i-b", "10:45:00", "12:00:00")
        ),
        _TWO_HOURS,
        "at 10 o'clock 0.25 + 0.25 h covered, 0.5 h for nothing; at 11 o'clock one, and 1 h x 0.72",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.72",
            "reserved i-b ri 0",
            "reservation-used ri 0.15",
            "reservation-unused ri 0.05",
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
        "the nano takes half of it, the micro the other half: 1 h x 0.36, then 1 h x 0.18 are left",
        [
            "reserved i-a ri 0",
            "on-demand i-b 0.36",
            "on-demand i-b 0.18",
            "reserved i-b ri 0",
            "reservation-used ri 0.2",
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
