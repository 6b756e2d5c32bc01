"""Ledgers that are damaged or contradict themselves: an error, or a line that is marked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.errors import MiniCloudError, NotFound
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
    reserve,
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
        ["on-demand i-a 0.36", "unknown-run i-a 0 est"],
        "is stopping, and was stopped before",
    ),
    (
        "a second start, so that a stop between was lost",
        [
            state("03-01 10:00:00", "i-a", "running"),
            state("03-01 11:00:00", "i-a", "running"),
            state("03-01 12:00:00", "i-a", "stopped"),
        ],
        ["on-demand i-a 0.72 est"],
        "billed as if it had run all the time",
    ),
    (
        "a start after the end",
        [
            *run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
            state("03-01 11:00:00", "i-a", "terminated"),
            *run("i-a", "03-01 12:00:00", "03-01 13:00:00"),
        ],
        ["on-demand i-a 0.36", "on-demand i-a 0.36 est"],
        "is running, and was terminated before",
    ),
    (
        "another type while it runs",
        [
            state("03-01 10:00:00", "i-a", "running"),
            entry("03-01 11:00:00", _TYPE, "i-a", type="t3.small", from_type="t3.micro"),
            state("03-01 12:00:00", "i-a", "stopped", "t3.small"),
        ],
        ["on-demand i-a 0.36", "on-demand i-a 0.72 est"],
        "changes the type of a machine that runs",
    ),
    (
        "a second start of another type",
        [
            state("03-01 10:00:00", "i-a", "running"),
            state("03-01 11:00:00", "i-a", "running", "t3.small"),
            state("03-01 12:00:00", "i-a", "stopped", "t3.small"),
        ],
        ["on-demand i-a 0.36 est", "on-demand i-a 0.72 est"],
        "is running, and was running before",
    ),
    (
        "another type while it runs is no new start",
        [
            state("03-01 10:00:00", "i-a", "running"),
            entry("03-01 10:00:50", _TYPE, "i-a", type="t3.small", from_type="t3.micro"),
            state("03-01 10:01:20", "i-a", "stopped", "t3.small"),
        ],
        ["on-demand i-a 0.005", "on-demand i-a 0.006 est"],
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
        ["on-demand i-a 5.04", "address-in-use eip 0.036 est", "address-unattached eip 0 est"],
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
        ["on-demand i-a 0.54", "address-in-use eip 0.036 est", "address-unattached eip 0 est"],
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
        ["balancer-hours lb 0.045 est"],
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
    assert [said(line) for line in bill.lines] == ["on-demand i-a 0.36"]
    assert not bill.is_estimated
    assert bill.problem_count == 1


def test_of_very_many_problems_the_last_are_kept() -> None:
    entries = in_order([release(f"03-01 10:{n // 60:02}:{n % 60:02}") for n in range(250)])
    bill = compute_bill(entries, BOOK, _DAY)
    assert (bill.problem_count, len(bill.problems)) == (250, 100)
    assert bill.problems[-1].sequence == 250


_BOUGHT = reserve("03-01 10:00:00")


def _told(kind: LedgerKind, resource_id: str, **facts: str) -> LedgerEntry:
    return entry("03-01 10:00:00", kind, resource_id, **facts)


def _bought(**facts: str) -> LedgerEntry:
    return replace(_BOUGHT, facts={**_BOUGHT.facts, **facts})


_DAMAGED: list[tuple[str, LedgerEntry, str]] = [
    ("no state", _told(LedgerKind.INSTANCE_STATE, "i-a", type="t3.micro"), "its state"),
    ("no type", _told(LedgerKind.INSTANCE_STATE, "i-a", state="running"), "its type"),
    ("another state", state("03-01 10:00:00", "i-a", "hibernating"), "a state that there is not"),
    ("another type", state("03-01 10:00:00", "i-a", "running", "x9.huge"), "does not have"),
    ("no address", _told(LedgerKind.ADDRESS_ALLOCATED, "eip"), "its public_ip"),
    ("no machine", _told(LedgerKind.ADDRESS_ASSOCIATED, "eip", public_ip="1"), "its instance_id"),
    ("no size", _told(LedgerKind.IMAGE_CREATED, "ami", name="web"), "its size_bytes"),
    (
        "a size that is none",
        _told(LedgerKind.IMAGE_CREATED, "ami", name="web", size_bytes="-1"),
        "no number of bytes",
    ),
    ("no name", _told(LedgerKind.BALANCER_CREATED, "lb", type="network"), "its name"),
    ("cut off", replace(_BOUGHT, facts={"type": "t3.small"}), "its region"),
    ("a price that is none", _bought(hourly_usd="x"), "cannot be read"),
    ("a price that is no number", _bought(hourly_usd="NaN"), "nobody can have bought"),
    ("a price below nothing", _bought(upfront_usd="-1"), "nobody can have bought"),
    ("a price of too many places", _bought(hourly_usd="1E-13"), "nobody can have bought"),
    ("a price out of all bounds", _bought(hourly_usd="1E+999999"), "nobody can have bought"),
    ("a term that there is not", _bought(years="2"), "nobody can have bought"),
    ("none of it", _bought(count="0"), "nobody can have bought"),
    ("a payment that there is not", _bought(payment="later"), "cannot be read"),
]


@pytest.mark.parametrize(
    ("damaged", "words"), [row[1:] for row in _DAMAGED], ids=[row[0] for row in _DAMAGED]
)
def test_an_entry_that_cannot_be_read_ends_the_bill(damaged: LedgerEntry, words: str) -> None:
    entries = in_order(run("i-b", "03-01 09:00:00"), damaged)
    with pytest.raises(MiniCloudError) as raised:
        compute_bill(entries, BOOK, _DAY)
    assert raised.value.code == "LedgerDamaged"
    assert "entry 2 of the ledger" in raised.value.message
    assert words in raised.value.message
    # What came before it can still be billed.
    assert compute_bill(entries, BOOK, period("03-01 09:00:00", "03-01 10:00:00")).lines


def test_what_the_book_has_no_price_of_ends_the_bill() -> None:
    for entries in (
        run("i-a", "03-01 09:00:00", None, "m7i.large"),
        run("i-a", "2019-12-31 23:00:00", "2020-01-01 01:00:00"),
        [entry("03-01 10:00:00", LedgerKind.BALANCER_CREATED, "lb", name="n", type="network")],
    ):
        with pytest.raises(NotFound) as raised:
            compute_bill(entries, BOOK, period("2019-01-01 00:00:00", "2025-01-01 00:00:00"))
        assert raised.value.code == "PriceNotFound"


def test_what_the_book_has_no_price_of_does_not_matter_where_it_is_not_used() -> None:
    entries = in_order(
        run("i-a", "02-01 09:00:00", "02-01 10:00:00", "m7i.large"),
        run("i-b", "03-01 10:00:00", "03-01 11:00:00"),
        [entry("02-01 10:00:00", LedgerKind.BALANCER_CREATED, "lb", name="n", type="network")],
        [entry("02-01 11:00:00", LedgerKind.BALANCER_DELETED, "lb", name="n", type="network")],
    )
    assert [said(line) for line in compute_bill(entries, BOOK, _DAY).lines] == [
        "on-demand i-b 0.36"
    ]


def test_what_was_used_before_the_book_begins_does_not_matter_to_a_later_period() -> None:
    entries = in_order(
        run("i-a", "2019-01-01 00:00:00", "2019-01-01 00:00:10"),
        [allocate("2019-01-01 00:00:00"), release("2019-01-02 00:00:00")],
        [image("2019-01-01 00:00:00"), balancer("2019-01-01 00:00:00")],
        [image("2019-02-01 00:00:00", kept=False), balancer("2019-01-03 00:00:00", there=False)],
        run("i-b", "03-01 10:00:00", "03-01 11:00:00"),
    )
    bill = compute_bill(entries, BOOK, _DAY)
    assert [said(line) for line in bill.lines] == ["on-demand i-b 0.36"]


def test_entries_out_of_order_are_a_defect() -> None:
    with pytest.raises(ValueError, match="older"):
        compute_bill(run("i-a", "03-01 10:00:00", "03-01 09:00:00"), BOOK, _DAY)


def test_entries_are_read_one_by_one_and_no_further_than_the_period() -> None:
    read = []

    def entries() -> object:
        for each in in_order(
            run("i-a", "03-01 10:00:00", "03-01 11:00:00"),
            run("i-a", "03-05 10:00:00", "03-05 11:00:00"),
        ):
            read.append(each)
            yield each

    compute_bill(entries(), BOOK, _DAY)  # type: ignore[arg-type]
    assert len(read) == 3


_KINDS = st.sampled_from(list(LedgerKind))
_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["running", "stopped", "pending", "terminated", "stopping"]),
        "type": st.sampled_from(["t3.micro", "t3.small", "application"]),
        "public_ip": st.just("ip"),
        "instance_id": st.sampled_from(["i-a", "i-b"]),
        "name": st.just("n"),
        "size_bytes": st.sampled_from(["1", "99", "x"]),
    },
)
_RESOURCES = st.sampled_from(["i-a", "i-b", "eip", "ami", "lb"])


@given(told=st.lists(st.tuples(st.integers(0, 86400), _KINDS, _RESOURCES, _FACTS), max_size=25))
def test_no_ledger_brings_anything_but_a_bill_or_our_error(
    told: list[tuple[int, LedgerKind, str, dict[str, str]]],
) -> None:
    entries = in_order(
        [
            entry(f"03-01 {s // 3600 % 24:02}:{s // 60 % 60:02}:{s % 60:02}", kind, name, **facts)
            for s, kind, name, facts in told
        ]
    )
    code = ""
    try:
        bill = compute_bill(entries, BOOK, _DAY)
    except MiniCloudError as error:
        code = error.code
    else:
        assert bill.total >= 0
        assert bill.is_estimated == any(line.is_estimated for line in bill.lines)
    assert code in {"", "LedgerDamaged", "PriceNotFound"}
