"""Metering: what was measured of machines and balancers by the hour, and the last readings."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "instance_hours",
        sa.Column("instance_id", sa.String, primary_key=True),
        sa.Column("hour_at", sa.String, primary_key=True),
        sa.Column("type_name", sa.String, nullable=False),
        sa.Column("measured_s", sa.Float, nullable=False),
        sa.Column("cpu_s", sa.Float, nullable=False),
        sa.Column("vcpu_s", sa.Float, nullable=False),
        sa.Column("cpu_percent_max", sa.Float, nullable=False),
        sa.Column("memory_mib_s", sa.Float, nullable=False),
        sa.Column("memory_mib_max", sa.Float, nullable=False),
    )
    op.create_index("instance_hours_by_hour", "instance_hours", ["hour_at"])
    op.create_table(
        "balancer_hours",
        sa.Column("balancer_id", sa.String, primary_key=True),
        sa.Column("hour_at", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("new_connections", sa.Integer, nullable=False),
        sa.Column("processed_bytes", sa.Integer, nullable=False),
        sa.Column("rule_evaluations", sa.Integer, nullable=False),
        sa.Column("active_sum", sa.Integer, nullable=False),
        sa.Column("sample_count", sa.Integer, nullable=False),
        sa.Column("in_ledger", sa.Boolean, nullable=False),
    )
    op.create_index("balancer_hours_by_hour", "balancer_hours", ["hour_at"])
    op.create_index("balancer_hours_by_ledger", "balancer_hours", ["in_ledger"])
    op.create_table(
        "readings",
        sa.Column("resource_id", sa.String, primary_key=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("engine_at", sa.String, nullable=False),
        sa.Column("life", sa.String, nullable=False),
        sa.Column("counters", sa.JSON, nullable=False),
    )
