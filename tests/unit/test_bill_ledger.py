"""Ledgers that are damaged, or need a price that there is not: an error, never a wrong bill."""

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
    balancer,
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
        "on-demand i-b 0.36",
        "address-automatic i-b 0.036",
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
    assert [said(line) for line in bill.lines] == [
        "on-demand i-b 0.36",
        "address-automatic i-b 0.036",
    ]


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
