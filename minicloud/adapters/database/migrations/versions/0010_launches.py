"""Which machines were launched together and with what; where an image was copied from."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "instances", sa.Column("reservation_id", sa.String, nullable=False, server_default="")
    )
    # Which machines earlier launches made together is not known: each is one of its own.
    op.execute("UPDATE instances SET reservation_id = 'r-' || substr(id, 3)")
    op.add_column(
        "instances", sa.Column("launch_index", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("instances", sa.Column("launch_digest", sa.String))
    op.add_column("images", sa.Column("source_image_id", sa.String))
    op.add_column("images", sa.Column("client_token", sa.String))
    op.create_table(
        "user_data",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("instance_id", sa.String, nullable=False, unique=True),
        sa.Column("content_base64", sa.String, nullable=False),
    )
