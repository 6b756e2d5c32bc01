"""The store: transactions over one database file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from minicloud.adapters.database import codecs, tables
from minicloud.adapters.database.connection import open_database, translated
from minicloud.adapters.database.repositories import (
    ClaimTable,
    LeaseTable,
    LedgerTable,
    OperationTable,
    TableRepository,
    TargetTable,
)
from minicloud.domain.certificate import KeyPair
from minicloud.domain.settings import Settings
from minicloud.ports.store import CloudRecord, Transaction

_ONLY_ROW = 1


class DatabaseTransaction:
    """Every record of the cloud, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.instances = TableRepository(connection, tables.instances, "id", codecs.INSTANCE)
        self.images = TableRepository(connection, tables.images, "id", codecs.IMAGE)
        self.addresses = TableRepository(
            connection, tables.addresses, "allocation_id", codecs.ADDRESS
        )
        self.balancers = TableRepository(connection, tables.balancers, "id", codecs.BALANCER)
        self.target_groups = TableRepository(
            connection, tables.target_groups, "id", codecs.TARGET_GROUP
        )
        self.targets = TargetTable(connection)
        self.listeners = TableRepository(connection, tables.listeners, "id", codecs.LISTENER)
        self.rules = TableRepository(connection, tables.rules, "id", codecs.RULE)
        self.certificates = TableRepository(
            connection, tables.certificates, "id", codecs.CERTIFICATE
        )
        self.reservations = TableRepository(
            connection, tables.reservations, "id", codecs.RESERVATION
        )
        self.operations = OperationTable(connection)
        self.leases = LeaseTable(connection)
        self.claims = ClaimTable(connection)
        self.ledger = LedgerTable(connection)

    def cloud(self) -> CloudRecord:
        """The cloud's own record."""
        row = self._connection.execute(select(tables.cloud)).one()
        return CloudRecord(**row._mapping)

    def save_cloud(self, record: CloudRecord) -> None:
        """Overwrite the cloud's record."""
        self._connection.execute(update(tables.cloud).values(asdict(record)))

    def settings(self) -> Settings:
        """The cloud's settings."""
        row = self._connection.execute(select(tables.settings)).one()
        return Settings(**{key: value for key, value in row._mapping.items() if key != "id"})

    def save_settings(self, settings: Settings) -> None:
        """Overwrite the cloud's settings."""
        self._connection.execute(update(tables.settings).values(asdict(settings)))

    def certificate_authority(self) -> KeyPair | None:
        """The cloud's own certificate authority, once it has been needed."""
        row = self._connection.execute(select(tables.certificate_authorities)).first()
        return None if row is None else KeyPair(row.chain_pem, row.key_pem)

    def save_certificate_authority(self, authority: KeyPair) -> None:
        """Keep the cloud's certificate authority, for as long as the cloud lives."""
        self._connection.execute(
            insert(tables.certificate_authorities).values(id=_ONLY_ROW, **asdict(authority))
        )

    def establish(self, record: CloudRecord) -> None:
        """Insert the cloud's record and default settings, unless they are there."""
        if self._connection.execute(select(tables.cloud)).first() is None:
            self._connection.execute(insert(tables.cloud).values(asdict(record)))
            self._connection.execute(
                insert(tables.settings).values(id=_ONLY_ROW, **asdict(Settings()))
            )


class DatabaseStore:
    """Implements ``ports.store.Store`` over a SQLite file."""

    def __init__(self, path: Path, cloud: CloudRecord) -> None:
        """Open or make the file; ``cloud`` is recorded if the file has no cloud yet."""
        self._engine = open_database(path)
        self._write_lock = threading.Lock()
        with self._write_lock, self._transaction(write=True) as transaction:
            transaction.establish(cloud)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads, and never waits for a writer."""
        with self._transaction(write=False) as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """The one transaction that may write now."""
        with self._write_lock, self._transaction(write=True) as transaction:
            yield transaction

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[DatabaseTransaction]:
        with (
            translated(),
            self._engine.connect().execution_options(minicloud_write=write) as connection,
            connection.begin(),
        ):
            yield DatabaseTransaction(connection)
