"""A clock that can be moved: its settings, and which entries of the ledger were made by it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "clock_settings",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("real_at", sa.String, nullable=False),
        sa.Column("shown_at", sa.String, nullable=False),
        sa.Column("speed", sa.Integer, nullable=False),
    )
    op.add_column(
        "ledger",
        sa.Column("simulated", sa.Boolean, nullable=False, server_default=sa.false()),
    )
