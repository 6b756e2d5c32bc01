"""A world for one contract test: an engine, an image, names and addresses of its own."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from minicloud.ports.engine import ContainerSpec, Limits, NetworkSpec

if TYPE_CHECKING:
    from minicloud.ports.engine import Container, Engine

PREFIX = "mctest-contract"
COMMANDS = ("sh", "cat", "head", "sleep", "rm", "touch", "ls", "true")
FIRST_PROCESS = "trap 'exit 3' USR1; echo ready; echo set >&2; while :; do sleep 60 & wait $!; done"
CONFIG = {
    "Cmd": ["/bin/sh", "-c", FIRST_PROCESS],
    "Entrypoint": [],
    "Env": ["PATH=/bin", 'ODD=a "b" $c \\d'],
    "StopSignal": "SIGUSR1",
    "WorkingDir": "/home",
}


class Behind(Protocol):
    """What others do to the engine without asking us."""

    def kill(self, name: str) -> None: ...
    def remove(self, name: str) -> None: ...


@dataclass
class World:
    """An engine to test, an image to launch, and names and addresses for one test alone."""

    engine: Engine
    behind: Behind
    is_real: bool
    image: str
    volume_image: str
    octet: int
    key: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def labels(self) -> dict[str, str]:
        return {"mctest.world": self.key}

    def name(self, suffix: str) -> str:
        return f"{PREFIX}-{self.key}-{suffix}"

    def reference(self, suffix: str) -> str:
        return f"{PREFIX}-{self.key}:{suffix}"

    def network(self, suffix: str = "net", octet: int | None = None) -> NetworkSpec:
        third = self.octet if octet is None else octet
        return NetworkSpec(
            name=self.name(suffix),
            bridge=f"mctc{self.key[:6]}{suffix[:4]}",
            subnet=f"10.213.{third}.0/24",
            gateway=f"10.213.{third}.1",
            labels=self.labels,
        )

    def spec(self, suffix: str, host: int = 10, image: str | None = None) -> ContainerSpec:
        return ContainerSpec(
            name=self.name(suffix),
            image=image or self.image,
            hostname=f"ip-10-213-{self.octet}-{host}",
            network=self.network().name,
            private_ip=f"10.213.{self.octet}.{host}",
            limits=Limits(vcpus=0.5, memory_mib=64, process_limit=50),
            labels={**self.labels, "mctest.machine": suffix},
        )


def launch(world: World, suffix: str = "a", host: int = 10) -> Container:
    spec = world.spec(suffix, host)
    world.engine.ensure_container(spec)
    started = world.engine.ensure_started(spec.name)
    if world.is_real:
        # Its first process must have set its trap before anything signals it.
        wait_for(lambda: b"ready" in console(world, spec.name), "its first line")
    return started


def console(world: World, name: str) -> bytes:
    return b"".join(world.engine.logs(name, tail=None, follow=False))


def shell(world: World, name: str, script: str) -> bytes:
    return world.engine.exec(name, ["/bin/sh", "-c", script]).stdout


def raw(world: World) -> Any:
    """The SDK's own client, to look at what only Docker has."""
    return cast("Any", world.engine)._api


def wait_for(condition: Any, what: str, timeout_s: float = 10) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"never came: {what}"
        time.sleep(0.02)
