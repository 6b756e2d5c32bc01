"""The tables. Times are ISO 8601 text in UTC, so that a person can read them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

metadata = MetaData()

cloud = Table(
    "cloud",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("place", Integer),
    Column("edge_mode", String),
    Column("engine", String, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cpu_overcommit", Float, nullable=False),
    Column("memory_overcommit", Float, nullable=False),
    Column("address_limit", Integer, nullable=False),
    Column("region", String, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("image_id", String, nullable=False),
    Column("type_name", String, nullable=False),
    Column("state", String, nullable=False),
    Column("private_ip", String, nullable=False),
    Column("private_slot", Integer, nullable=False),
    Column("container_name", String, nullable=False, unique=True),
    Column("zone", String, nullable=False),
    Column("launched_at", String, nullable=False),
    Column("public_ip", String),
    Column("public_slot", Integer),
    Column("state_reason", JSON),
    Column("state_changed_at", String),
    Column("client_token", String),
    Column("termination_protection", Boolean, nullable=False),
    Column("reservation_id", String, nullable=False),
    Column("launch_index", Integer, nullable=False),
    Column("launch_digest", String),
    Column("tags", JSON, nullable=False),
)

user_data = Table(
    "user_data",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("instance_id", String, nullable=False, unique=True),
    Column("content_base64", String, nullable=False),
)

images = Table(
    "images",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("description", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("layer_count", Integer, nullable=False),
    Column("recipe", String),
    Column("content_key", String),
    Column("source_instance_id", String),
    Column("source_image_id", String),
    Column("client_token", String),
    Column("without_reboot", Boolean, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("allocation_id", String, nullable=False, unique=True),
    Column("public_ip", String, nullable=False, unique=True),
    Column("slot", Integer, nullable=False),
    Column("allocated_at", String, nullable=False),
    Column("association_id", String, unique=True),
    Column("instance_id", String),
    Column("associated_at", String),
    Column("tags", JSON, nullable=False),
)

balancers = Table(
    "balancers",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False, unique=True),
    Column("type", String, nullable=False),
    Column("state", String, nullable=False),
    Column("private_ip", String, nullable=False),
    Column("private_slot", Integer, nullable=False),
    Column("public_ip", String, nullable=False),
    Column("public_slot", Integer, nullable=False),
    Column("container_name", String, nullable=False, unique=True),
    Column("created_at", String, nullable=False),
    Column("idle_timeout_s", Integer, nullable=False),
    Column("http2", Boolean, nullable=False),
    Column("forwarded_for", String, nullable=False),
    Column("deletion_protection", Boolean, nullable=False),
    Column("tags", JSON, nullable=False),
)

target_groups = Table(
    "target_groups",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False, unique=True),
    Column("protocol", String, nullable=False),
    Column("port", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    Column("health_check", JSON, nullable=False),
    Column("algorithm", String, nullable=False),
    Column("deregistration_delay_s", Integer, nullable=False),
    Column("stickiness_s", Integer, nullable=False),
    Column("slow_start_s", Integer, nullable=False),
    Column("kept_stickiness_s", Integer, nullable=False),
    Column("tags", JSON, nullable=False),
)

targets = Table(
    "targets",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("group_id", String, nullable=False),
    Column("instance_id", String, nullable=False),
    Column("port", Integer, nullable=False),
    Column("registered_at", String, nullable=False),
    Column("registration", String, nullable=False),
    Column("drain_until", String),
    Column("held_by", String),
    Index("targets_by_group", "group_id"),
    Index("targets_by_instance", "instance_id"),
)

listeners = Table(
    "listeners",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("balancer_id", String, nullable=False),
    Column("port", Integer, nullable=False),
    Column("protocol", String, nullable=False),
    Column("action", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    Column("certificate_id", String),
    Column("tls_policy", String, nullable=False),
    Column("tags", JSON, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("listener_id", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("conditions", JSON, nullable=False),
    Column("action", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    Column("tags", JSON, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False, unique=True),
    Column("domains", JSON, nullable=False),
    Column("chain_pem", String, nullable=False),
    Column("key_pem", String, nullable=False),
    Column("not_before", String, nullable=False),
    Column("not_after", String, nullable=False),
    Column("issued_here", Boolean, nullable=False),
    Column("created_at", String, nullable=False),
    Column("tags", JSON, nullable=False),
)

certificate_authorities = Table(
    "certificate_authorities",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chain_pem", String, nullable=False),
    Column("key_pem", String, nullable=False),
)

aws_endpoints = Table(
    "aws_endpoints",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("access_key_id", String, nullable=False),
    Column("secret_access_key", String, nullable=False),
    Column("port", Integer),
)

reservations = Table(
    "reservations",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("type_name", String, nullable=False),
    Column("region", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("years", Integer, nullable=False),
    Column("payment", String, nullable=False),
    Column("offering_class", String, nullable=False),
    Column("upfront_usd", String, nullable=False),
    Column("hourly_usd", String, nullable=False),
    Column("starts_at", String, nullable=False),
    Column("price_since", String, nullable=False),
    Column("price_source", String, nullable=False),
    Column("price_as_of", String, nullable=False),
    Column("price_estimated", Boolean, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("exchange", JSON),
    Column("exchanged_at", String),
)

budgets = Table(
    "budgets",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False, unique=True),
    Column("monthly_usd", String, nullable=False),
    Column("thresholds", JSON, nullable=False),
    Column("region", String, nullable=False),
    Column("created_at", String, nullable=False),
)

resource_tags = Table(
    "resource_tags",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("resource_id", String, nullable=False, unique=True),
    Column("tags", JSON, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("pool", String, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("holder", String, nullable=False),
)

lease_cursors = Table(
    "lease_cursors",
    metadata,
    Column("pool", String, primary_key=True),
    Column("last_slot", Integer, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("input", JSON, nullable=False),
    Column("step_names", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    Column("ended_at", String),
    Column("result", JSON, nullable=False),
    Column("error", JSON),
    Column("waiting_for", JSON),
    Index("operations_by_status", "status"),
)

operation_steps = Table(
    "operation_steps",
    metadata,
    Column("operation_id", String, ForeignKey("operations.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("phase", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("ended_at", String),
    Column("attempts", Integer, nullable=False),
    Column("output", JSON, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("resource_id", String, primary_key=True),
    Column("operation_id", String, nullable=False),
    Index("claims_by_operation", "operation_id"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("resource_id", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("operation_id", String),
    Column("simulated", Boolean, nullable=False),
)

clock_settings = Table(
    "clock_settings",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("real_at", String, nullable=False),
    Column("shown_at", String, nullable=False),
    Column("speed", Integer, nullable=False),
)
