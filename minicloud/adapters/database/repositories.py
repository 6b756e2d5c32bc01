"""The records of a cloud, read and written inside one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Column, Connection, Table, delete, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from minicloud.adapters.database import tables
from minicloud.adapters.database.codecs import TARGET, Codec
from minicloud.domain.errors import Busy
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.network import next_slot
from minicloud.domain.operation import Json, Operation, OperationStatus, StepRecord
from minicloud.domain.target import Target
from minicloud.ports.store import Pool

T = TypeVar("T")
_LEDGER_ENTRY = TypeAdapter(LedgerEntry)
_STEP = TypeAdapter(StepRecord)
_OPERATION = TypeAdapter(Operation)
_FETCHED_ROWS = 1000
# Without its Z, a whole second comes before its fractions.
_MOMENT = func.rtrim(tables.ledger.c.at, "Z")
_OPERATION_COLUMNS = {column.name for column in tables.operations.columns}


class TableRepository(Generic[T]):
    """A table whose columns are the fields of one dataclass, keyed by one of them."""

    def __init__(self, connection: Connection, table: Table, key: str, codec: Codec[T]) -> None:
        self._connection = connection
        self._table = table
        self._key: Column[Any] = table.columns[key]
        self._codec = codec

    def get(self, key: str) -> T | None:
        """The record with this identifier, or None."""
        row = self._connection.execute(select(self._table).where(self._key == key)).first()
        return None if row is None else self._codec.load(dict(row._mapping))

    def all(self) -> Sequence[T]:
        """Every record, oldest first."""
        return self._where(True)

    def add(self, record: T) -> None:
        """Insert a record."""
        self._connection.execute(insert(self._table).values(self._codec.dump(record)))

    def save(self, record: T) -> None:
        """Overwrite a record that exists."""
        row = self._codec.dump(record)
        changed = self._connection.execute(
            update(self._table).where(self._key == row[self._key.name]).values(row)
        )
        if changed.rowcount != 1:
            raise LookupError(f"{self._table.name} has no record {row[self._key.name]}")

    def remove(self, key: str) -> None:
        """Forget the record with this identifier, if it is there."""
        self._connection.execute(delete(self._table).where(self._key == key))

    def snapshot(self, key: str) -> Json | None:
        """The record as JSON, for a journal; None where there is none."""
        record = self.get(key)
        return None if record is None else self._codec.dump(record)

    def restore(self, key: str, snapshot: Json | None) -> None:
        """Make the record again what a snapshot says that it was; None: let there be none."""
        if snapshot is None:
            self.remove(key)
        elif self.get(key) is None:
            self.add(self._codec.load(snapshot))
        else:
            self.save(self._codec.load(snapshot))

    def _where(self, condition: Any) -> Sequence[T]:
        rows = self._connection.execute(
            select(self._table).where(condition).order_by(self._table.c.sequence)
        )
        return [self._codec.load(dict(row._mapping)) for row in rows]


class TargetTable(TableRepository[Target]):
    """The targets of every group."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, tables.targets, "id", TARGET)

    def of_instance(self, instance_id: str) -> Sequence[Target]:
        """Where a machine is registered, or draining, oldest first."""
        return self._where(tables.targets.c.instance_id == instance_id)

    def of_group(self, group_id: str) -> Sequence[Target]:
        """The targets of a group, oldest first."""
        return self._where(tables.targets.c.group_id == group_id)


class OperationTable:
    """The journal: an operation's row and the rows of its steps."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> Operation | None:
        """The operation with this identifier, or None."""
        found = self._load(tables.operations.c.id == key)
        return found[0] if found else None

    def all(self) -> Sequence[Operation]:
        """Every operation, oldest first."""
        return self._load(True)

    def unfinished(self) -> Sequence[Operation]:
        """Operations that have not ended, oldest first."""
        open_ones = (OperationStatus.RUNNING.value, OperationStatus.UNWINDING.value)
        return self._load(tables.operations.c.status.in_(open_ones))

    def recent(self, limit: int) -> Sequence[Operation]:
        """The newest operations, newest first."""
        newest = (
            select(tables.operations.c.sequence)
            .order_by(tables.operations.c.sequence.desc())
            .limit(limit)
        )
        return self._load(tables.operations.c.sequence.in_(newest))[::-1]

    def add(self, record: Operation) -> None:
        """Insert an operation that has no steps yet."""
        self._connection.execute(insert(tables.operations).values(self._row(record)))

    def save(self, record: Operation) -> None:
        """Overwrite the operation and whichever of its steps have changed."""
        before = self.get(record.id)
        if before is None:
            raise LookupError(f"the journal has no operation {record.id}")
        self._connection.execute(
            update(tables.operations)
            .where(tables.operations.c.id == record.id)
            .values(self._row(record))
        )
        for step in record.steps.values():
            if before.steps.get(step.name) != step:
                row = {"operation_id": record.id, **_STEP.dump_python(step, mode="json")}
                self._connection.execute(
                    upsert(tables.operation_steps)
                    .values(row)
                    .on_conflict_do_update(index_elements=["operation_id", "name"], set_=row)
                )

    def _row(self, record: Operation) -> dict[str, Any]:
        row: dict[str, Any] = _OPERATION.dump_python(record, mode="json", exclude={"steps"})
        return row

    def _load(self, condition: Any) -> list[Operation]:
        rows = self._connection.execute(
            select(tables.operations).where(condition).order_by(tables.operations.c.sequence)
        ).all()
        ids = [row.id for row in rows]
        steps: dict[str, dict[str, StepRecord]] = {}
        for step in self._connection.execute(
            select(tables.operation_steps).where(tables.operation_steps.c.operation_id.in_(ids))
        ):
            record = _STEP.validate_python(dict(step._mapping))
            steps.setdefault(step.operation_id, {})[record.name] = record
        operations = [_OPERATION.validate_python(dict(row._mapping)) for row in rows]
        return [
            replace(operation, steps=_in_order(operation, steps.get(operation.id, {})))
            for operation in operations
        ]


def _in_order(operation: Operation, steps: dict[str, StepRecord]) -> dict[str, StepRecord]:
    """The steps as the plan has them: two may have begun at the same time of a cloud's clock."""
    return {name: steps[name] for name in operation.step_names if name in steps}


class LeaseTable:
    """Who holds which slot, and which slot of each pool was given last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, pool: Pool, holder: str, slot_count: int, shut_out: frozenset[int]) -> int:
        """Give the holder the next free slot that is not shut out."""
        held = self._connection.execute(
            select(tables.leases.c.slot).where(tables.leases.c.pool == pool.value)
        ).scalars()
        last = self._connection.execute(
            select(tables.lease_cursors.c.last_slot).where(
                tables.lease_cursors.c.pool == pool.value
            )
        ).scalar()
        slot = next_slot({*held, *shut_out}, -1 if last is None else last, slot_count, pool.value)
        self._connection.execute(
            insert(tables.leases).values(pool=pool.value, slot=slot, holder=holder)
        )
        cursor = {"pool": pool.value, "last_slot": slot}
        self._connection.execute(
            upsert(tables.lease_cursors)
            .values(cursor)
            .on_conflict_do_update(index_elements=["pool"], set_=cursor)
        )
        return slot

    def free(self, pool: Pool, slot: int) -> None:
        """Take the slot back, if it is held."""
        self._connection.execute(
            delete(tables.leases).where(
                tables.leases.c.pool == pool.value, tables.leases.c.slot == slot
            )
        )


class ClaimTable:
    """Which operation has its hands on which resource."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, resource_ids: Sequence[str], operation_id: str) -> None:
        """Claim them all, or raise ``Conflict`` code ``OperationInProgress``."""
        taken = self._connection.execute(
            select(tables.claims).where(tables.claims.c.resource_id.in_(resource_ids))
        ).first()
        if taken is not None:
            raise Busy(
                f"operation {taken.operation_id} is at work on {taken.resource_id}",
                f"wait for it: minicloud operation watch {taken.operation_id}",
                taken.resource_id,
                taken.operation_id,
            )
        for resource_id in resource_ids:
            self._connection.execute(
                insert(tables.claims).values(resource_id=resource_id, operation_id=operation_id)
            )

    def release(self, operation_id: str) -> None:
        """Let go of all that this operation holds."""
        self._connection.execute(
            delete(tables.claims).where(tables.claims.c.operation_id == operation_id)
        )

    def held(self) -> frozenset[str]:
        """Every claimed resource."""
        return frozenset(self._connection.execute(select(tables.claims.c.resource_id)).scalars())


class LedgerTable:
    """The ledger; the database itself refuses to change or delete an entry."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, entry: LedgerEntry) -> None:
        """Add an entry for ever, marked as simulated where the cloud's clock is."""
        row = _LEDGER_ENTRY.dump_python(entry, mode="json", exclude={"sequence", "simulated"})
        is_simulated = exists(select(tables.clock_settings.c.sequence))
        self._connection.execute(insert(tables.ledger).values(row | {"simulated": is_simulated}))

    def entries(self) -> Sequence[LedgerEntry]:
        """Every entry, in the order they were added."""
        rows = self._connection.execute(select(tables.ledger).order_by(tables.ledger.c.sequence))
        return [_LEDGER_ENTRY.validate_python(dict(row._mapping)) for row in rows]

    def latest_at(self) -> datetime | None:
        """When the last of all that is recorded happened; None where nothing is."""
        found = self._connection.execute(
            select(tables.ledger.c.at).order_by(_MOMENT.desc()).limit(1)
        ).scalar()
        return None if found is None else datetime.fromisoformat(found)

    def in_time_order(self) -> Iterator[LedgerEntry]:
        """Every entry, in the order in which things happened, a few at a time."""
        columns = tables.ledger.c
        chosen = select(
            columns.at,
            columns.kind,
            columns.resource_id,
            columns.facts,
            columns.operation_id,
            columns.sequence,
            columns.simulated,
        ).order_by(_MOMENT, columns.sequence)
        rows = self._connection.execute(chosen, execution_options={"yield_per": _FETCHED_ROWS})
        for at, kind, *rest in rows:
            yield LedgerEntry(datetime.fromisoformat(at), LedgerKind(kind), *rest)
