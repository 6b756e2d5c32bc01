"""Whether anything of a cloud has changed: its records, its engine, its edge and its balancers."""

from __future__ import annotations

import hashlib
import sqlite3

from tests.unit.cloud import Cloud
from tests.unit.invariants import CLOUD_LABELS


class Watch:
    """Looks at a cloud from outside; ``close`` it before the cloud.

    SQLite itself tells whether anything was committed since, which costs nothing to ask; the tables
    are read only where something was.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._connection = sqlite3.connect(cloud.database, isolation_level=None)
        self._version = self._data_version()
        self._digest = self._digest_of_tables()
        self._world = self._seen_world()

    def has_changed(self) -> bool:
        """Whether anything has changed since this was last asked."""
        return any([self._have_records_changed(), self._has_world_changed()])

    def close(self) -> None:
        self._connection.close()

    def _have_records_changed(self) -> bool:
        version = self._data_version()
        if version == self._version:
            return False
        before, self._version, self._digest = self._digest, version, self._digest_of_tables()
        return before != self._digest

    def _has_world_changed(self) -> bool:
        before, self._world = self._world, self._seen_world()
        return before != self._world

    def _data_version(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _digest_of_tables(self) -> bytes:
        digest = hashlib.blake2b()
        names = self._connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).fetchall()
        for (name,) in names:
            digest.update(name.encode())
            for row in self._connection.execute(f'SELECT * FROM "{name}"'):
                digest.update(repr(row).encode())
        return digest.digest()

    def _seen_world(self) -> object:
        cloud = self._cloud
        return (
            {c.name: c for c in cloud.engine.containers(CLOUD_LABELS)},
            {image.references for image in cloud.engine.images(CLOUD_LABELS)},
            cloud.edge.seen(),
            cloud.plane.seen(),
        )
