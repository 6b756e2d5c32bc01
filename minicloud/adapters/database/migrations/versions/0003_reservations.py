"""Reservations: what was bought, at the price of its day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "reservations",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("type_name", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("years", sa.Integer, nullable=False),
        sa.Column("payment", sa.String, nullable=False),
        sa.Column("offering_class", sa.String, nullable=False),
        sa.Column("upfront_usd", sa.String, nullable=False),
        sa.Column("hourly_usd", sa.String, nullable=False),
        sa.Column("starts_at", sa.String, nullable=False),
        sa.Column("price_since", sa.String, nullable=False),
        sa.Column("price_source", sa.String, nullable=False),
        sa.Column("price_as_of", sa.String, nullable=False),
        sa.Column("price_estimated", sa.Boolean, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
