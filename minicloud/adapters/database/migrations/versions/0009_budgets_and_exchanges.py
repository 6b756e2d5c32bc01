"""Budgets; reservations that were got for another, and those that were given in."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("monthly_usd", sa.String, nullable=False),
        sa.Column("thresholds", sa.JSON, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
    )
    op.add_column("reservations", sa.Column("exchange", sa.JSON))
    op.add_column("reservations", sa.Column("exchanged_at", sa.String))
