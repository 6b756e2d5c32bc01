"""The Docker engine as the port: one line a method, the work is in the files beside this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.adapters.docker import streams
from minicloud.adapters.docker.commands import Commands
from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.containers import Containers
from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.image_store import ImageStore
from minicloud.adapters.docker.networks import Networks
from minicloud.adapters.docker.sealing import Sealer
from minicloud.adapters.docker.usage import usage
from minicloud.ports.engine import EngineInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import docker

    from minicloud.ports.engine import (
        Container,
        ContainerSpec,
        ContainerUsage,
        EngineEvent,
        EngineImage,
        ExecOutput,
        ExecResult,
        Limits,
        NetworkSpec,
    )

__all__ = ["DockerEngine", "connect"]

_MIB = 1024 * 1024


class DockerEngine:
    """The port ``Engine`` over one Docker API. Safe to share between threads."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._api = client.api
        self._networks = Networks(self._api)
        self._containers = Containers(self._api)
        self._images = ImageStore(self._api)
        self._sealer = Sealer(self._api, self._containers, self._images)
        self._commands = Commands(self._api)

    def ping(self) -> None:
        """See the port."""
        with translated():
            self._api.ping()

    def info(self) -> EngineInfo:
        """See the port."""
        with translated():
            answer = self._api.info()
        return EngineInfo(
            engine_id=answer["ID"],
            version=answer["ServerVersion"],
            operating_system=answer["OperatingSystem"],
            cpu_count=answer["NCPU"],
            memory_mib=answer["MemTotal"] // _MIB,
            cgroup_version=answer.get("CgroupVersion") or "1",
            storage_driver=answer["Driver"],
            rootless=any("name=rootless" in text for text in answer.get("SecurityOptions") or ()),
        )

    def ensure_network(self, spec: NetworkSpec) -> None:
        """See the port."""
        self._networks.ensure(spec)

    def remove_network(self, name: str) -> None:
        """See the port. ``Conflict`` code ``DependencyViolation`` where machines run on it."""
        self._networks.remove(name)

    def ensure_container(self, spec: ContainerSpec) -> Container:
        """See the port."""
        return self._containers.ensure(spec)

    def ensure_started(self, name: str) -> Container:
        """See the port. ``Conflict`` code ``InvalidIPAddress.InUse`` where its IP is held."""
        return self._containers.start(name)

    def ensure_stopped(self, name: str, timeout_s: int) -> Container:
        """See the port."""
        return self._containers.stop(name, timeout_s)

    def restart(self, name: str, timeout_s: int) -> Container:
        """See the port."""
        return self._containers.restart(name, timeout_s)

    def ensure_removed(self, name: str) -> None:
        """See the port."""
        self._containers.remove(name)

    def ensure_limits(self, name: str, limits: Limits) -> None:
        """See the port."""
        self._containers.set_limits(name, limits)

    def container(self, name: str) -> Container | None:
        """See the port."""
        return self._containers.find(name)

    def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        """See the port."""
        return self._containers.find_all(labels)

    def usage(self, names: Sequence[str]) -> Mapping[str, ContainerUsage]:
        """See the port."""
        return usage(self._api, names)

    def commit(self, name: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """See the port."""
        return self._images.commit(name, reference, labels)

    def seal(self, reference: str, labels: Mapping[str, str], script: str, flatten: bool) -> None:
        """See the port. ``Unavailable`` code ``ImageSealFailed`` where the script fails."""
        self._sealer.seal(reference, labels, script, flatten)

    def copy_image(self, source: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """See the port."""
        return self._sealer.copy(source, reference, labels)

    def image(self, reference: str) -> EngineImage | None:
        """See the port."""
        return self._images.find(reference)

    def images(self, labels: Mapping[str, str]) -> Sequence[EngineImage]:
        """See the port."""
        return self._images.find_all(labels)

    def ensure_image_removed(self, reference: str) -> None:
        """See the port."""
        self._images.remove(reference)

    def exec(self, name: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        """See the port. ``Unavailable`` code ``ExecTimeout`` where it takes longer."""
        return self._commands.run(name, argv, timeout_s)

    def exec_stream(
        self, name: str, argv: Sequence[str], stdin: bytes
    ) -> streams.EngineStream[ExecOutput]:
        """See the port."""
        return self._commands.stream(name, argv, stdin)

    def logs(self, name: str, tail: int | None, follow: bool) -> streams.EngineStream[bytes]:
        """See the port."""
        return streams.logs(self._api, name, tail, follow)

    def events(
        self, labels: Mapping[str, str], since: datetime, on_connected: Callable[[], None]
    ) -> streams.EngineStream[EngineEvent]:
        """See the port."""
        return streams.events(self._api, labels, since, on_connected)
