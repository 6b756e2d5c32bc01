"""How soon the command line and the server are there, and what an idle server weighs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from minicloud.client import Client
from minicloud.home import CloudHome
from tests.bench.rows import Row, median_row, timed
from tests.bench.world import BenchWorld

_ROUNDS = 21
_SERVER_ROUNDS = 5
_IDLE_S = 2


def rows(world: BenchWorld) -> list[Row]:
    """The command line, then the server."""
    return [_command_line(world), *_server()]


def _command_line(world: BenchWorld) -> Row:
    minicloud = Path(sys.executable).with_name("minicloud")
    listing = [str(minicloud), "--cloud", world.home.name, "instance", "list"]
    bare = [sys.executable, "-c", "import click"]
    ours, floor = [], []
    for _ in range(_ROUNDS):
        ours.append(timed(lambda: subprocess.run(listing, check=True, capture_output=True)))
        floor.append(timed(lambda: subprocess.run(bare, check=True)))
    return median_row("minicloud instance list", ours, floor, "import click", "≤ 2.5")


def _server() -> list[Row]:
    durations, floor, memory_mib = [], [], 0.0
    libraries = "import docker, sqlalchemy, pydantic, starlette.applications, uvicorn"
    bare = [sys.executable, "-c", libraries]
    for number in range(_SERVER_ROUNDS):
        floor.append(timed(partial(subprocess.run, bare, check=True)))
        home = CloudHome(f"bench-start-{number}")
        client = Client.connect(home)
        durations.append(timed(client.cloud.status))
        time.sleep(_IDLE_S)
        memory_mib = max(memory_mib, resident_mib(client.cloud.status()["server"]["pid"]))
        client.cloud.shutdown()
        while home.socket.exists():
            time.sleep(0.02)
        shutil.rmtree(home.folder)
    start = median_row(
        "server's start to first answer", durations, floor, "importing its libraries"
    )
    return [start, Row("server's idle memory", f"{memory_mib:.0f} MiB", "", None)]


def resident_mib(pid: int) -> float:
    """The memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no resident memory")
