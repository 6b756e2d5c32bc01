"""The region that a cloud plays, and its AWS endpoint: its keys and its port."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "settings", sa.Column("region", sa.String, nullable=False, server_default="us-east-1")
    )
    # Before there were regions, every machine's zone had one made-up name.
    op.execute("UPDATE instances SET zone = 'us-east-1a' WHERE zone = 'local-1a'")
    op.create_table(
        "aws_endpoints",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("access_key_id", sa.String, nullable=False),
        sa.Column("secret_access_key", sa.String, nullable=False),
        sa.Column("port", sa.Integer),
    )
