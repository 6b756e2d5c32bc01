"""Real stores for unit tests: used again and again, quick, and with commits that can fail."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import event

from minicloud.adapters.database.store import DatabaseStore
from minicloud.domain.errors import Unavailable
from minicloud.ports.store import CloudRecord, Transaction

CLOUD_ID = "cloud-0123456789abcdef0"
CLOUD_NAME = "test"


class FlakyStore:
    """The port ``Store`` over another: the n-th commit from now fails, as on a full disk."""

    def __init__(self, store: DatabaseStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.writes = 0
        self.failing: set[int] = set()

    def read(self) -> AbstractContextManager[Transaction]:
        return self._store.read()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._lock:
            self.writes += 1
            must_fail = self.writes in self.failing
            self.failing.discard(self.writes)
        with self._store.write() as transaction:
            yield transaction
            if must_fail:
                raise Unavailable("StoreDiskFull", "the disk is full")

    def fail_write(self, number: int) -> None:
        """Let the ``number``-th write from now fail once, after all was written but the end."""
        with self._lock:
            self.failing.add(self.writes + number)


@functools.cache
def new_records() -> bytes:
    """The file of a cloud in which nothing has happened; migrating one takes 0.1 s."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        DatabaseStore(path, CloudRecord(CLOUD_ID, CLOUD_NAME)).close()
        return path.read_bytes()


class Shelf:
    """Stores that were used before and are filled anew: a new one compiles its statements again.

    They are real but for waiting on the disk, since no test here cuts the power.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="minicloud-unit-")
        self._idle: list[tuple[Path, DatabaseStore]] = []
        self._count = 0

    def take(self, records: bytes) -> tuple[Path, DatabaseStore]:
        """A store over a file that holds these records."""
        if self._idle:
            path, store = self._idle.pop()
            path.write_bytes(records)
            return path, store
        self._count += 1
        path = Path(self._folder.name) / f"{self._count}.db"
        path.write_bytes(records)
        store = DatabaseStore(path, CloudRecord(CLOUD_ID, CLOUD_NAME))
        event.listen(store._engine, "connect", _stop_syncing)
        store._engine.dispose()
        return path, store

    def put_back(self, path: Path, store: DatabaseStore) -> None:
        """Close the store, whose file is then complete, and keep it for the next."""
        store.close()
        self._idle.append((path, store))


@functools.cache
def shelf() -> Shelf:
    return Shelf()


def _stop_syncing(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
