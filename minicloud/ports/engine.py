"""The container engine: the one way to the data plane.

Every ``ensure_…`` method may be called again after a crash and then finds its work done. Names are
chosen by the caller; a name that is taken by something whose identity labels differ is refused
with ``Conflict`` (code ``NameTaken``), never adopted and never removed.

Errors: ``EngineUnreachable`` where nothing answers, ``Unavailable`` (code ``EngineDiskFull``) where
the engine's disk is full, ``NotFound`` (code ``EngineObjectMissing``) where the named container or
image is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar


@dataclass(frozen=True)
class EngineInfo:
    """What the engine's host has. ``memory_mib`` is all of it, not what is free."""

    engine_id: str
    version: str
    operating_system: str
    cpu_count: int
    memory_mib: int
    cgroup_version: str
    storage_driver: str
    rootless: bool


@dataclass(frozen=True)
class Limits:
    """What a machine is held to. Swap is off: ``memory_mib`` is memory and swap together."""

    vcpus: float
    memory_mib: int
    process_limit: int


@dataclass(frozen=True)
class NetworkSpec:
    """A bridge network of one cloud. ``subnet`` is CIDR text, ``gateway`` an address in it."""

    name: str
    bridge: str
    subnet: str
    gateway: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ContainerSpec:
    """A machine to be made. ``labels`` are its identity and never change."""

    name: str
    image: str
    hostname: str
    network: str
    private_ip: str
    limits: Limits
    labels: Mapping[str, str]


class ContainerStatus(StrEnum):
    """The engine's own word for a container's state."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


@dataclass(frozen=True)
class Container:
    """A container as the engine reports it; times are the engine's own, UTC."""

    name: str
    engine_id: str
    image: str
    labels: Mapping[str, str]
    status: ContainerStatus
    exit_code: int | None
    started_at: datetime | None
    finished_at: datetime | None
    out_of_memory: bool = False
    volume_mounts: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether its processes exist (paused ones do)."""
        return self.status in {ContainerStatus.RUNNING, ContainerStatus.PAUSED}


@dataclass(frozen=True)
class EngineImage:
    """An image in the engine's store. ``size_bytes`` counts the layers it shares, too."""

    engine_id: str
    references: tuple[str, ...]
    labels: Mapping[str, str]
    size_bytes: int
    layer_count: int


@dataclass(frozen=True)
class ExecResult:
    """A finished command inside a machine."""

    exit_code: int
    stdout: bytes
    stderr: bytes = b""


@dataclass(frozen=True)
class ExecOutput:
    """A piece of a running command's output, or its end (then ``exit_code`` is set)."""

    stream: str
    data: bytes = b""
    exit_code: int | None = None


@dataclass(frozen=True)
class EngineEvent:
    """Something that happened to a container of this cloud, whoever did it."""

    container_name: str
    action: str
    at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ContainerUsage:
    """What a container has used since it was started. ``at``: the engine's own time, UTC.

    ``memory_bytes``: what it holds now, without what the kernel keeps of files that it has read and
    can let go of. ``received_bytes`` and ``sent_bytes``: over all of its network interfaces.
    """

    at: datetime
    cpu_ns: int
    memory_bytes: int
    received_bytes: int
    sent_bytes: int


Item_co = TypeVar("Item_co", covariant=True)


class Stream(Iterator[Item_co], Protocol[Item_co]):
    """What comes as it happens. Whoever waits in it sees its end when another thread closes it."""

    def close(self) -> None:
        """End it; closing it again does nothing."""


class Engine(Protocol):
    """A container engine, local or remote."""

    def ping(self) -> None:
        """Return if the engine answers; much cheaper than ``info``."""

    def info(self) -> EngineInfo:
        """Describe the engine's host."""

    def ensure_network(self, spec: NetworkSpec) -> None:
        """Make the network. ``Conflict`` code ``SubnetTaken`` where its subnet is in use."""

    def remove_network(self, name: str) -> None:
        """Remove the network if it is there."""

    def ensure_container(self, spec: ContainerSpec) -> Container:
        """Make the container, stopped, or adopt the one that an earlier try made."""

    def ensure_started(self, name: str) -> Container:
        """Start the container unless it runs; returns once its first process exists."""

    def ensure_stopped(self, name: str, timeout_s: int) -> Container:
        """Ask the machine to shut down, end it by force after ``timeout_s``."""

    def restart(self, name: str, timeout_s: int) -> Container:
        """Shut the machine down and start it again."""

    def ensure_removed(self, name: str) -> None:
        """Remove the container and its anonymous volumes, running or not, if it is there."""

    def ensure_limits(self, name: str, limits: Limits) -> None:
        """Hold an existing container to other limits, from now on."""

    def container(self, name: str) -> Container | None:
        """The container of this name, or None."""

    def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        """Every container, running or not, that carries all of these labels."""

    def usage(self, names: Sequence[str]) -> Mapping[str, ContainerUsage]:
        """What those of the containers that run have used, by name; the others are left out.

        It may take seconds, and hardly any work: for whoever can wait.
        """

    def commit(self, name: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """Freeze the container's disk into an image called ``reference`` (``repository:tag``).

        The container's own first process, stop signal and the like stay the image's. A running
        container is paused meanwhile. ``labels`` replace the container's.
        """

    def seal(self, reference: str, labels: Mapping[str, str], script: str, flatten: bool) -> None:
        """Run ``script`` (``/bin/sh``, no network) on the image and keep the result as the image.

        With ``flatten`` the layers are made one. Done again, it changes nothing that matters.
        """

    def copy_image(self, source: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """Make an image called ``reference`` of the same disk as ``source``; it costs no room.

        ``labels`` replace the source's. Either may be removed, and the other stays.
        """

    def image(self, reference: str) -> EngineImage | None:
        """The image of this name, or None."""

    def images(self, labels: Mapping[str, str]) -> Sequence[EngineImage]:
        """Every image that carries all of these labels."""

    def ensure_image_removed(self, reference: str) -> None:
        """Take this name away, and the image with its last name.

        ``Conflict`` code ``ImageInUse`` where a container still needs it.
        """

    def exec(self, name: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        """Run a command inside a running machine as root and wait for its end."""

    def exec_stream(self, name: str, argv: Sequence[str], stdin: bytes) -> Stream[ExecOutput]:
        """Run a command and yield its output as it comes; the last item has the exit code."""

    def logs(self, name: str, tail: int | None, follow: bool) -> Stream[bytes]:
        """The machine's console, oldest first."""

    def events(
        self, labels: Mapping[str, str], since: datetime, on_connected: Callable[[], None]
    ) -> Stream[EngineEvent]:
        """Container events as they happen; ends or raises when the engine goes away."""
