"""What a bill makes of bad input that no hand-made ledger shows: torn files, and odd times.

Price books with a gap, an overlap or a negative rate are in ``bad_price_books``, contradictory and
unreadable entries in ``test_bill_ledger``, times that a zone does not have in ``test_bill_period``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from minicloud.adapters.database.store import DatabaseStore
from minicloud.domain.billing.bill import Bill, compute_bill
from minicloud.domain.errors import Unavailable
from minicloud.domain.ledger import LedgerEntry
from minicloud.ports.store import CloudRecord
from tests.unit.billing_book import BOOK, in_order, period, run
from tests.unit.billing_cases import said

_CLOUD = CloudRecord("cloud-1", "test")
_MONTH = period("03-01 00:00:00", "04-01 00:00:00")
_ENTRIES = in_order(
    *[
        run("i-a", f"03-{day:02} 10:00:00", f"03-{day:02} 11:00:00", "c5.large")
        for day in range(2, 9)
    ]
)


def _billed(entries: Sequence[LedgerEntry]) -> list[str]:
    return [said(line) for line in compute_bill(entries, BOOK, _MONTH).lines]


def _bill_of(path: Path) -> tuple[int, list[str]]:
    """How many entries a file has, and what they come to."""
    store = DatabaseStore(path, _CLOUD)
    try:
        with store.read() as transaction:
            bill = compute_bill(transaction.ledger.in_time_order(), BOOK, _MONTH)
            return len(transaction.ledger.entries()), [said(line) for line in bill.lines]
    finally:
        store.close()


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """The files of a server that was killed: each entry is in the log, none in the main file."""
    store = DatabaseStore(tmp_path / "alive.db", _CLOUD)
    for entry in _ENTRIES:
        with store.write() as transaction:
            transaction.ledger.append(entry)
    for ending in ("", "-wal"):
        shutil.copy(tmp_path / f"alive.db{ending}", tmp_path / f"dead.db{ending}")
    store.close()
    return tmp_path / "dead.db"


@pytest.mark.parametrize("lost_bytes", [0, 1, 17, 2000, 4119, 4120, 4121, 9000, 20_000])
def test_a_last_record_that_a_crash_cut_off_never_happened(crashed: Path, lost_bytes: int) -> None:
    log = Path(f"{crashed}-wal")
    data = log.read_bytes()
    assert len(data) > 20_000
    log.write_bytes(data[: len(data) - lost_bytes])
    count, billed = _bill_of(crashed)
    # All that came before the cut is there, and nothing of what was cut; a machine whose stop is
    # lost runs on, as it did for all that anybody knows.
    assert billed == _billed(_ENTRIES[:count])
    assert count == len(_ENTRIES) if lost_bytes == 0 else 0 < count < len(_ENTRIES)


def test_a_last_record_of_noise_never_happened(crashed: Path) -> None:
    log = Path(f"{crashed}-wal")
    data = bytearray(log.read_bytes())
    data[-100:-50] = b"\xa5" * 50
    log.write_bytes(data)
    count, billed = _bill_of(crashed)
    assert 0 < count < len(_ENTRIES)
    assert billed == _billed(_ENTRIES[:count])


def test_a_file_that_lost_its_end_makes_no_smaller_bill(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = DatabaseStore(path, _CLOUD)
    with store.write() as transaction:
        for entry in _ENTRIES * 20:
            transaction.ledger.append(entry)
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 3 * 4096])
    with pytest.raises(Unavailable) as raised:
        _bill_of(path)
    assert raised.value.code == "StoreDamaged"


def _at_noon(entries: Sequence[LedgerEntry]) -> Bill:
    return compute_bill(entries, BOOK, period("03-01 00:00:00", "03-02 00:00:00", "03-01 12:00:00"))


def test_what_the_ledger_says_of_the_future_is_marked() -> None:
    # The clock was put back after it happened.
    started = run("i-a", "03-01 13:00:00", "03-01 14:00:00", "c5.large")
    assert [said(line) for line in _at_noon(started).lines if "on-demand" in said(line)] == [
        "on-demand i-a 0.085 est"
    ]
    stopped = run("i-a", "03-01 11:00:00", "03-01 13:00:00", "c5.large")
    assert [said(line) for line in _at_noon(stopped).lines if "on-demand" in said(line)] == [
        "on-demand i-a 0.085",
        "on-demand i-a 0.085 est",
    ]
    until_now = compute_bill(
        started, BOOK, period("03-01 00:00:00", "03-01 12:00:00", "03-01 12:00:00")
    )
    assert until_now.lines == ()


@pytest.mark.parametrize("hours", [-11, 0, 5.5, 9, 14])
def test_an_entry_is_of_a_moment_whatever_the_offset_it_is_written_with(hours: float) -> None:
    zone = timezone(timedelta(hours=hours))
    elsewhere = [replace(each, at=each.at.astimezone(zone)) for each in _ENTRIES]
    assert _billed(elsewhere) == _billed(_ENTRIES)
