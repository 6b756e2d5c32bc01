"""Which tables outlive a reset. Any other is emptied, also one that comes later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, delete, not_, text, update

from minicloud.adapters.database import tables
from minicloud.domain.image import ImageState

# What is asked for again afterwards must be as it was: an address that was just somebody's is not
# given to the next, which is why the cursors stay, and a clock cannot go back.
KEPT = frozenset(
    {
        tables.cloud,
        tables.settings,
        tables.clock_settings,
        tables.aws_endpoints,
        tables.certificate_authorities,
        tables.lease_cursors,
    }
)
# Of the images those stay that ship with minicloud.
_KEPT_IN_PART = tables.images


def empty_tables(connection: Connection) -> None:
    """Forget every record of a cloud but what it is itself, and the images that were built."""
    with _without_triggers(connection):
        for table in reversed(tables.metadata.sorted_tables):
            if table not in KEPT and table is not _KEPT_IN_PART:
                connection.execute(delete(table))
    images = _KEPT_IN_PART
    is_built = images.c.recipe.is_not(None) & (images.c.state == ImageState.AVAILABLE.value)
    connection.execute(delete(images).where(not_(is_built)))
    connection.execute(update(images).values(tags={}))


@contextmanager
def _without_triggers(connection: Connection) -> Iterator[None]:
    """Take away what keeps the ledger append-only, and put it back, in the one transaction."""
    asked = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    triggers = connection.execute(asked).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, statement in triggers:
        connection.exec_driver_sql(statement)
