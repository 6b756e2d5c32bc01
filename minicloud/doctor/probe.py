"""Gathers facts and changes nothing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.errors import translated
from minicloud.doctor.facts import (
    EngineFacts,
    EngineKind,
    EngineSilence,
    Facts,
    FolderFacts,
    HostFacts,
)
from minicloud.domain.errors import MiniCloudError

DEFAULT_HOST = "unix:///var/run/docker.sock"
ENGINE_TIMEOUT_S = 10
SOCKETS_IN_USER_HOME = (
    ".docker/run/docker.sock",
    ".docker/desktop/docker.sock",
    ".colima/default/docker.sock",
    ".rd/docker.sock",
    ".orbstack/run/docker.sock",
    ".lima/docker/sock/docker.sock",
)


def gather(home: Path, socket_path: Path) -> Facts:
    """Look at this machine and at the engine that the environment names."""
    return Facts(
        host=look_at_host(),
        home=look_at_folder(home, socket_path),
        engine=ask_engine(os.environ),
    )


def look_at_host(os_release: Path = Path("/etc/os-release")) -> HostFacts:
    """Describe this machine; an unknown distribution has the empty name."""
    release = _read_os_release(os_release)
    return HostFacts(
        system=platform.system(),
        python_version=sys.version_info[:3],
        is_root=os.geteuid() == 0,
        distribution=release.get("ID", ""),
        distribution_likes=tuple(release.get("ID_LIKE", "").split()),
        systemd_runs=Path("/run/systemd/system").is_dir(),
    )


def look_at_folder(home: Path, socket_path: Path) -> FolderFacts:
    """Describe the home folder, or where it is still to be made, the nearest folder above it."""
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    return FolderFacts(
        path=home,
        socket_path=socket_path,
        writable=nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK),
        free_mib=shutil.disk_usage(nearest).free >> 20,
    )


def ask_engine(environment: Mapping[str, str]) -> EngineFacts | EngineSilence:
    """Ask the engine that ``DOCKER_HOST`` or the Docker context names to describe itself.

    ``environment`` is the process's own, which is what the SDK reads, too.
    """
    host = engine_host(environment)
    try:
        client = connect(timeout_s=ENGINE_TIMEOUT_S)
        try:
            with translated():
                info = client.info()
        finally:
            client.close()
    except MiniCloudError as error:
        return EngineSilence(
            host=host,
            detail=_first_cause(error),
            permission_denied=_is_permission_denied(error),
            other_sockets=find_other_sockets(environment, host),
        )
    return describe_engine(host, client.api.base_url, info)


def engine_host(environment: Mapping[str, str]) -> str:
    """Where the SDK looks for the engine: an address, or the name of a Docker context."""
    if environment.get("DOCKER_HOST"):
        return environment["DOCKER_HOST"]
    context = environment.get("DOCKER_CONTEXT") or _configured_context(environment)
    return DEFAULT_HOST if context in {"", "default"} else f"context {context}"


def describe_engine(host: str, base_url: str, info: Mapping[str, Any]) -> EngineFacts:
    """Translate the answer of the engine's ``/info``; ``base_url`` is the SDK's own for it."""
    kind = _engine_kind(base_url, info)
    data_root = str(info.get("DockerRootDir", ""))
    return EngineFacts(
        host=host,
        kind=kind,
        version=str(info.get("ServerVersion", "")),
        operating_system=str(info.get("OperatingSystem", "")),
        os_type=str(info.get("OSType", "")),
        cpu_count=int(info.get("NCPU", 0)),
        memory_mib=int(info.get("MemTotal", 0)) >> 20,
        cgroup_version=str(info.get("CgroupVersion", "")),
        storage_driver=str(info.get("Driver", "")),
        data_root=data_root,
        data_root_free_mib=_free_mib(data_root) if kind in _KINDS_ON_OUR_DISK else None,
        limits_memory=bool(info.get("MemoryLimit")),
        limits_swap=bool(info.get("SwapLimit")),
        limits_cpu=bool(info.get("CpuCfsQuota")),
        limits_processes=bool(info.get("PidsLimit")),
        bridge_networks="bridge" in ((info.get("Plugins") or {}).get("Network") or ()),
        forwards_packets=bool(info.get("IPv4Forwarding")),
    )


def find_other_sockets(environment: Mapping[str, str], asked: str) -> tuple[Path, ...]:
    """Sockets of engines at their customary places (Desktop, colima, rootless and the like)."""
    user_home = Path(environment.get("HOME") or "/")
    runtime = Path(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    places = [Path(urlsplit(DEFAULT_HOST).path), runtime / "docker.sock"]
    places += [user_home / place for place in SOCKETS_IN_USER_HOME]
    asked_path = Path(urlsplit(asked).path or "/").resolve()
    return tuple(place for place in places if place.is_socket() and place.resolve() != asked_path)


_SDK_URL_OF_A_SOCKET = "http+docker://localhost"
_KINDS_ON_OUR_DISK = {EngineKind.LOCAL, EngineKind.ROOTLESS}


def _engine_kind(base_url: str, info: Mapping[str, Any]) -> EngineKind:
    if not base_url.startswith(_SDK_URL_OF_A_SOCKET):
        return EngineKind.REMOTE
    # Colima, OrbStack and Rancher name no product here, but no macOS runs Linux containers itself.
    if "Docker Desktop" in str(info.get("OperatingSystem")) or platform.system() != "Linux":
        return EngineKind.DESKTOP
    if any("name=rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        return EngineKind.ROOTLESS
    return EngineKind.LOCAL


def _configured_context(environment: Mapping[str, str]) -> str:
    user_home = Path(environment.get("HOME") or "/")
    folder = Path(environment.get("DOCKER_CONFIG") or user_home / ".docker")
    try:
        return str(json.loads((folder / "config.json").read_text()).get("currentContext") or "")
    except (OSError, ValueError):
        return ""


def _free_mib(folder: str) -> int | None:
    try:
        return shutil.disk_usage(folder).free >> 20
    except OSError:
        return None


def _read_os_release(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {key: value.strip("\"' ") for key, mark, value in pairs if mark}


def _causes(error: BaseException) -> list[BaseException]:
    """The error and those it wraps: by cause, by context, or, as urllib3 does it, in ``args``."""
    chain: list[BaseException] = []
    pending: list[BaseException] = [error]
    while pending:
        current = pending.pop(0)
        if current in chain:
            continue
        chain.append(current)
        wrapped = (current.__cause__, current.__context__, *current.args)
        pending += [item for item in wrapped if isinstance(item, BaseException)]
    return chain


def _first_cause(error: MiniCloudError) -> str:
    system = [cause for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror]
    told = str(system[-1].strerror) if system else error.message
    return told.strip().splitlines()[0] if told.strip() else type(error).__name__


def _is_permission_denied(error: BaseException) -> bool:
    return any(isinstance(cause, PermissionError) for cause in _causes(error))
