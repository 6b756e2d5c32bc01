"""The edge side by side with the raw floor, in one run: ``python -m tests.bench.bench_edge``.

Requests a second by ``wrk -t1 -c16`` (median of rounds that take turns), then ``SWAPS`` swaps
between two machines while clients in processes of their own connect afresh without a pause.
"""

from __future__ import annotations

import multiprocessing
import re
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import docker

from tests.integration.edge.world import PUBLIC, EdgeWorld, edge_world, images

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event

ROUNDS: Final = 5
ROUND_S: Final = 3
SWAPS: Final = 1000
CLIENTS: Final = 2
PAUSE_S: Final = 0.02
GRACE_S: Final = 1.0
DOCKER_PORT: Final = 29100
REQUEST: Final = b"GET / HTTP/1.0\r\n\r\n"


@dataclass(frozen=True)
class Swap:
    """One ``set_route``; times are monotonic nanoseconds, the same clock in every process."""

    began_ns: int
    returned_ns: int
    machine: str


@dataclass(frozen=True)
class Visit:
    """One fresh connection: who answered, or what went wrong."""

    began_ns: int
    ended_ns: int
    answer: str


def main() -> None:
    """Print the figures."""
    client = docker.from_env()
    with images(client), edge_world(client, None) as world:
        publish = {80: ("127.0.0.1", DOCKER_PORT)}
        world.start_machine("published", 12, port_bindings=publish)
        world.edge.set_route(world.route("published", p29000=80), grace_s=0)
        print_rates(world)
        print_swaps(*measure_swaps(world))


def print_rates(world: EdgeWorld) -> None:
    """Requests a second by each way to the same nginx."""
    ways = {
        "direct to the container": f"http://{world.machines['published']}/",
        "address": f"http://{PUBLIC}/",
        "host port": "http://127.0.0.1:29000/",
        "Docker's published port": f"http://127.0.0.1:{DOCKER_PORT}/",
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, url in ways.items():
            rates[way].append(requests_per_s(url))
    floor = statistics.median(rates["direct to the container"])
    for way, measured in rates.items():
        rate = statistics.median(measured)
        print(f"{way:26} {rate:9.0f} requests/s  {rate / floor:6.1%}")


def requests_per_s(url: str) -> float:
    """One round of wrk."""
    argv = ["wrk", "-t1", "-c16", f"-d{ROUND_S}s", url]
    output = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(output)
    return float(found[1])


def visit_until(done: Event, results: Connection) -> None:
    """Connect afresh, again and again; then hand over what was seen."""
    visits = []
    while not done.is_set():
        began_ns = time.monotonic_ns()
        try:
            with socket.create_connection((PUBLIC, 80), timeout=10) as connection:
                connection.sendall(REQUEST)
                answer = b""
                while piece := connection.recv(1000):
                    answer += piece
            word = answer.rpartition(b"\r\n\r\n")[2].decode() or "nothing"
        except OSError as error:
            word = repr(error)
        visits.append(Visit(began_ns, time.monotonic_ns(), word))
    results.send(visits)


def measure_swaps(world: EdgeWorld) -> tuple[list[Swap], list[Visit]]:
    """Swap to and fro under load."""
    done = multiprocessing.Event()
    world.edge.set_route(world.route("old"), grace_s=0)
    ends = [multiprocessing.Pipe(duplex=False) for _ in range(CLIENTS)]
    workers = [
        multiprocessing.Process(target=visit_until, args=(done, sender)) for _, sender in ends
    ]
    for worker in workers:
        worker.start()
    swaps = []
    for number in range(SWAPS):
        machine = ("new", "old")[number % 2]
        began_ns = time.monotonic_ns()
        world.edge.set_route(world.route(machine), grace_s=GRACE_S)
        swaps.append(Swap(began_ns, time.monotonic_ns(), machine))
        time.sleep(PAUSE_S)
    done.set()
    visits = [visit for receiver, _ in ends for visit in receiver.recv()]
    for worker in workers:
        worker.join()
    return swaps, visits


def print_swaps(swaps: Sequence[Swap], visits: Sequence[Visit]) -> None:
    """Latencies, failures, and answers by a machine that was no longer current."""
    took_ms = sorted((swap.returned_ns - swap.began_ns) / 1e6 for swap in swaps)
    p50, p99 = took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100]
    print(f"{len(swaps)} swaps: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {took_ms[-1]:.1f} ms")
    failed = [visit for visit in visits if visit.answer not in {"old", "new"}]
    stale, judged = [], 0
    for swap, following in zip(swaps, [*swaps[1:], None], strict=True):
        end_ns = swap.returned_ns + 10**12 if following is None else following.began_ns
        for visit in visits:
            if swap.returned_ns <= visit.began_ns and visit.ended_ns < end_ns:
                judged += 1
                if visit.answer != swap.machine:
                    stale.append((visit.began_ns - swap.returned_ns, visit))
    print(f"{len(visits)} fresh connections: {len(failed)} failed {failed[:3]}")
    print(f"{judged} of them wholly between two swaps: {len(stale)} wrong {stale[:9]}")


if __name__ == "__main__":
    main()
