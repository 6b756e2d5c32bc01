"""What an Elastic IP costs a request, and how fast and how clean it moves.

Requests a second by ``wrk -t1 -c16`` through the address, over the machine's own IP and over a port
that Docker publishes; then 1,000 swaps between two machines while clients connect afresh without a
pause, and 100 re-associations through the API.
"""

from __future__ import annotations

import multiprocessing
import re
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

from minicloud.adapters.edge import DockerEdge
from minicloud.domain import naming
from minicloud.ports.edge import Route
from tests.bench.rows import Row, percentile
from tests.bench.world import BenchWorld

_ROUNDS = 5
_ROUND_S = 3
_SWAPS = 1000
_REASSOCIATIONS = 100
_CLIENTS = 2
_PAUSE_S = 0.02
_GRACE_S = 1.0
_DOCKER_PORT = 29100
_REQUEST = b"GET / HTTP/1.0\r\n\r\n"


@dataclass(frozen=True)
class Visit:
    """One fresh connection: who answered (a hostname), or what went wrong."""

    began_ns: int
    ended_ns: int
    answer: str


def rows(world: BenchWorld) -> list[Row]:
    """Rates, then swaps."""
    old, new = world.launch("old"), world.launch("new")
    allocated = world.client.addresses.allocate(name="moving")
    world.do(allocated["operations"])
    world.do(world.client.addresses.associate("moving", "old"))
    address = world.client.addresses.show("moving")
    found = [*_rates(world, address["public_ip"]), *_swaps(world, address)]
    found.append(_reassociations(world))
    world.do(world.client.addresses.disassociate("moving"))
    world.do(world.client.addresses.release("moving"))
    world.terminate([*old, *new])
    return found


def _rates(world: BenchWorld, public_ip: str) -> list[Row]:
    published = world.docker.containers.run(
        world.image_reference("web"),
        detach=True,
        ports={"80/tcp": ("127.0.0.1", _DOCKER_PORT)},
        tmpfs={"/run": "rw,exec,nosuid,nodev,mode=755,size=64m"},
    )
    time.sleep(1)
    ways = {
        "address": f"http://{public_ip}/",
        "direct": f"http://{world.private_ip('old')}/",
        "published": f"http://127.0.0.1:{_DOCKER_PORT}/",
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(_ROUNDS):
        for way, url in ways.items():
            rates[way].append(_requests_per_s(url))
    published.remove(force=True)
    medians = {way: statistics.median(measured) for way, measured in rates.items()}
    ours = f"{medians['address']:,.0f}/s"
    return [
        Row(
            "requests/s at an Elastic IP",
            ours,
            f"{medians[way]:,.0f}/s {way}",
            medians["address"] / medians[way],
            goal,
        )
        for way, goal in (("direct", "≥ 0.95"), ("published", "> 1"))
    ]


def _requests_per_s(url: str) -> float:
    argv = ["wrk", "-t1", "-c16", f"-d{_ROUND_S}s", url]
    output = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(output)
    return float(found[1])


def _swaps(world: BenchWorld, address: Any) -> list[Row]:
    edge = DockerEdge(world.docker, naming.container_name(world.home.name, "edge"))
    now = next(r for r in edge.routes() if r.public_ip == address["public_ip"])
    targets = [world.private_ip("new"), world.private_ip("old")]
    done = multiprocessing.Event()
    ends = [multiprocessing.Pipe(duplex=False) for _ in range(_CLIENTS)]
    workers = [
        multiprocessing.Process(target=_visit_until, args=(now.public_ip, done, sender))
        for _, sender in ends
    ]
    for worker in workers:
        worker.start()
    took_ms, marks = [], []
    for number in range(_SWAPS):
        began_ns = time.monotonic_ns()
        target = targets[number % 2]
        edge.set_route(Route(now.public_ip, target, now.host_ports), _GRACE_S)
        returned_ns = time.monotonic_ns()
        took_ms.append((returned_ns - began_ns) / 1e6)
        marks.append((began_ns, returned_ns, "ip-" + target.replace(".", "-")))
        time.sleep(_PAUSE_S)
    done.set()
    visits = [visit for receiver, _ in ends for visit in receiver.recv()]
    for worker in workers:
        worker.join()
    failed = sum(not visit.answer.startswith("ip-") for visit in visits)
    return [
        Row(
            f"{_SWAPS} swaps: p50, p99, maximum",
            ", ".join(f"{percentile(took_ms, p):.1f}" for p in (0.5, 0.99, 1)) + " ms",
            "",
            None,
            "p99 ≤ 50 ms",
        ),
        Row("… failed of fresh connections", f"{failed} of {len(visits):,}", "", None, "0"),
        Row("… answered by the earlier machine", f"{_stale(marks, visits)}", "", None, "0"),
    ]


def _stale(marks: list[tuple[int, int, str]], visits: list[Visit]) -> int:
    """Connections begun after a swap returned, and over before the next, that met another."""
    stale = 0
    for mark, following in pairwise(marks):
        for visit in visits:
            if mark[1] <= visit.began_ns and visit.ended_ns < following[0]:
                stale += visit.answer != mark[2]
    return stale


def _visit_until(public_ip: str, done: Event, results: Connection) -> None:
    visits = []
    while not done.is_set():
        began_ns = time.monotonic_ns()
        try:
            with socket.create_connection((public_ip, 80), timeout=10) as connection:
                connection.sendall(_REQUEST)
                answer = b""
                while piece := connection.recv(4000):
                    answer += piece
            found = re.search(rb"<code>(ip-[0-9-]+)</code>", answer)
            word = found[1].decode() if found else "nothing"
        except OSError as error:
            word = repr(error)
        visits.append(Visit(began_ns, time.monotonic_ns(), word))
    results.send(visits)


def _reassociations(world: BenchWorld) -> Row:
    took_ms = []
    for number in range(_REASSOCIATIONS):
        target = ("new", "old")[number % 2]
        (ended,) = world.do(world.client.addresses.associate("moving", target))
        took_ms.append(ended["result"]["cut_over_ms"])
    figures = ", ".join(f"{percentile(took_ms, p):.1f}" for p in (0.5, 0.99, 1))
    return Row(
        f"{_REASSOCIATIONS} re-associations: cut-over p50, p99, maximum",
        figures + " ms",
        "",
        None,
        "p99 ≤ 50 ms",
    )
