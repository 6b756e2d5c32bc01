"""Listing 1,000 instances, over reading as many rows and writing as much JSON by hand."""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

from minicloud.adapters.database.store import DatabaseStore
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.instance import Instance, InstanceState
from minicloud.home import CloudHome
from minicloud.ports.store import CloudRecord
from tests.bench.rows import Row, median_row, timed
from tests.bench.world import BenchWorld

_COUNT = 1000
_ROUNDS = 15


def rows(world: BenchWorld) -> list[Row]:
    """Through the client and its socket."""
    insert_terminated(world.home, world.client.images.show("base")["id"], _COUNT)
    listed = world.client.instances.list(include_terminated=True)
    if len(listed) < _COUNT:
        raise RuntimeError(f"only {len(listed)} instances are listed")
    ours, floor = [], []
    for _ in range(_ROUNDS):
        ours.append(timed(lambda: world.client.instances.list(include_terminated=True)))
        floor.append(timed(lambda: _by_hand(world, listed)))
    return [median_row(f"list {len(listed)} instances", ours, floor, "sqlite3 and json")]


def _by_hand(world: BenchWorld, listed: object) -> None:
    connection = sqlite3.connect(world.home.database)
    connection.execute("SELECT * FROM instances").fetchall()
    connection.close()
    json.loads(json.dumps(listed))


def insert_terminated(home: CloudHome, image_id: str, count: int) -> None:
    """Insert records of machines that are gone: they are listed alike, and nothing reconciles them.

    The cloud's server may be running.
    """
    store = DatabaseStore(home.database, CloudRecord("", ""))
    now = datetime.now(UTC)
    gone = Instance(
        id="",
        image_id=image_id,
        type_name="t3.micro",
        state=InstanceState.TERMINATED,
        private_ip="172.31.9.9",
        private_slot=0,
        container_name="",
        zone="us-east-1a",
        launched_at=now,
        state_changed_at=now,
        tags={"Name": "gone", "role": "web"},
    )
    with store.write() as transaction:
        for _ in range(count):
            instance_id = make_id(IdKind.INSTANCE, secrets.token_hex(9))
            name = f"gone-{instance_id}"
            transaction.instances.add(replace(gone, id=instance_id, container_name=name))
    store.close()
