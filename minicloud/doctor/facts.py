"""What was seen on this machine: plain values that ``checks`` and ``remedy`` judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class EngineKind(StrEnum):
    """Where the engine runs, as far as it matters to what minicloud can reach."""

    LOCAL = "local"
    DESKTOP = "desktop"
    ROOTLESS = "rootless"
    REMOTE = "remote"


@dataclass(frozen=True)
class FolderFacts:
    """The home folder. ``free_mib`` counts what an ordinary user may still write."""

    path: Path
    socket_path: Path
    writable: bool
    free_mib: int


@dataclass(frozen=True)
class EngineFacts:
    """An engine that answered. ``data_root_free_mib`` is None where its disk is not ours to see."""

    host: str
    kind: EngineKind
    version: str
    operating_system: str
    os_type: str
    cpu_count: int
    memory_mib: int
    cgroup_version: str
    storage_driver: str
    data_root: str
    data_root_free_mib: int | None
    limits_memory: bool
    limits_swap: bool
    limits_cpu: bool
    limits_processes: bool
    bridge_networks: bool
    forwards_packets: bool


@dataclass(frozen=True)
class EngineSilence:
    """No engine answered at ``host``; ``other_sockets`` are those of engines we might ask."""

    host: str
    detail: str
    permission_denied: bool = False
    other_sockets: tuple[Path, ...] = ()


@dataclass(frozen=True)
class HostFacts:
    """This machine, as far as it matters to whether an engine can be put on it."""

    system: str
    python_version: tuple[int, int, int]
    is_root: bool
    distribution: str
    distribution_likes: tuple[str, ...] = field(default=())
    systemd_runs: bool = False

    @property
    def is_debian_family(self) -> bool:
        """Whether ``docker.io`` comes from apt here."""
        return bool({"debian", "ubuntu"} & {self.distribution, *self.distribution_likes})


@dataclass(frozen=True)
class Facts:
    """Everything the doctor looked at."""

    host: HostFacts
    home: FolderFacts
    engine: EngineFacts | EngineSilence
