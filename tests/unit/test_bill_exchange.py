"""Convertible reservations exchanged, by hand: every case with its arithmetic.

In the test book a convertible t3.small for three years costs 2628 upfront and nothing an hour:
0.1 an hour amortised, since 2628 / 26280 h = 0.1. On demand it costs 0.72 an hour, a micro 0.36.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.reserved import View
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.ledger import LedgerEntry
from tests.unit.billing_book import BOOK, exchange, in_order, period, run
from tests.unit.billing_book import reserve as bought
from tests.unit.billing_cases import Case, check, said

_HOUR = period("03-01 10:00:00", "03-01 11:00:00")
_TWO_HOURS = period("03-01 10:00:00", "03-01 12:00:00")
_OLD = bought("2023-03-01 10:00:00", years=3)
_ENDS = "2026-02-28 10:00:00"  # 1095 days after 2023-03-01, of which 2024 has one more
# From 2024-03-01 10:30 until then are 728 days and 23.5 h: 17,495.5 h.


def _small(instance_id: str, begins: str = "10:00:00", ends: str = "11:00:00") -> list[LedgerEntry]:
    return run(instance_id, f"03-01 {begins}", f"03-01 {ends}", "t3.small")


_EVEN = exchange("03-01 10:30:00", carried_usd="1749.55", ends=_ENDS)
_DEARER = exchange("03-01 10:30:00", carried_usd="1749.55", true_up_usd="349.91", ends=_ENDS)

CASES = [
    Case(
        "for the same, unblended",
        in_order(_OLD, _EVEN, _small("i-a")),
        _HOUR,
        "half an hour is covered by the old one, half by the new one; nothing is owed by the "
        "hour; its own address: 3600 s x 0.00001",
        [
            "reserved i-a ri 0",
            "reserved i-a ri-new 0",
            "reservation-used ri 0",
            "reservation-true-up ri-new ri 0",
            "reservation-used ri-new 0",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "for the same, amortised",
        in_order(_OLD, _EVEN, _small("i-a")),
        _HOUR,
        "0.5 h x 2628 / 26280 h, then 0.5 h x 1749.55 / 17495.5 h: 0.05 each; its own "
        "address: 3600 s x 0.00001",
        ["reserved i-a ri 0.05", "reserved i-a ri-new 0.05", "address-automatic i-a 0.036"],
        View.AMORTISED,
    ),
    Case(
        "for something dearer, unblended",
        in_order(_OLD, _DEARER, _small("i-a")),
        _HOUR,
        "the true-up is paid when it is exchanged; its own address: 3600 s x 0.00001",
        [
            "reserved i-a ri 0",
            "reserved i-a ri-new 0",
            "reservation-used ri 0",
            "reservation-true-up ri-new ri 349.91",
            "reservation-used ri-new 0",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "for something dearer, amortised",
        in_order(_OLD, _DEARER, _small("i-a")),
        _HOUR,
        "0.5 h x 0.1, then 0.5 h x (1749.55 + 349.91) / 17495.5 h = 0.5 h x 0.12; its own "
        "address: 3600 s x 0.00001",
        ["reserved i-a ri 0.05", "reserved i-a ri-new 0.06", "address-automatic i-a 0.036"],
        View.AMORTISED,
    ),
    Case(
        "for two of them, amortised",
        in_order(
            _OLD,
            exchange(
                "03-01 10:30:00", carried_usd="1749.55", true_up_usd="1749.55", count=2, ends=_ENDS
            ),
            _small("i-a"),
            _small("i-b"),
        ),
        _HOUR,
        "until half past i-b costs 1800 s x 0.0002; then each 0.5 h x 3499.1 / (2 x 17495.5 "
        "h); i-a's own address: 3600 s x 0.00001; i-b's own address: 3600 s x 0.00001",
        [
            "reserved i-a ri 0.05",
            "reserved i-a ri-new 0.05",
            "on-demand i-b 0.36",
            "reserved i-b ri-new 0.05",
            "address-automatic i-a 0.036",
            "address-automatic i-b 0.036",
        ],
        View.AMORTISED,
    ),
    Case(
        "for one that is paid by the hour, too",
        in_order(
            _OLD,
            exchange("03-01 10:30:00", carried_usd="1749.55", hourly_usd="0.04", ends=_ENDS),
            _small("i-a", ends="10:45:00"),
        ),
        _HOUR,
        "15 of its 30 minutes are used: 0.25 h x 0.04 each; its own address: 2700 s x 0.00001",
        [
            "reserved i-a ri 0",
            "reserved i-a ri-new 0",
            "reservation-used ri 0",
            "reservation-true-up ri-new ri 0",
            "reservation-used ri-new 0.01",
            "reservation-unused ri-new 0.01",
            "address-automatic i-a 0.027",
        ],
    ),
    Case(
        "exchanged twice",
        in_order(
            _OLD,
            exchange("03-01 10:30:00", carried_usd="1749.55", type_name="t3.small", ends=_ENDS),
            exchange(
                "03-01 11:00:00",
                "ri-new",
                reservation_id="ri-third",
                carried_usd="1749.50",
                ends=_ENDS,
            ),
            _small("i-a", ends="12:00:00"),
        ),
        _TWO_HOURS,
        "0.5 h by the first, 0.5 h by the second, 1 h by the third; its own address: 7200 s x"
        " 0.00001",
        [
            "reserved i-a ri 0",
            "reserved i-a ri-new 0",
            "reserved i-a ri-third 0",
            "reservation-used ri 0",
            "reservation-true-up ri-new ri 0",
            "reservation-used ri-new 0",
            "reservation-true-up ri-third ri-new 0",
            "reservation-used ri-third 0",
            "address-automatic i-a 0.072",
        ],
    ),
    Case(
        "the hour in which the old one would have ended is whole",
        in_order(
            bought("2021-03-02 10:30:00", years=3),
            exchange("2024-02-01 00:00:00", ends="2024-03-01 10:30:00", carried_usd="10"),
            _small("i-a"),
        ),
        _HOUR,
        "the new one ends at 10:30 as the old one would have; then 1800 s x 0.0002; its own "
        "address: 3600 s x 0.00001",
        [
            "on-demand i-a 0.36",
            "reserved i-a ri-new 0",
            "reservation-used ri-new 0",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "in the very second in which it was bought",
        in_order(
            bought("03-01 10:00:00", years=3),
            exchange("03-01 10:00:00", carried_usd="2628", ends="2027-03-01 10:00:00"),
            _small("i-a"),
        ),
        _HOUR,
        "2628 for the first, nothing on top, and the second covers all of the hour; its own "
        "address: 3600 s x 0.00001",
        [
            "reserved i-a ri-new 0",
            "reservation-upfront ri 2628",
            "reservation-true-up ri-new ri 0",
            "reservation-used ri-new 0",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "for one that nobody knows of",
        in_order(exchange("03-01 10:30:00", ends=_ENDS, true_up_usd="5"), _small("i-a")),
        _HOUR,
        "1800 s x 0.0002; what it was got for is not in the ledger, so the true-up is "
        "doubtful; its own address: 3600 s x 0.00001",
        [
            "on-demand i-a 0.36",
            "reserved i-a ri-new 0",
            "reservation-true-up ri-new ri 5 est",
            "reservation-used ri-new 0",
            "address-automatic i-a 0.036",
        ],
    ),
    Case(
        "for one that nobody knows of, amortised",
        in_order(exchange("03-01 10:30:00", ends=_ENDS, true_up_usd="17.4955"), _small("i-a")),
        _HOUR,
        "0.5 h x 17.4955 / 17495.5 h; a line of nothing says that it is not certain; its own "
        "address: 3600 s x 0.00001",
        [
            "on-demand i-a 0.36",
            "reserved i-a ri-new 0.0005",
            "reservation-true-up ri-new ri 0 est",
            "address-automatic i-a 0.036",
        ],
        View.AMORTISED,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_by_hand(case: Case) -> None:
    check(case)


def test_one_in_another_family_leaves_the_hours_of_the_first_whole() -> None:
    # At 10:30 the old one would have ended: an hour that it cut in two would be matched in halves.
    entries = in_order(
        bought("2021-03-02 10:30:00", years=3),
        bought("03-01 08:00:00", reservation_id="ri-other"),
        replace(
            exchange("2024-02-01 00:00:00", ends="2024-03-01 10:30:00"),
            facts={
                **exchange("2024-02-01 00:00:00", ends="2024-03-01 10:30:00").facts,
                "type": "m5.large",
            },
        ),
        _small("i-a", ends="10:30:00"),
        _small("i-b", ends="10:30:00"),
    )
    lines = [said(line) for line in compute_bill(entries, BOOK, _HOUR).lines]
    # Both halves of an hour are covered by the other one, one after the other or together.
    assert "reserved i-a ri-other 0" in lines
    assert "reserved i-b ri-other 0" in lines
    assert not [line for line in lines if line.startswith("on-demand")]


@pytest.mark.parametrize("view", list(View))
def test_one_that_is_given_in_twice_is_a_contradiction(view: View) -> None:
    entries = in_order(
        _OLD, _EVEN, exchange("03-01 10:40:00", reservation_id="ri-2", ends=_ENDS, true_up_usd="1")
    )
    bill = compute_bill(entries, BOOK, _HOUR, view)
    assert bill.is_estimated
    assert [p.message for p in bill.problems] == [
        "is got for ri, which is not in force: billed from now on"
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"ends_at": "soon"},
        {"ends_at": "2026-02-28T10:00:00"},
        {"ends_at": "2024-03-01T10:30:00+00:00"},
        {"true_up_usd": "-1"},
        {"carried_usd": "much"},
        {"given_id": ""},
    ],
)
def test_an_exchange_that_cannot_be_read_ends_the_bill(facts: dict[str, str]) -> None:
    damaged = replace(_EVEN, facts={**_EVEN.facts, **facts})
    with pytest.raises(MiniCloudError) as raised:
        compute_bill(in_order(_OLD, damaged), BOOK, _HOUR)
    assert raised.value.code == "LedgerDamaged"
