"""The store: one writer at a time, an append-only ledger, and clear words when the file is bad."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from minicloud.adapters.database import tables
from minicloud.adapters.database.connection import SCHEMA_REVISION, open_database
from minicloud.adapters.database.store import DatabaseStore
from minicloud.domain.address import Address
from minicloud.domain.errors import CapacityExceeded, Conflict, Unavailable
from minicloud.domain.image import Image, ImageState
from minicloud.domain.instance import Instance, InstanceState, StateReason
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.operation import (
    Operation,
    OperationError,
    OperationStatus,
    StepPhase,
    StepRecord,
)
from minicloud.domain.settings import Settings
from minicloud.ports.store import CloudRecord, Pool

AT = datetime(2030, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)
CLOUD = CloudRecord("cloud-1", "test")
THREADS = 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[DatabaseStore]:
    store = DatabaseStore(path, CLOUD)
    yield store
    store.close()


def _in_threads(work: Callable[[int], object]) -> list[object]:
    ready = threading.Barrier(THREADS)

    def run(number: int) -> object:
        ready.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, range(THREADS)))


def _operation() -> Operation:
    return Operation(
        "op-1", "k", OperationStatus.RUNNING, "i-1", {"a": [1, None, "ü"]}, ("z", "a"), AT
    )


def _entry(number: int = 0) -> LedgerEntry:
    return LedgerEntry(AT, LedgerKind.INSTANCE_STATE, f"i-{number}", {"state": "running"}, "op-1")


FULL_INSTANCE = Instance(
    id="i-1",
    image_id="ami-1",
    type_name="t3.micro",
    state=InstanceState.STOPPED,
    private_ip="172.31.0.10",
    private_slot=3,
    container_name="c",
    zone="z",
    launched_at=AT,
    public_ip="127.31.0.10",
    public_slot=0,
    state_reason=StateReason("Client.X", "because ' \" \\ \u202e"),
    state_changed_at=AT,
    client_token="🦆",
    termination_protection=True,
    tags={"Name": "web", "키": "값"},
)


def test_what_was_written_is_read_back_by_the_next_server(path: Path) -> None:
    image = Image(
        "ami-1", "n", "r:t", ImageState.AVAILABLE, AT, "d", 1 << 40, 3, warnings=("w", "v")
    )
    address = Address("eipalloc-1", "127.31.0.10", 0, AT, tags={"Name": "front"})
    first = DatabaseStore(path, CLOUD)
    with first.write() as transaction:
        transaction.instances.add(FULL_INSTANCE)
        transaction.images.add(image)
        transaction.addresses.add(address)
        transaction.operations.add(_operation())
        transaction.ledger.append(_entry())
        transaction.save_settings(Settings(2.5, 1.5, 9))
        transaction.save_cloud(replace(CLOUD, place=4, edge_mode="loopback"))
    first.close()

    second = DatabaseStore(path, CloudRecord("another", "name"))
    with second.read() as transaction:
        assert transaction.instances.all() == [FULL_INSTANCE]
        assert transaction.images.get("ami-1") == image
        assert transaction.addresses.get("eipalloc-1") == address
        assert transaction.operations.unfinished() == [_operation()]
        assert transaction.ledger.entries() == [replace(_entry(), sequence=1)]
        assert transaction.settings() == Settings(2.5, 1.5, 9)
        assert transaction.cloud() == CloudRecord("cloud-1", "test", 4, "loopback")
    second.close()


def test_a_transaction_that_fails_writes_nothing(store: DatabaseStore) -> None:
    with pytest.raises(IntegrityError):
        _add_twice(store)
    with store.read() as transaction:
        assert transaction.instances.all() == []


def _add_twice(store: DatabaseStore) -> None:
    with store.write() as transaction:
        transaction.instances.add(FULL_INSTANCE)
        transaction.instances.add(FULL_INSTANCE)


def test_a_reader_sees_one_moment_and_waits_for_no_writer(store: DatabaseStore) -> None:
    with store.write() as writing:
        writing.instances.add(FULL_INSTANCE)
        with store.read() as reading:
            assert reading.instances.all() == []
    with store.read() as reading:
        assert reading.instances.all() == [FULL_INSTANCE]


def test_a_claim_that_many_want_is_given_to_one(store: DatabaseStore) -> None:
    def claim(number: int) -> str:
        try:
            with store.write() as transaction:
                transaction.claims.take([f"own-{number}", "shared"], f"op-{number}")
        except Conflict as error:
            return error.code
        return "won"

    won = _in_threads(claim)
    assert sorted(map(str, won)) == ["OperationInProgress"] * (THREADS - 1) + ["won"]
    with store.read() as transaction:
        assert transaction.claims.held() == {f"own-{won.index('won')}", "shared"}


def test_two_stores_over_one_file_never_fail_for_each_others_locks(
    path: Path, store: DatabaseStore
) -> None:
    other = DatabaseStore(path, CLOUD)

    def write(number: int) -> None:
        with (store, other)[number % 2].write() as transaction:
            transaction.ledger.append(_entry(len(transaction.ledger.entries())))

    for _ in range(3):
        _in_threads(write)
    with store.read() as transaction:
        resources = [entry.resource_id for entry in transaction.ledger.entries()]
    # Each saw all that was written before it: nobody's read was out of date when it wrote.
    assert resources == [f"i-{number}" for number in range(3 * THREADS)]
    other.close()


def test_leases_are_given_once_each_and_go_round(store: DatabaseStore) -> None:
    def take(number: int) -> int:
        with store.write() as transaction:
            return transaction.leases.take(Pool.PUBLIC, f"h{number}", 10, frozenset({2}))

    assert sorted(map(str, _in_threads(take))) == sorted("013456789"[:THREADS])
    with store.write() as transaction:
        transaction.leases.free(Pool.PUBLIC, 0)
        transaction.leases.free(Pool.PUBLIC, 5)
    assert [take(90), take(91), take(92)] == [9, 0, 5]
    with pytest.raises(CapacityExceeded, match="all 10 public"):
        take(93)
    with store.write() as transaction:
        assert transaction.leases.take(Pool.PRIVATE, "h", 10, frozenset()) == 0


@pytest.mark.parametrize("statement", ["UPDATE ledger SET resource_id = 'x'", "DELETE FROM ledger"])
def test_the_ledger_refuses_to_be_rewritten(store: DatabaseStore, statement: str) -> None:
    with store.write() as transaction:
        transaction.ledger.append(_entry())
    with (
        pytest.raises(IntegrityError, match="append-only"),
        store._engine.connect() as connection,
        connection.begin(),
    ):
        connection.execute(text(statement))
    with store.read() as transaction:
        assert transaction.ledger.entries() == [replace(_entry(), sequence=1)]


def test_the_revision_in_the_code_is_alembics_newest() -> None:
    config = Config()
    config.set_main_option("script_location", "minicloud.adapters.database:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_REVISION


def test_the_migrations_make_the_tables_that_the_code_names(path: Path) -> None:
    engine = open_database(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_a_file_that_is_up_to_date_is_not_migrated_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(path).dispose()
    monkeypatch.setattr(
        "minicloud.adapters.database.connection._upgrade", lambda _connection: pytest.fail("again")
    )
    open_database(path).dispose()


def test_what_was_written_is_forced_to_the_disk(store: DatabaseStore) -> None:
    with store._engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


@pytest.mark.parametrize("damage", ["all", "middle"])
def test_a_damaged_file_is_told_as_such(path: Path, damage: str) -> None:
    first = DatabaseStore(path, CLOUD)
    with first.write() as transaction:
        for number in range(200):
            transaction.ledger.append(_entry(number))
    first.close()
    data = bytearray(path.read_bytes())
    begin = 0 if damage == "all" else 4096
    data[begin:] = b"\xa5" * (len(data) - begin)
    path.write_bytes(data)
    with pytest.raises(Unavailable) as caught:
        _read_all(path)
    assert caught.value.code == "StoreDamaged"
    assert "backup" in caught.value.resolution


def _read_all(path: Path) -> None:
    store = DatabaseStore(path, CLOUD)
    try:
        with store.read() as transaction:
            transaction.ledger.entries()
    finally:
        store.close()


def test_a_full_disk_is_told_as_such_and_nothing_is_lost(store: DatabaseStore) -> None:
    with store.write() as transaction:
        transaction.ledger.append(_entry())
    event.listen(store._engine, "begin", _allow_no_more_pages)
    with pytest.raises(Unavailable) as caught:
        _write_much(store)
    assert caught.value.code == "StoreDiskFull"
    event.remove(store._engine, "begin", _allow_no_more_pages)
    store._engine.dispose()
    with store.write() as transaction:
        assert len(transaction.ledger.entries()) == 1
        transaction.ledger.append(_entry(1))


def _write_much(store: DatabaseStore) -> None:
    with store.write() as transaction:
        for number in range(500):
            transaction.ledger.append(_entry(number))


def _allow_no_more_pages(connection: object) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count=1")  # type: ignore[attr-defined]


def test_a_folder_that_cannot_be_used_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        DatabaseStore(tmp_path / "missing" / "state.db", CLOUD)
    assert caught.value.code == "StoreUnavailable"


def test_records_that_are_not_there_cannot_be_saved(store: DatabaseStore) -> None:
    with pytest.raises(LookupError), store.write() as transaction:
        transaction.instances.save(FULL_INSTANCE)
    with pytest.raises(LookupError), store.write() as transaction:
        transaction.operations.save(_operation())


def test_the_journal_keeps_steps_outputs_and_errors(store: DatabaseStore) -> None:
    started = StepRecord("z", StepPhase.STARTED, AT)
    done = started.entering(StepPhase.DONE, AT, {"k": 1})
    other = StepRecord("a", StepPhase.STARTED, AT)
    with store.write() as transaction:
        transaction.operations.add(_operation())
        transaction.operations.save(_operation().with_step(started))
        later = replace(
            _operation().with_step(started).with_step(done).with_step(other),
            waiting_for=OperationError("EngineUnreachable", "m", "r"),
        )
        transaction.operations.save(later)
    with store.read() as transaction:
        kept = transaction.operations.get("op-1")
        assert kept == later
        # In the order of the plan, not of the alphabet.
        assert list(kept.steps) == ["z", "a"]
        assert transaction.operations.recent(5) == [later]


def test_the_newest_operations_come_first_and_ended_ones_are_not_unfinished(
    store: DatabaseStore,
) -> None:
    with store.write() as transaction:
        for number in range(4):
            operation = replace(_operation(), id=f"op-{number}")
            transaction.operations.add(operation)
            if number == 0:
                transaction.operations.save(operation.entering(OperationStatus.SUCCEEDED, AT))
    with store.read() as transaction:
        assert [o.id for o in transaction.operations.recent(2)] == ["op-3", "op-2"]
        assert [o.id for o in transaction.operations.unfinished()] == ["op-1", "op-2", "op-3"]
