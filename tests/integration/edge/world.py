"""A world of its own for the edge's tests: a network, machines that say who they are, an edge."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import docker
from docker.errors import APIError, DockerException, NotFound

from minicloud.adapters.docker.images.builder import DockerImageBuilder
from minicloud.adapters.edge import DockerEdge
from minicloud.ports.edge import EdgeSpec, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minicloud.ports.edge import EdgeMode
    from minicloud.ports.image_builder import BuildProgress

PREFIX: Final = "mctest-edge"
TARGET_IMAGE: Final = "mctest/edge-target:latest"
SUBNET: Final = "172.31.240.0/20"
GATEWAY: Final = "172.31.240.1"
PUBLIC: Final = "127.31.240.10"
OTHER_PUBLIC: Final = "127.31.240.11"
LABELS: Final = {"minicloud.test": PREFIX}
TARGET_DOCKERFILE: Final = """ARG PARENT
FROM ${PARENT}
RUN apt-get update && apt-get install -y --no-install-recommends nginx-light python3
"""
MACHINE: Final = r"""
import socket, socketserver, subprocess, sys, threading, time

class Line(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line == b"drip\n":
                while True:
                    self.wfile.write(NAME + b"\n"); time.sleep(0.1)
            self.wfile.write(NAME + b"\n")

class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(NAME, self.client_address)

NAME = sys.argv[1].encode()
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.request_queue_size = 1024
open("/etc/nginx/nginx.conf", "w").write(
    "worker_processes 1; events { worker_connections 4096; }"
    "http { access_log off; server { listen 80 backlog=4096; keepalive_requests 1000000;"
    " location / { return 200 '" + sys.argv[1] + "'; } } }")
subprocess.run(["nginx"], check=True)
tcp = socketserver.ThreadingTCPServer(("", 7000), Line)
udp = socketserver.ThreadingUDPServer(("", 7000), Datagram)
threading.Thread(target=tcp.serve_forever).start()
udp.serve_forever()
"""


@dataclass
class EdgeWorld:
    """One cloud's edge and the machines behind it."""

    client: docker.DockerClient
    spec: EdgeSpec
    edge: DockerEdge
    mode: EdgeMode
    machines: dict[str, str] = field(default_factory=dict)

    def route(self, machine: str | None, public_ip: str = PUBLIC, **ports: int) -> Route:
        """A route to a machine; ``p29000=80`` leads host port 29000 to its port 80."""
        target = None if machine is None else self.machines[machine]
        return Route(public_ip, target, {int(name[1:]): port for name, port in ports.items()})

    def start_machine(self, name: str, octet: int, **options: Any) -> None:
        """Start a machine that answers its own name."""
        api = self.client.api
        address = f"172.31.240.{octet}"
        endpoint: Any = {self.spec.network: api.create_endpoint_config(ipv4_address=address)}
        made = api.create_container(
            TARGET_IMAGE,
            ["python3", "-c", MACHINE, name],
            name=f"{PREFIX}-{name}",
            labels=LABELS,
            ports=[80],
            networking_config=api.create_networking_config(endpoint),
            host_config=api.create_host_config(network_mode=self.spec.network, **options),
        )
        api.start(made["Id"])
        self.machines[name] = address
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection((address, 7000), timeout=1).close()
                return
            time.sleep(0.05)
        raise AssertionError(f"{name} does not come up")

    def inside(self, machine: str, script: str) -> str:
        """Run Python inside a machine; its output."""
        container = self.client.containers.get(f"{PREFIX}-{machine}")
        result: Any = container.exec_run(["python3", "-c", script])
        return str(result.output.decode())

    @property
    def route_localnet(self) -> int:
        """Whether the bridge may carry 127.0.0.0/8 (1) or not (0)."""
        switch = Path("/proc/sys/net/ipv4/conf") / self.spec.bridge / "route_localnet"
        return int(switch.read_text())

    def nft(self, *arguments: str) -> tuple[int, str]:
        """Run ``nft`` on the kernel that carries this edge's table."""
        argv = ["nft", *arguments]
        if self.mode == "published":
            return self._exec(argv)
        with contextlib.suppress(DockerException):
            output: Any = self.client.containers.run(
                self.spec.image,
                entrypoint=argv,
                network_mode="host",
                cap_add=["NET_ADMIN"],
                remove=True,
            )
            return 0, output.decode()
        return 1, ""

    def _exec(self, argv: list[str]) -> tuple[int, str]:
        container = self.client.containers.get(self.spec.container_name)
        result: Any = container.exec_run(argv)
        return result.exit_code, result.output.decode()


def spec_of(**changes: Any) -> EdgeSpec:
    """The tests' edge, with these fields filled in or changed."""
    fields: dict[str, Any] = {
        "container_name": f"{PREFIX}-edge",
        "network": f"{PREFIX}-net",
        "bridge": "mctest-edge0",
        "subnet": SUBNET,
        "private_ip": "172.31.240.2",
        "public_block": "127.31.240.0/20",
        "host_ports": tuple(range(29000, 29016)),
        "published_ports": tuple(range(29000, 29004)),
        "table": "mctest_edge",
        "labels": LABELS,
    }
    return EdgeSpec(**{**fields, **changes})


@contextlib.contextmanager
def edge_world(client: docker.DockerClient, mode: EdgeMode | None) -> Iterator[EdgeWorld]:
    """Network, two machines ``old`` and ``new``, and an edge; everything is gone afterwards."""
    spec = spec_of(image=DockerImageBuilder(client).ensure("edge", _report).reference)
    edge = DockerEdge(client, spec.container_name, mode)
    clear(client, edge, spec)
    pool = docker.types.IPAMPool(subnet=SUBNET, gateway=GATEWAY)
    client.networks.create(
        spec.network,
        ipam=docker.types.IPAMConfig(pool_configs=[pool]),
        options={"com.docker.network.bridge.name": spec.bridge},
        labels=LABELS,
    )
    try:
        world = EdgeWorld(client, spec, edge, edge.ensure(spec))
        world.start_machine("old", 10)
        world.start_machine("new", 11)
        yield world
    finally:
        clear(client, edge, spec)


def clear(client: docker.DockerClient, edge: DockerEdge, spec: EdgeSpec) -> None:
    """Remove everything that a test of the edge may have left."""
    edge.remove(spec)
    for container in client.containers.list(
        all=True, filters={"label": f"minicloud.test={PREFIX}"}
    ):
        with contextlib.suppress(NotFound):
            container.remove(force=True, v=True)
    with contextlib.suppress(NotFound):
        client.networks.get(spec.network).remove()


@contextlib.contextmanager
def images(client: docker.DockerClient) -> Iterator[None]:
    """The machines' image; kept with KEEP set. What the builder makes is everyone's, and stays."""
    root = DockerImageBuilder(client).ensure("root", _report).reference
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(TARGET_DOCKERFILE)
        client.images.build(path=folder, tag=TARGET_IMAGE, buildargs={"PARENT": root}, forcerm=True)
    yield
    if "KEEP" not in os.environ:
        with contextlib.suppress(APIError):
            client.images.remove(TARGET_IMAGE)


def _report(progress: BuildProgress) -> None:
    print(progress.recipe, progress.message)
