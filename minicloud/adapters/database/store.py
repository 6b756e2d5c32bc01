"""The store: transactions over one database file."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from minicloud.adapters.database import codecs, tables
from minicloud.adapters.database.connection import open_database, translated
from minicloud.adapters.database.emptying import empty_tables
from minicloud.adapters.database.repositories import (
    ClaimTable,
    LeaseTable,
    LedgerTable,
    OperationTable,
    TableRepository,
    TargetTable,
)
from minicloud.adapters.database.usage_hours import UsageHoursTable
from minicloud.domain.aws_endpoint import AwsEndpoint, AwsKeys
from minicloud.domain.certificate import KeyPair
from minicloud.domain.clock import ClockSetting
from minicloud.domain.engine_kind import EngineKind
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
        self.resource_tags = TableRepository(
            connection, tables.resource_tags, "resource_id", codecs.RESOURCE_TAGS
        )
        self.budgets = TableRepository(connection, tables.budgets, "name", codecs.BUDGET)
        self.user_data = TableRepository(
            connection, tables.user_data, "instance_id", codecs.USER_DATA
        )
        self.operations = OperationTable(connection)
        self.leases = LeaseTable(connection)
        self.claims = ClaimTable(connection)
        self.ledger = LedgerTable(connection)
        self.usage_hours = UsageHoursTable(connection)

    def cloud(self) -> CloudRecord:
        """The cloud's own record."""
        row = self._connection.execute(select(tables.cloud)).one()
        return CloudRecord(**{**row._mapping, "engine": EngineKind(row.engine)})

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

    def clock_settings(self) -> Sequence[ClockSetting]:
        """How the cloud's clock was set, in order; none where it is the real one."""
        rows = self._connection.execute(
            select(tables.clock_settings).order_by(tables.clock_settings.c.sequence)
        )
        return [codecs.CLOCK_SETTING.load(dict(row._mapping)) for row in rows]

    def add_clock_setting(self, setting: ClockSetting) -> None:
        """Set the cloud's clock; it is a simulated one for as long as the cloud lives."""
        row = codecs.CLOCK_SETTING.dump(setting)
        self._connection.execute(insert(tables.clock_settings).values(row))

    def aws_endpoint(self) -> AwsEndpoint | None:
        """The cloud's AWS endpoint, once it has one."""
        row = self._connection.execute(select(tables.aws_endpoints)).first()
        if row is None:
            return None
        return AwsEndpoint(AwsKeys(row.access_key_id, row.secret_access_key), row.port)

    def save_aws_endpoint(self, endpoint: AwsEndpoint) -> None:
        """Keep the cloud's AWS endpoint, in place of an earlier one."""
        row = {"id": _ONLY_ROW, **asdict(endpoint.keys), "port": endpoint.port}
        self._connection.execute(
            upsert(tables.aws_endpoints)
            .values(row)
            .on_conflict_do_update(index_elements=["id"], set_=row)
        )

    def empty(self) -> None:
        """Forget all but the cloud itself and what was built; see ``emptying``."""
        empty_tables(self._connection)

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
