"""Launch to running through the API, over a bare create and start with the Docker SDK.

The floor's containers are on a bridge network of their own, as machines are: Docker's default
bridge starts a container some 40 ms sooner, but has no addresses of one's choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.bench.rows import Row, median_row, timed
from tests.bench.world import BenchWorld

_ROUNDS = 15
_PARALLEL = 20
_PARALLEL_ROUNDS = 3
_NETWORK = "mc-bench-floor"


def rows(world: BenchWorld) -> list[Row]:
    """One at a time, and twenty at once."""
    with floor_network(world):
        return [_one_at_a_time(world), _in_parallel(world)]


@contextmanager
def floor_network(world: BenchWorld) -> Iterator[None]:
    """The network of the floor's containers, meanwhile."""
    network = world.docker.networks.create(_NETWORK, driver="bridge")
    try:
        yield
    finally:
        network.remove()


def _one_at_a_time(world: BenchWorld) -> Row:
    image = world.image_reference("base")
    ours, floor = [], []
    world.terminate(world.launch("warm", image="base"))
    for number in range(_ROUNDS):
        ours.append(timed(partial(world.launch, f"one-{number}", image="base")))
        world.terminate([f"one-{number}"])
        bare: list[Any] = []
        floor.append(timed(partial(bare_into, bare, world, image)))
        bare[0].remove(force=True)
    return median_row("launch to running", ours, floor, "create and start", "≤ 1.15")


def _in_parallel(world: BenchWorld) -> Row:
    image = world.image_reference("base")
    ours, floor = [], []
    for number in range(_PARALLEL_ROUNDS):
        name = f"many-{number}"
        ours.append(timed(partial(world.launch, name, image="base", count=_PARALLEL)))
        with ThreadPoolExecutor(_PARALLEL) as threads:
            names = [f"{name}-{place}" for place in range(1, _PARALLEL + 1)]
            for operations in threads.map(world.client.instances.terminate, names):
                world.do(operations)
            bare: list[Any] = []
            floor.append(timed(partial(_many_bare_into, bare, world, image, threads)))
            list(threads.map(lambda container: container.remove(force=True), bare))
    return median_row(
        f"launch of {_PARALLEL} in parallel", ours, floor, "create and start", "≤ 1.15"
    )


def _many_bare_into(
    bare: list[Any], world: BenchWorld, image: str, threads: ThreadPoolExecutor
) -> None:
    list(threads.map(lambda _: bare_into(bare, world, image), range(_PARALLEL)))


def bare_into(bare: list[Any], world: BenchWorld, image: str) -> None:
    """Create and start a container as machines are, and add it to ``bare``."""
    container = world.docker.containers.create(
        image,
        network=_NETWORK,
        mem_limit="512m",
        memswap_limit="512m",
        cpu_period=100_000,
        cpu_quota=200_000,
        pids_limit=2048,
        tmpfs={"/run": "rw,exec,nosuid,nodev,mode=755,size=64m"},
    )
    container.start()
    bare.append(container)
