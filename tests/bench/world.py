"""A cloud for benches: its own home, images built, taken away at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.images.builder import DockerImageBuilder
from minicloud.client import Client
from minicloud.client.instances import LaunchRequest
from minicloud.home import CloudHome

TYPE = "t3.nano"


@dataclass(frozen=True)
class BenchWorld:
    """What benches share."""

    home: CloudHome
    client: Client
    docker: docker.DockerClient

    def do(self, operations: Any) -> list[Any]:
        """Wait for operations, each of which must succeed."""
        ended = list(self.client.operations.wait(operations))
        for operation in ended:
            if operation["status"] != "succeeded":
                raise RuntimeError(f"{operation['kind']}: {operation['error']}")
        return ended

    def launch(self, name: str, *, image: str = "web", count: int = 1) -> list[Any]:
        """Launch machines and wait until they run."""
        request = LaunchRequest(image, TYPE, name=name, count=count)
        launched = self.client.instances.launch(request)
        self.do(launched["operations"])
        return [i["id"] for i in launched["instances"]]

    def terminate(self, refs: list[Any]) -> None:
        """Terminate machines."""
        for ref in refs:
            self.do(self.client.instances.terminate(ref))

    def image_reference(self, name: str) -> str:
        """The engine's name for an image."""
        return str(self.client.images.show(name)["reference"])

    def balancer_image(self) -> str:
        """The engine's name for the image that balancers are made from."""
        return DockerImageBuilder(self.docker).reference("balancer")

    def container(self, ref: str) -> Any:
        """The container of a machine, by the SDK."""
        return self.docker.containers.get(self.client.instances.show(ref)["container_name"])

    def private_ip(self, ref: str) -> str:
        """The private address of a machine."""
        return str(self.client.instances.show(ref)["private_ip"])


@contextmanager
def bench_world() -> Iterator[BenchWorld]:
    """The shared cloud, with the images that ship with minicloud."""
    folder = Path(tempfile.mkdtemp(prefix="mc-bench-", dir="/tmp"))
    os.environ["MINICLOUD_HOME"] = str(folder)
    home = CloudHome("bench")
    client = Client.connect(home)
    world = BenchWorld(home, client, connect())
    try:
        world.do(client.images.build([]))
        client.cloud.change_settings(cpu_overcommit=30, address_limit=20)
        yield world
    finally:
        for _word in client.cloud.purge():
            pass
        while home.socket.exists():
            time.sleep(0.02)
        shutil.rmtree(folder)
