"""Tags of what has no record of its own: volumes, interfaces, the network."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "resource_tags",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("resource_id", sa.String, nullable=False, unique=True),
        sa.Column("tags", sa.JSON, nullable=False),
    )
