"""Connections to the database file, its migration, and the translation of its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from minicloud.domain.errors import Unavailable

# The newest migration. A unit test holds it to Alembic's own answer; naming it here lets a server
# start without importing Alembic when there is nothing to migrate.
SCHEMA_REVISION = "0011"


def open_database(path: Path) -> Engine:
    """Open the database, making or migrating it as needed. Its folder must exist.

    It holds private keys, so its file is its owner's alone; what SQLite puts beside it takes the
    file's mode.
    """
    _make_private(path)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    with translated():
        _migrate(engine)
    return engine


def _make_private(path: Path) -> None:
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise Unavailable(
            "StoreUnavailable",
            f"the cloud's records cannot be read or written ({error})",
            "see `minicloud doctor`",
        ) from error


def _configure(dbapi_connection: Any, _record: Any) -> None:
    # The driver must not open transactions of its own: ours begin in _begin.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("minicloud_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _migrate(engine: Engine) -> None:
    writing = engine.connect().execution_options(minicloud_write=True)
    with writing as connection, connection.begin():
        if _revision(connection) != SCHEMA_REVISION:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "minicloud.adapters.database:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def translated() -> Iterator[None]:
    """The one translator of this adapter: what SQLite says becomes an error a person can act on."""
    try:
        yield
    except OperationalError as error:
        reason = str(error.orig)
        if "full" in reason or "disk I/O" in reason:
            raise Unavailable(
                "StoreDiskFull",
                f"the disk that holds the cloud's records is full ({reason})",
                "free some space, then try again; nothing was lost",
            ) from error
        raise Unavailable(
            "StoreUnavailable",
            f"the cloud's records cannot be read or written ({reason})",
            "see `minicloud doctor`",
        ) from error
    except DatabaseError as error:
        if "malformed" in str(error.orig) or "not a database" in str(error.orig):
            raise Unavailable(
                "StoreDamaged",
                f"the cloud's records are damaged ({error.orig})",
                "restore the file from a backup, or begin anew: minicloud down --purge",
            ) from error
        raise
