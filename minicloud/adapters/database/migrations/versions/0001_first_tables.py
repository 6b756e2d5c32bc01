"""The first tables, and the triggers that keep the ledger append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_cloud()
    _create_resources()
    _create_leases()
    _create_journal()
    _create_ledger()


def _create_cloud() -> None:
    op.create_table(
        "cloud",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("place", sa.Integer),
        sa.Column("edge_mode", sa.String),
    )
    op.create_table(
        "settings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("cpu_overcommit", sa.Float, nullable=False),
        sa.Column("memory_overcommit", sa.Float, nullable=False),
        sa.Column("address_limit", sa.Integer, nullable=False),
    )


def _create_resources() -> None:
    op.create_table(
        "instances",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("image_id", sa.String, nullable=False),
        sa.Column("type_name", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("private_ip", sa.String, nullable=False),
        sa.Column("private_slot", sa.Integer, nullable=False),
        sa.Column("container_name", sa.String, nullable=False, unique=True),
        sa.Column("zone", sa.String, nullable=False),
        sa.Column("launched_at", sa.String, nullable=False),
        sa.Column("public_ip", sa.String),
        sa.Column("public_slot", sa.Integer),
        sa.Column("state_reason", sa.JSON),
        sa.Column("state_changed_at", sa.String),
        sa.Column("client_token", sa.String),
        sa.Column("termination_protection", sa.Boolean, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
    op.create_table(
        "images",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("layer_count", sa.Integer, nullable=False),
        sa.Column("recipe", sa.String),
        sa.Column("content_key", sa.String),
        sa.Column("source_instance_id", sa.String),
        sa.Column("without_reboot", sa.Boolean, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
    op.create_table(
        "addresses",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("allocation_id", sa.String, nullable=False, unique=True),
        sa.Column("public_ip", sa.String, nullable=False, unique=True),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("allocated_at", sa.String, nullable=False),
        sa.Column("association_id", sa.String, unique=True),
        sa.Column("instance_id", sa.String),
        sa.Column("associated_at", sa.String),
        sa.Column("tags", sa.JSON, nullable=False),
    )


def _create_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("pool", sa.String, primary_key=True),
        sa.Column("slot", sa.Integer, primary_key=True),
        sa.Column("holder", sa.String, nullable=False),
    )
    op.create_table(
        "lease_cursors",
        sa.Column("pool", sa.String, primary_key=True),
        sa.Column("last_slot", sa.Integer, nullable=False),
    )


def _create_journal() -> None:
    op.create_table(
        "operations",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("input", sa.JSON, nullable=False),
        sa.Column("step_names", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("ended_at", sa.String),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("error", sa.JSON),
        sa.Column("waiting_for", sa.JSON),
    )
    op.create_index("operations_by_status", "operations", ["status"])
    op.create_table(
        "operation_steps",
        sa.Column("operation_id", sa.String, sa.ForeignKey("operations.id"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("phase", sa.String, nullable=False),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("ended_at", sa.String),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("output", sa.JSON, nullable=False),
    )
    op.create_table(
        "claims",
        sa.Column("resource_id", sa.String, primary_key=True),
        sa.Column("operation_id", sa.String, nullable=False),
    )
    op.create_index("claims_by_operation", "claims", ["operation_id"])


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("resource_id", sa.String, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("operation_id", sa.String),
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ledger_no_{action.lower()} BEFORE {action} ON ledger"
                " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
