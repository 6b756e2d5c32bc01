"""What a balancer costs a request, over an nginx that somebody has tuned by hand.

The same three targets, the same network, ``wrk`` from the host, rounds that alternate in one run:
our balancer, the hand-made proxy with an access log of the same fields, and the same without one.
Requests a second on shared processors are noisy, so the processor time that each container takes
for a request stands beside them. Then how long a target takes to leave and to come back.
"""

from __future__ import annotations

import io
import re
import statistics
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from minicloud.client.balancers import BalancerRequest, FrontRequest
from minicloud.client.target_groups import TargetRef
from minicloud.domain import naming
from tests.bench.rows import Row, percentile, timed
from tests.bench.world import BenchWorld

_ROUNDS = 9
_ROUND_S = 2
_CHANGES = 30
_OURS = "ours"
_HAND_MADE = "hand-made"
_WITHOUT_LOG = "hand-made, no log"
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

_LOG = """
    log_format requests escape=json '{"time":"$time_iso8601","listener":$server_port,'
        '"client":"$remote_addr:$remote_port","method":"$request_method","host":"$host",'
        '"path":"$request_uri","protocol":"$server_protocol","tls":"$ssl_protocol",'
        '"status":$status,"target_status":"$upstream_status","target":"$upstream_addr",'
        '"request_s":$request_time,"target_s":"$upstream_header_time",'
        '"received_bytes":$request_length,"sent_bytes":$bytes_sent,'
        '"user_agent":"$http_user_agent"}';
    access_log /tmp/access.log requests buffer=64k flush=1s;
"""
_CONFIGURATION = """
daemon off;
user www-data;
worker_processes auto;
pcre_jit on;
events { worker_connections 16384; }
http {
    %(log)s
    map $http_upgrade $target_connection { default upgrade; "" ""; }
    tcp_nopush on;
    keepalive_timeout 60s;
    keepalive_requests 100000;
    upstream targets {
        %(servers)s
        keepalive 256;
        keepalive_requests 100000;
    }
    server {
        listen 80 backlog=4096;
        location / {
            proxy_pass http://targets;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection $target_connection;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_connect_timeout 1s;
            proxy_next_upstream error timeout;
        }
    }
}
"""


@dataclass
class Measured:
    """One way to the targets: its container and URL, and what each round found."""

    container: Any
    url: str
    rates: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    processor_us: list[float] = field(default_factory=list)


def rows(world: BenchWorld) -> list[Row]:
    """Rates beside the hand-made ones, then changes."""
    names = world.launch("target", count=3)
    made = world.client.balancers.create(BalancerRequest("bench", front=FrontRequest(names)))
    world.do(made["operations"])
    balancer = world.client.balancers.show("bench")
    ours = world.docker.containers.get(naming.container_name("bench", balancer["id"]))
    url = f"http://{balancer['private_ip']}/"
    with _hand_made(world, names) as others:
        ways = {_OURS: Measured(ours, url), **others}
        for _ in range(_ROUNDS):
            for way in ways.values():
                _measure(way)
    found = [*_compared(ways, _HAND_MADE, "≥ 0.95"), *_compared(ways, _WITHOUT_LOG)]
    found.append(_changes(world, names[0]))
    world.do(world.client.balancers.delete("bench"))
    world.terminate(names)
    return found


@contextmanager
def _hand_made(world: BenchWorld, names: list[Any]) -> Iterator[dict[str, Measured]]:
    servers = " ".join(f"server {world.private_ip(name)}:80;" for name in names)
    made = {}
    try:
        for way, log in ((_HAND_MADE, _LOG), (_WITHOUT_LOG, "access_log off;")):
            text = _CONFIGURATION % {"log": log, "servers": servers}
            made[way] = _start(world, text)
        yield made
    finally:
        for started in made.values():
            started.container.remove(force=True)


def _start(world: BenchWorld, configuration: str) -> Measured:
    """An nginx of the balancer's own image and network, told what to do by hand."""
    reference = world.balancer_image()
    container = world.docker.containers.create(
        reference,
        ["-c", "/hand-made.conf"],
        entrypoint="nginx",
        network=naming.network_name("bench"),
        tmpfs={"/tmp": ""},
    )
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("hand-made.conf")
        entry.size = len(configuration.encode())
        tar.addfile(entry, io.BytesIO(configuration.encode()))
    container.put_archive("/", archive.getvalue())
    container.start()
    time.sleep(1)
    container.reload()
    address = container.attrs["NetworkSettings"]["Networks"][naming.network_name("bench")]
    return Measured(container, f"http://{address['IPAddress']}/")


def _measure(way: Measured) -> None:
    before_ns = _processor_ns(way.container)
    argv = ["wrk", "-t1", "-c32", f"-d{_ROUND_S}s", "--latency", way.url]
    output = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    spent_ns = _processor_ns(way.container) - before_ns
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    count = re.search(r"(\d+) requests in", output)
    if not (rate and p99 and count) or "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    way.rates.append(float(rate[1]))
    way.p99_ms.append(float(p99[1]) * _UNITS[p99[2]])
    way.processor_us.append(spent_ns / int(count[1]) / 1000)


def _processor_ns(container: Any) -> int:
    return int(container.stats(stream=False)["cpu_stats"]["cpu_usage"]["total_usage"])


def _compared(ways: Mapping[str, Measured], other: str, goal: str = "") -> list[Row]:
    ours, floor = ways[_OURS], ways[other]
    figures = (
        ("requests/s through a balancer", "rates", "{:,.0f}/s", goal),
        ("… p99", "p99_ms", "{:.1f} ms", ""),
        ("… its processor time a request", "processor_us", "{:.1f} µs", ""),
    )
    found = []
    for what, name, shown, wanted in figures:
        mine = statistics.median(getattr(ours, name))
        theirs = statistics.median(getattr(floor, name))
        text = f"{shown.format(theirs)} {other}"
        found.append(Row(what, shown.format(mine), text, mine / theirs, wanted))
    return found


def _changes(world: BenchWorld, name: Any) -> Row:
    groups, target = world.client.target_groups, [TargetRef(name)]
    leaving, coming = [], []
    for _ in range(_CHANGES):
        leaving.append(timed(lambda: world.do(groups.deregister("bench", target))))
        coming.append(timed(lambda: world.do(groups.register("bench", target))))
    shown = [f"{percentile(s, share) * 1000:.0f}" for s in (leaving, coming) for share in (0.5, 1)]
    return Row(
        f"{_CHANGES} deregistrations, registrations",
        f"p50 {shown[0]}, {shown[2]} ms; longest {shown[1]}, {shown[3]} ms",
        "",
        None,
    )
