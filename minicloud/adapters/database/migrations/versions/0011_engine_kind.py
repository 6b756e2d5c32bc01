"""Which engine a cloud is on."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("cloud", sa.Column("engine", sa.String, nullable=False, server_default="docker"))
