"""The duration of stickiness that is off, which AWS's clients set and read back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "target_groups",
        sa.Column("kept_stickiness_s", sa.Integer, nullable=False, server_default="86400"),
    )
