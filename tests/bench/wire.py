"""The AWS wire over moto's server, and over what Docker itself takes to start a container.

Neither server is asked through botocore. Records of terminated instances are told of by both.
"""

from __future__ import annotations

import shutil
import time
from functools import partial
from typing import Any

from minicloud.client import Client
from minicloud.home import CloudHome
from tests.bench.aws_wire import Wire
from tests.bench.launch import bare_into, floor_network
from tests.bench.listing import insert_terminated
from tests.bench.moto import moto_server
from tests.bench.rows import Row, median_row, timed
from tests.bench.start_up import resident_mib
from tests.bench.world import TYPE, BenchWorld

_COUNTS = (1, 100, 1000)
_ROUNDS, _ROUNDS_OF_ONE = 15, 151
_START_ROUNDS = 5
_IDLE_S = 2
# The records of ours name an image that is gone, too.
_IMAGE = "ami-0123456789abcdef0"
_MOTO_IMAGE = "ami-12c6146b"


def rows(world: BenchWorld) -> list[Row]:
    """Describing, starting, and running."""
    return [*_describing(), *_starting(), _running(world)]


def wire_of(client: Client) -> Wire:
    """A client of a cloud's AWS endpoint."""
    access = client.cloud.aws_access()
    return Wire(str(access["url"]), access["access_key_id"], access["secret_access_key"])


def _describing() -> list[Row]:
    home = CloudHome("bench-wire")
    client = Client.connect(home)
    try:
        with moto_server() as (moto, _pid):
            moto.await_answer()
            ours = wire_of(client)
            return [_describe(count, home, ours, moto) for count in _COUNTS]
    finally:
        _take_away(client, home)


def _describe(count: int, home: CloudHome, ours: Wire, moto: Wire) -> Row:
    insert_terminated(home, _IMAGE, count - ours.instance_count())
    missing = count - moto.instance_count()
    fields = {"ImageId": _MOTO_IMAGE, "InstanceType": "t3.micro"}
    moto.ask("RunInstances", **fields, MinCount=missing, MaxCount=missing)
    counts = (ours.instance_count(), moto.instance_count())
    if counts != (count, count):
        raise RuntimeError(f"{counts} instances are told of, not {count}")
    ours_s, floor_s = [], []
    for _ in range(_ROUNDS if count > 1 else _ROUNDS_OF_ONE):
        ours_s.append(timed(ours.instance_count))
        floor_s.append(timed(moto.instance_count))
    return median_row(f"DescribeInstances of {count:,}", ours_s, floor_s, "moto", "≤ 0.5")


def _starting() -> list[Row]:
    ours_s, floor_s, ours_mib, moto_mib = [], [], 0.0, 0.0
    for number in range(_START_ROUNDS):
        home = CloudHome(f"bench-wire-{number}")
        client = Client.connect(home)
        ours_s.append(timed(partial(_await_answer, client)))
        time.sleep(_IDLE_S)
        ours_mib = max(ours_mib, resident_mib(client.cloud.status()["server"]["pid"]))
        _take_away(client, home)
        began_s = time.perf_counter()
        with moto_server() as (moto, pid):
            moto.await_answer()
            floor_s.append(time.perf_counter() - began_s)
            time.sleep(_IDLE_S)
            moto_mib = max(moto_mib, resident_mib(pid))
    memory = Row(
        "server's memory after it",
        f"{ours_mib:.0f} MiB",
        f"{moto_mib:.0f} MiB moto",
        ours_mib / moto_mib,
    )
    return [median_row("start to first answer on the wire", ours_s, floor_s, "moto"), memory]


def _running(world: BenchWorld) -> Row:
    wire = wire_of(world.client)
    image, reference = world.client.images.show("base")["id"], world.image_reference("base")
    ours_s, floor_s = [], []
    with floor_network(world):
        warm: list[str] = []
        _run_into(warm, world, wire, image)
        world.terminate(warm)
        for _ in range(_ROUNDS):
            made: list[str] = []
            ours_s.append(timed(partial(_run_into, made, world, wire, image)))
            world.terminate(made)
            bare: list[Any] = []
            floor_s.append(timed(partial(bare_into, bare, world, reference)))
            bare[0].remove(force=True)
    return median_row("RunInstances to running", ours_s, floor_s, "create and start", "≤ 1.2")


def _await_answer(client: Client) -> None:
    wire_of(client).await_answer()


def _run_into(made: list[str], world: BenchWorld, wire: Wire, image_id: str) -> None:
    # Until it runs, and no longer: to ask the wire again and again would delay what is waited for.
    made.append(wire.run(image_id, TYPE))
    operation_id = world.client.instances.show(made[0])["operation_id"]
    if operation_id is not None:
        world.do([world.client.operations.show(operation_id)])


def _take_away(client: Client, home: CloudHome) -> None:
    client.cloud.shutdown()
    while home.socket.exists():
        time.sleep(0.02)
    shutil.rmtree(home.folder)
