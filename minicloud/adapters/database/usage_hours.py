"""What was measured, hour by hour, and the readings that the next ones are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from minicloud.adapters.database.codecs import Codec
from minicloud.adapters.database.tables import metadata
from minicloud.domain.metering import BalancerHour, InstanceHour, Reading

instance_hours = Table(
    "instance_hours",
    metadata,
    Column("instance_id", String, primary_key=True),
    Column("hour_at", String, primary_key=True),
    Column("type_name", String, nullable=False),
    Column("measured_s", Float, nullable=False),
    Column("cpu_s", Float, nullable=False),
    Column("vcpu_s", Float, nullable=False),
    Column("cpu_percent_max", Float, nullable=False),
    Column("memory_mib_s", Float, nullable=False),
    Column("memory_mib_max", Float, nullable=False),
    Index("instance_hours_by_hour", "hour_at"),
)

balancer_hours = Table(
    "balancer_hours",
    metadata,
    Column("balancer_id", String, primary_key=True),
    Column("hour_at", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("type", String, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("new_connections", Integer, nullable=False),
    Column("processed_bytes", Integer, nullable=False),
    Column("rule_evaluations", Integer, nullable=False),
    Column("active_sum", Integer, nullable=False),
    Column("sample_count", Integer, nullable=False),
    Column("in_ledger", Boolean, nullable=False),
    Index("balancer_hours_by_hour", "hour_at"),
    Index("balancer_hours_by_ledger", "in_ledger"),
)

readings = Table(
    "readings",
    metadata,
    Column("resource_id", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("engine_at", String, nullable=False),
    Column("life", String, nullable=False),
    Column("counters", JSON, nullable=False),
)

_INSTANCE_HOUR = Codec(InstanceHour)
_BALANCER_HOUR = Codec(BalancerHour)
_READING = Codec(Reading)
_Hour = TypeVar("_Hour", InstanceHour, BalancerHour)


class UsageHoursTable:
    """Implements ``ports.usage_hours.UsageHours``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_instances(
        self, since: datetime, instance_id: str | None = None
    ) -> Sequence[InstanceHour]:
        """The hours of one machine, or of all, the oldest first."""
        chosen = _since(instance_hours, since)
        if instance_id is not None:
            chosen = chosen.where(instance_hours.c.instance_id == instance_id)
        rows = self._connection.execute(chosen.order_by(instance_hours.c.hour_at))
        return [_INSTANCE_HOUR.load(dict(row._mapping)) for row in rows]

    def of_balancers(
        self, since: datetime, balancer_id: str | None = None
    ) -> Sequence[BalancerHour]:
        """The hours of one balancer, or of all, the oldest first."""
        chosen = _since(balancer_hours, since)
        if balancer_id is not None:
            chosen = chosen.where(balancer_hours.c.balancer_id == balancer_id)
        rows = self._connection.execute(chosen.order_by(balancer_hours.c.hour_at))
        return [_BALANCER_HOUR.load(dict(row._mapping)) for row in rows]

    def not_in_ledger(self) -> Sequence[BalancerHour]:
        """The hours that the ledger does not tell of yet, the oldest first."""
        chosen = select(balancer_hours).where(balancer_hours.c.in_ledger.is_(False))
        rows = self._connection.execute(chosen.order_by(balancer_hours.c.hour_at))
        return [_BALANCER_HOUR.load(dict(row._mapping)) for row in rows]

    def mark_in_ledger(self, hour: BalancerHour) -> None:
        """Note that the ledger tells of it."""
        columns, row = balancer_hours.c, _BALANCER_HOUR.dump(hour)
        self._connection.execute(
            update(balancer_hours)
            .where(columns.balancer_id == hour.balancer_id, columns.hour_at == row["hour_at"])
            .values(in_ledger=True)
        )

    def add_to_instances(self, hours: Iterable[InstanceHour]) -> None:
        """Add what was measured to what is known of those hours."""
        for hour in hours:
            self._add(instance_hours, _INSTANCE_HOUR, hour)

    def add_to_balancers(self, hours: Iterable[BalancerHour]) -> None:
        """Add what was measured to what is known of those hours."""
        for hour in hours:
            self._add(balancer_hours, _BALANCER_HOUR, hour)

    def readings(self) -> dict[str, Reading]:
        """The last reading of each resource, by its identifier."""
        rows = self._connection.execute(select(readings))
        return {row.resource_id: _READING.load(dict(row._mapping)) for row in rows}

    def save_reading(self, reading: Reading) -> None:
        """Keep it in place of the one before."""
        self._put(readings, _READING.dump(reading))

    def forget_reading(self, resource_id: str) -> None:
        """Let go of what is measured no longer."""
        self._connection.execute(delete(readings).where(readings.c.resource_id == resource_id))

    def forget_before(self, at: datetime) -> None:
        """Let go of hours that began before then."""
        for table in (instance_hours, balancer_hours):
            self._connection.execute(delete(table).where(table.c.hour_at < _text(at)))

    def _add(self, table: Table, codec: Codec[_Hour], hour: _Hour) -> None:
        row = codec.dump(hour)
        is_this = [column == row[column.name] for column in table.primary_key.columns]
        known = self._connection.execute(select(table).where(*is_this)).first()
        self._put(
            table, row if known is None else codec.dump(codec.load(dict(known._mapping)).plus(hour))
        )

    def _put(self, table: Table, row: dict[str, Any]) -> None:
        key = [column.name for column in table.primary_key.columns]
        statement = upsert(table).values(row)
        self._connection.execute(statement.on_conflict_do_update(index_elements=key, set_=row))


def _since(table: Table, since: datetime) -> Any:
    return select(table).where(table.c.hour_at >= _text(since))


def _text(at: datetime) -> str:
    """A time as rows have it, so that texts compare as the times do; to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
