"""Load balancers: balancers, target groups and targets, listeners and rules, certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create_balancers()
    _create_target_groups()
    _create_listeners()
    _create_certificates()


def _create_balancers() -> None:
    op.create_table(
        "balancers",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("private_ip", sa.String, nullable=False),
        sa.Column("private_slot", sa.Integer, nullable=False),
        sa.Column("public_ip", sa.String, nullable=False),
        sa.Column("public_slot", sa.Integer, nullable=False),
        sa.Column("container_name", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("idle_timeout_s", sa.Integer, nullable=False),
        sa.Column("http2", sa.Boolean, nullable=False),
        sa.Column("forwarded_for", sa.String, nullable=False),
        sa.Column("deletion_protection", sa.Boolean, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )


def _create_target_groups() -> None:
    op.create_table(
        "target_groups",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("protocol", sa.String, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("health_check", sa.JSON, nullable=False),
        sa.Column("algorithm", sa.String, nullable=False),
        sa.Column("deregistration_delay_s", sa.Integer, nullable=False),
        sa.Column("stickiness_s", sa.Integer, nullable=False),
        sa.Column("slow_start_s", sa.Integer, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
    op.create_table(
        "targets",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("group_id", sa.String, nullable=False),
        sa.Column("instance_id", sa.String, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("registered_at", sa.String, nullable=False),
        sa.Column("registration", sa.String, nullable=False),
        sa.Column("drain_until", sa.String),
        sa.Column("held_by", sa.String),
    )
    op.create_index("targets_by_group", "targets", ["group_id"])
    op.create_index("targets_by_instance", "targets", ["instance_id"])


def _create_listeners() -> None:
    op.create_table(
        "listeners",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("balancer_id", sa.String, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("protocol", sa.String, nullable=False),
        sa.Column("action", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("certificate_id", sa.String),
        sa.Column("tls_policy", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
    op.create_table(
        "rules",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("listener_id", sa.String, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("conditions", sa.JSON, nullable=False),
        sa.Column("action", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("domains", sa.JSON, nullable=False),
        sa.Column("chain_pem", sa.String, nullable=False),
        sa.Column("key_pem", sa.String, nullable=False),
        sa.Column("not_before", sa.String, nullable=False),
        sa.Column("not_after", sa.String, nullable=False),
        sa.Column("issued_here", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
    op.create_table(
        "certificate_authorities",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("chain_pem", sa.String, nullable=False),
        sa.Column("key_pem", sa.String, nullable=False),
    )
