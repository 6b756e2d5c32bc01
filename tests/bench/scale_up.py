"""The gap a client sees in a scale-up, over stopping, committing and starting with Docker alone."""

from __future__ import annotations

import time
from typing import Any

import requests

from minicloud.demos.traffic import Traffic
from tests.bench.rows import Row, median_row
from tests.bench.world import BenchWorld

_ROUNDS = 5
_SETTLE_S = 0.3
_ANSWER_WITHIN_S = 20


def rows(world: BenchWorld) -> list[Row]:
    """Alternate a scale-up with the bare commands."""
    gaps, downtimes, floor = [], [], []
    for number in range(_ROUNDS):
        name = f"grow-{number}"
        world.launch(name)
        allocated = world.client.addresses.allocate(name=name)
        world.do(allocated["operations"])
        public_ip = allocated["addresses"][0]["public_ip"]
        world.do(world.client.addresses.associate(name, name))
        with Traffic(f"http://{public_ip}/") as traffic:
            time.sleep(_SETTLE_S)
            (ended,) = world.do(world.client.instances.scale_up(name, "t3.micro"))
            time.sleep(_SETTLE_S)
        gaps.append(traffic.seen().longest_gap_ms / 1000)
        downtimes.append(ended["result"]["downtime_ms"] / 1000)
        floor.append(_bare_gap_s(world))
        world.terminate([name])
        world.do(world.client.addresses.release(name))
    return [
        median_row("scale-up: gap the client sees", gaps, floor, "stop, commit, start, answer"),
        median_row("scale-up: downtime it reports", downtimes, gaps, "the client's gap"),
    ]


def _bare_gap_s(world: BenchWorld) -> float:
    tmpfs = {"/run": "rw,exec,nosuid,nodev,mode=755,size=64m"}
    image = world.image_reference("web")
    capabilities = ["SYS_BOOT"]
    old = world.docker.containers.run(image, detach=True, tmpfs=tmpfs, cap_add=capabilities)
    _await_page(old)
    began_s = time.perf_counter()
    old.stop(timeout=30)
    committed = old.commit("mcbench/bare", "gap")
    new = world.docker.containers.run(committed, detach=True, tmpfs=tmpfs, cap_add=capabilities)
    _await_page(new)
    gap_s = time.perf_counter() - began_s
    for container in (old, new):
        container.remove(force=True)
    world.docker.images.remove("mcbench/bare:gap")
    return gap_s


def _await_page(container: Any) -> None:
    until_s = time.perf_counter() + _ANSWER_WITHIN_S
    container.reload()
    ip = container.attrs["NetworkSettings"]["IPAddress"]
    while time.perf_counter() < until_s:
        try:
            if requests.get(f"http://{ip}/", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.005)
    raise RuntimeError("a bare machine never answered")
