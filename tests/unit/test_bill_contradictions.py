"""Ledgers that contradict themselves: they are billed as far as they tell, and marked."""

from __future__ import annotations

import pytest

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from tests.unit.billing_book import (
    BOOK,
    allocate,
    associate,
    balancer,
    disassociate,
    entry,
    image,
    in_order,
    period,
    release,
    run,
    state,
)
from tests.unit.billing_cases import said

_DAY = period("03-01 00:00:00", "03-02 00:00:00")
_TYPE = LedgerKind.INSTANCE_TYPE

# What came before is not told of: the beginning of the ledger was lost, or an entry in the middle.
_CONTRADICTORY: list[tuple[str, list[LedgerEntry], list[str], str]] = [
    (
        "a stop without a start",
        [state("03-01 10:00:00", "i-a", "stopped")],
        ["unknown-run i-a 0 est"],
        "is stopped, and was never told of before",
    ),
    (
        "an end without a beginning",
        [state("03-01 10:00:00", "i-a", "terminated")],
        ["unknown-run i-a 0 est"],
        "is terminated, and was never told of before",
    ),
    (
        "a second stop, so that a start between was lost",
        [
            *run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
            state("03-01 12:00:00", "i-a", "stopping"),
        ],
        ["on-demand i-a 0.36", "unknown-run i-a 0 est", "address-automatic i-a 0.036"],
        "is stopping, and was stopped before",
    ),
    (
        "a second start, so that a stop between was lost",
        [
            state("03-01 10:00:00", "i-a", "running"),
            state("03-01 11:00:00", "i-a", "running"),
            state("03-01 12:00:00", "i-a", "stopped"),
        ],
        ["on-demand i-a 0.72 est", "address-automatic i-a 0.072 est"],
        "billed as if it had run all the time",
    ),
    (
        "a start after the end",
        [
            *run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
            state("03-01 11:00:00", "i-a", "terminated"),
            *run("i-a", "03-01 12:00:00", "03-01 13:00:00"),
        ],
        [
            "on-demand i-a 0.36",
            "on-demand i-a 0.36 est",
            "address-automatic i-a 0.036",
            "address-automatic i-a 0.036 est",
        ],
        "is running, and was terminated before",
    ),
    (
        "another type while it runs",
        [
            state("03-01 10:00:00", "i-a", "running"),
            entry("03-01 11:00:00", _TYPE, "i-a", type="t3.small", from_type="t3.micro"),
            state("03-01 12:00:00", "i-a", "stopped", "t3.small"),
        ],
        ["on-demand i-a 0.36", "on-demand i-a 0.72 est", "address-automatic i-a 0.072"],
        "changes the type of a machine that runs",
    ),
    (
        "a second start of another type",
        [
            state("03-01 10:00:00", "i-a", "running"),
            state("03-01 11:00:00", "i-a", "running", "t3.small"),
            state("03-01 12:00:00", "i-a", "stopped", "t3.small"),
        ],
        ["on-demand i-a 0.36 est", "on-demand i-a 0.72 est", "address-automatic i-a 0.072 est"],
        "is running, and was running before",
    ),
    (
        "another type while it runs is no new start",
        [
            state("03-01 10:00:00", "i-a", "running"),
            entry("03-01 10:00:50", _TYPE, "i-a", type="t3.small", from_type="t3.micro"),
            state("03-01 10:01:20", "i-a", "stopped", "t3.small"),
        ],
        ["on-demand i-a 0.005", "on-demand i-a 0.006 est", "address-automatic i-a 0.0008"],
        "changes the type of a machine that runs",
    ),
    (
        "another type of a machine that was never told of",
        [entry("03-01 11:00:00", _TYPE, "i-a", type="t3.small", from_type="t3.micro")],
        ["unknown-run i-a 0 est"],
        "changes the type of a machine that was never told of",
    ),
    (
        "an address that was never allocated is associated",
        [*run("i-a", "03-01 10:00:00"), associate("03-01 23:00:00", "i-a")],
        [
            "on-demand i-a 5.04",
            "address-automatic i-a 0.468",
            "address-in-use eip 0.036 est",
            "address-unattached eip 0 est",
        ],
        "was never told to be allocated",
    ),
    (
        "an address that was never allocated is released",
        [release("03-01 10:00:00")],
        ["address-unattached eip 0 est"],
        "was never told to be allocated",
    ),
    (
        "an address leads to a machine that was never told of",
        [allocate("03-01 22:00:00"), associate("03-01 23:00:00", "i-x")],
        ["address-unattached eip 0.036 est", "address-on-stopped eip 0.036 est"],
        "leads to i-x, which was never told of: as if stopped",
    ),
    (
        "an address that leads nowhere is disassociated",
        [allocate("03-01 22:00:00"), disassociate("03-01 23:00:00", "i-x")],
        ["address-unattached eip 0.072 est"],
        "is disassociated, and led nowhere",
    ),
    (
        "an address is allocated twice",
        [allocate("03-01 22:00:00"), allocate("03-01 23:00:00")],
        ["address-unattached eip 0.072 est"],
        "was allocated already",
    ),
    (
        "an address that leads somewhere is released",
        [
            *run("i-a", "03-01 22:00:00", "03-01 23:30:00"),
            allocate("03-01 22:00:00"),
            associate("03-01 22:00:00", "i-a"),
            release("03-01 23:00:00"),
        ],
        [
            "on-demand i-a 0.54",
            "address-automatic i-a 0.018",
            "address-in-use eip 0.036 est",
            "address-unattached eip 0 est",
        ],
        "is released, and led to i-a",
    ),
    (
        "an image that was never kept is deleted",
        [image("03-01 10:00:00", kept=False)],
        ["image-storage ami 2024-03 0 est"],
        "was never told to be kept",
    ),
    (
        "an image is made twice",
        [image("03-01 00:00:00"), image("03-01 12:00:00")],
        [
            "image-storage ami 2024-03 0.001122580645",
            "image-storage ami 2024-03 0.001122580645 est",
        ],
        "was kept already",
    ),
    (
        "a balancer that was never there is deleted",
        [balancer("03-01 10:00:00", there=False)],
        ["balancer-hours lb 0 est"],
        "was never told to be there",
    ),
    (
        "a balancer is made twice",
        [balancer("03-01 22:00:00"), balancer("03-01 23:00:00")],
        ["balancer-hours lb 0.045 est", "address-of-balancer lb 0.072 est"],
        "was there already",
    ),
]


@pytest.mark.parametrize(
    ("entries", "lines", "words"),
    [row[1:] for row in _CONTRADICTORY],
    ids=[row[0] for row in _CONTRADICTORY],
)
def test_what_contradicts_itself_is_marked(
    entries: list[LedgerEntry], lines: list[str], words: str
) -> None:
    bill = compute_bill(in_order(entries), BOOK, _DAY)
    assert sorted(map(said, bill.lines)) == sorted(lines)
    assert bill.is_estimated
    assert any(words in problem.message for problem in bill.problems)
    assert all(problem.sequence for problem in bill.problems)


def test_what_contradicted_itself_long_ago_does_not_cast_doubt_on_today() -> None:
    entries = in_order(
        state("02-01 10:00:00", "i-a", "stopped"), run("i-a", "03-01 10:00:00", "03-01 11:00:00")
    )
    bill = compute_bill(entries, BOOK, _DAY)
    assert [said(line) for line in bill.lines] == [
        "on-demand i-a 0.36",
        "address-automatic i-a 0.036",
    ]
    assert not bill.is_estimated
    assert bill.problem_count == 1


def test_of_very_many_problems_the_last_are_kept() -> None:
    entries = in_order([release(f"03-01 10:{n // 60:02}:{n % 60:02}") for n in range(250)])
    bill = compute_bill(entries, BOOK, _DAY)
    assert (bill.problem_count, len(bill.problems)) == (250, 100)
    assert bill.problems[-1].sequence == 250
