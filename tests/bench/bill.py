"""The bill of a year of 1,000 machines and 100,000 events, over the plainest way to compute one.

The plain way is what a script of a dozen lines does: sort a machine's entries, take them in pairs,
multiply by the type's price. It knows no price changes, no minutes, no addresses, no reservations,
no rules and no lines; it only has the same number of runs to look at.
"""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
import tracemalloc
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from minicloud.adapters.database.store import DatabaseStore
from minicloud.adapters.prices import ShippedPriceBooks
from minicloud.domain.billing.bill import Bill, compute_bill
from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.offering import OfferingKey
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.price_file import parse_price_book
from minicloud.domain.billing.reservation import purchase_entry, reserve
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.ports.store import CloudRecord
from tests.bench.rows import Row, median_row, timed
from tests.bench.world import BenchWorld

_MACHINES = 1_000
_EVENTS = 100_000
_ROUNDS = 5
_REGION = "us-east-1"
_START = datetime(2024, 2, 1, tzinfo=UTC)
_YEAR_S = 365 * 86400
_RESERVED = ("t3.medium", "m5.xlarge", "c5.large")
_RESERVED_COUNT = 20


def rows(_world: BenchWorld) -> list[Row]:
    """In memory, with reservations, from the store; and how memory grows with the events."""
    book = parse_price_book(ShippedPriceBooks().text(_REGION), _REGION)
    entries = _history(book, _EVENTS)
    reserved = [*_purchases(book), *entries]
    what = f"bill of {_MACHINES} machines, {_EVENTS} events"
    return [
        _compared(what, entries, book, "≤ 1 s"),
        _compared(
            f"{what}, {len(_RESERVED) * _RESERVED_COUNT} reservations", reserved, book, "≤ 1 s"
        ),
        _from_store(entries, book),
        _memory(book),
    ]


def _compared(what: str, entries: Sequence[LedgerEntry], book: PriceBook, goal: str = "") -> Row:
    ours, floor = [], []
    for _ in range(_ROUNDS):
        ours.append(timed(lambda: _bill(entries, book)))
        floor.append(timed(lambda: _plainly(entries, book)))
    return median_row(what, ours, floor, "in pairs", goal)


def _bill(entries: Iterable[LedgerEntry], book: PriceBook) -> Bill:
    begins_s = second_of(_START)
    period = Period(begins_s, begins_s + _YEAR_S, begins_s + _YEAR_S)
    bill = compute_bill(entries, book, period)
    if bill.is_estimated or not bill.lines:
        raise RuntimeError("the bench's history is not what it should be")
    return bill


def _plainly(entries: Sequence[LedgerEntry], book: PriceBook) -> Decimal:
    now_s = second_of(_START)
    by_machine = defaultdict(list)
    for entry in entries:
        if entry.kind is LedgerKind.INSTANCE_STATE:
            by_machine[entry.resource_id].append(entry)
    total = Decimal(0)
    for of_machine in by_machine.values():
        usd_per_hour = book.of_type(of_machine[0].facts["type"]).at(now_s).usd
        of_machine.sort(key=lambda entry: entry.at)
        for begun, ended in zip(of_machine[::2], of_machine[1::2], strict=False):
            duration = Decimal(int((ended.at - begun.at).total_seconds()))
            total += duration * usd_per_hour / 3600
    return total


def _from_store(entries: Sequence[LedgerEntry], book: PriceBook) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        store = DatabaseStore(path, CloudRecord("cloud-1", "bench"))
        with store.write() as transaction:
            for entry in entries:
                transaction.ledger.append(entry)

        def from_store() -> None:
            with store.read() as transaction:
                _bill(transaction.ledger.in_time_order(), book)

        def by_hand() -> None:
            connection = sqlite3.connect(path)
            query = "SELECT at, kind, resource_id, facts FROM ledger ORDER BY at"
            for _at, _kind, _resource_id, facts in connection.execute(query):
                json.loads(facts)
            connection.close()

        ours = [timed(from_store) for _ in range(_ROUNDS)]
        floor = [timed(by_hand) for _ in range(_ROUNDS)]
        store.close()
    return median_row("the same, from the store", ours, floor, "sqlite3 and json alone")


def _memory(book: PriceBook) -> Row:
    """The most memory that is in use at once beyond the entries, for ever more of them."""
    peaks_kib = []
    for events in (_EVENTS // 4, _EVENTS):
        entries = _history(book, events)
        tracemalloc.start()
        _bill(entries, book)
        peaks_kib.append(tracemalloc.get_traced_memory()[1] / 1024)
        tracemalloc.stop()
    few, many = peaks_kib
    return Row(
        f"memory of the bill, {_EVENTS} events",
        f"{many:.0f} KiB",
        f"{few:.0f} KiB for {_EVENTS // 4}",
        many / few,
        "flat",
    )


def _history(book: PriceBook, events: int) -> list[LedgerEntry]:
    """A year in which every machine starts and stops again and again."""
    rng = random.Random(20240201)
    told = []
    for number in range(_MACHINES):
        its_type = rng.choice([*book.on_demand])
        for place, second in enumerate(sorted(rng.sample(range(_YEAR_S), events // _MACHINES))):
            at = _START + timedelta(seconds=second, microseconds=rng.randrange(10**6))
            told.append((at, f"i-{number:017x}", ("running", "stopped")[place % 2], its_type))
    told.sort()
    return [
        LedgerEntry(at, LedgerKind.INSTANCE_STATE, instance_id, {"state": state, "type": its_type})
        for at, instance_id, state, its_type in told
    ]


def _purchases(book: PriceBook) -> list[LedgerEntry]:
    """Reservations of three families, a few machines each."""
    bought = []
    for number, type_name in enumerate(_RESERVED):
        key = OfferingKey.parse(f"{type_name}:1y:all-upfront:standard")
        offering = book.offering(key, second_of(_START))
        bought.append(
            purchase_entry(reserve(offering, f"ri-{number}", _REGION, _RESERVED_COUNT, _START))
        )
    return bought
