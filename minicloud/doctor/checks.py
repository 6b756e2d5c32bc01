"""Pure rules: from what was seen to what it means and what to do about it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from minicloud.doctor.facts import EngineFacts, EngineKind, EngineSilence, Facts, FolderFacts

PYTHON_MINIMUM = (3, 11)
ENGINE_MINIMUM = (20, 10)
# sun_path holds 104 bytes on macOS and 108 on Linux, the closing NUL among them.
SOCKET_PATH_LIMIT_BYTES = 103
HOME_FREE_MINIMUM_MIB = 100
HOME_FREE_ADVISED_MIB = 1024
ENGINE_FREE_MINIMUM_MIB = 1024
ENGINE_FREE_ADVISED_MIB = 5 * 1024
ENGINE_MEMORY_MINIMUM_MIB = 512
ENGINE_MEMORY_ADVISED_MIB = 2 * 1024


class Status(StrEnum):
    """What a finding means for running minicloud."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One check: what was found and, unless it is fine, what to do."""

    check: str
    status: Status
    found: str
    advice: str = ""


def examine(facts: Facts) -> list[Finding]:
    """Judge everything that was seen, in the order a person would mend it."""
    findings = [
        check_python(facts.host.python_version),
        check_home(facts.home),
        check_socket_path(facts.home),
        check_home_disk(facts.home),
    ]
    if isinstance(facts.engine, EngineSilence):
        return [*findings, describe_silence(facts.engine)]
    return [*findings, *examine_engine(facts.engine)]


def is_usable(findings: Sequence[Finding]) -> bool:
    """Whether minicloud can run: nothing failed (warnings may stand)."""
    return all(finding.status is not Status.FAILED for finding in findings)


def check_python(version: tuple[int, int, int]) -> Finding:
    """Python is 3.11 or newer."""
    found = ".".join(map(str, version))
    if version[:2] >= PYTHON_MINIMUM:
        return Finding("python", Status.OK, found)
    wanted = ".".join(map(str, PYTHON_MINIMUM))
    return Finding("python", Status.FAILED, found, f"install Python {wanted} or newer")


def check_home(home: FolderFacts) -> Finding:
    """The cloud's folder can be written."""
    if home.writable:
        return Finding("home folder", Status.OK, str(home.path))
    return Finding(
        "home folder",
        Status.FAILED,
        f"{home.path} cannot be written",
        "make it yours (`chown`), or name another folder with MINICLOUD_HOME",
    )


def check_socket_path(home: FolderFacts) -> Finding:
    """The server's UNIX socket has a path that the operating system accepts."""
    length = len(os.fsencode(home.socket_path))
    found = f"{length} of {SOCKET_PATH_LIMIT_BYTES} bytes"
    if length <= SOCKET_PATH_LIMIT_BYTES:
        return Finding("socket path", Status.OK, found)
    return Finding(
        "socket path",
        Status.FAILED,
        f"{found}: {home.socket_path}",
        "name a folder with a shorter path with MINICLOUD_HOME, or a shorter cloud name",
    )


def check_home_disk(home: FolderFacts) -> Finding:
    """The disk of the cloud's folder has room for its database and logs."""
    return _judge_amount(
        "home disk",
        home.free_mib,
        (HOME_FREE_MINIMUM_MIB, HOME_FREE_ADVISED_MIB),
        f"{_gib(home.free_mib)} free",
        f"free some space on the disk of {home.path}",
    )


def describe_silence(silence: EngineSilence) -> Finding:
    """No engine answered: say why as far as it can be told, and the shortest way out."""
    found = f"no answer at {silence.host}: {silence.detail}"
    if silence.permission_denied:
        advice = "join the docker group (`sudo usermod -aG docker $USER`) and log in again"
    elif silence.other_sockets:
        advice = f"try `export DOCKER_HOST=unix://{silence.other_sockets[0]}`"
    else:
        advice = "run `minicloud doctor --fix`, or start Docker and try again"
    return Finding("docker engine", Status.FAILED, found, advice)


def examine_engine(engine: EngineFacts) -> list[Finding]:
    """Judge an engine that answered."""
    return [
        check_engine_version(engine),
        check_engine_kind(engine),
        check_engine_disk(engine),
        check_capacity(engine),
        check_limits(engine),
        check_cgroup(engine),
        check_storage_driver(engine),
        check_networks(engine),
    ]


def check_engine_version(engine: EngineFacts) -> Finding:
    """The engine is new enough, and runs Linux containers."""
    found = f"{engine.version} at {engine.host}"
    if engine.os_type != "linux":
        return Finding(
            "docker engine",
            Status.FAILED,
            f"{found} runs {engine.os_type} containers",
            "switch the engine to Linux containers",
        )
    parts = re.findall(r"\d+", engine.version)[:2]
    version = tuple(map(int, parts))
    if len(version) == 2 and version >= ENGINE_MINIMUM:
        return Finding("docker engine", Status.OK, found)
    wanted = ".".join(map(str, ENGINE_MINIMUM))
    return Finding("docker engine", Status.FAILED, found, f"install Docker {wanted} or newer")


def check_engine_kind(engine: EngineFacts) -> Finding:
    """Where the engine is: it decides how addresses are reached."""
    if engine.kind is EngineKind.LOCAL:
        return Finding("engine kind", Status.OK, f"local, {engine.operating_system}")
    return Finding(
        "engine kind",
        Status.WARNING,
        f"{engine.kind}, {engine.operating_system}",
        "works; addresses are reached through stable ports on 127.0.0.1 alone",
    )


def check_engine_disk(engine: EngineFacts) -> Finding:
    """The engine's disk has room for images and machines."""
    free_mib = engine.data_root_free_mib
    if free_mib is None:
        found = f"{engine.data_root} is not visible from here"
        return Finding("engine disk", Status.OK, found)
    return _judge_amount(
        "engine disk",
        free_mib,
        (ENGINE_FREE_MINIMUM_MIB, ENGINE_FREE_ADVISED_MIB),
        f"{_gib(free_mib)} free at {engine.data_root}",
        "remove images and containers you no longer need, or enlarge the disk",
    )


def check_capacity(engine: EngineFacts) -> Finding:
    """The engine's host has memory for at least a few small machines."""
    return _judge_amount(
        "capacity",
        engine.memory_mib,
        (ENGINE_MEMORY_MINIMUM_MIB, ENGINE_MEMORY_ADVISED_MIB),
        f"{engine.cpu_count} CPUs, {_gib(engine.memory_mib)} memory",
        "give the engine's host (or its virtual machine) more memory",
    )


def check_limits(engine: EngineFacts) -> Finding:
    """What an instance type promises can be enforced."""
    enforced = {
        "memory": engine.limits_memory,
        "cpu": engine.limits_cpu,
        "swap": engine.limits_swap,
        "processes": engine.limits_processes,
    }
    missing = [name for name, present in enforced.items() if not present]
    if not missing:
        return Finding("limits", Status.OK, ", ".join(enforced))
    found = f"cannot limit {', '.join(missing)}"
    status = Status.FAILED if {"memory", "cpu"} & set(missing) else Status.WARNING
    if engine.kind is EngineKind.ROOTLESS:
        advice = "delegate the cpu, memory and pids controllers to your user's systemd slice"
    elif missing == ["swap"]:
        advice = "boot the engine's kernel with `swapaccount=1`, or go without swap"
    else:
        advice = "mount the missing cgroup controllers on the engine's host, restart Docker"
    return Finding("limits", status, found, advice)


def check_cgroup(engine: EngineFacts) -> Finding:
    """Which cgroup interface machines see (both work)."""
    if engine.cgroup_version in {"1", "2"}:
        return Finding("cgroup", Status.OK, f"version {engine.cgroup_version}")
    return Finding(
        "cgroup",
        Status.WARNING,
        "the engine does not tell its version",
        "update Docker if limits do not hold",
    )


def check_storage_driver(engine: EngineFacts) -> Finding:
    """Images share their layers on disk."""
    if engine.storage_driver != "vfs":
        return Finding("storage driver", Status.OK, engine.storage_driver)
    return Finding(
        "storage driver",
        Status.WARNING,
        "vfs copies the whole image for every machine: slow, and it fills the disk",
        "put the engine's data root on ext4 or xfs, so that overlay2 can be used",
    )


def check_networks(engine: EngineFacts) -> Finding:
    """A cloud's own bridge network can be made, and packets leave it."""
    if not engine.bridge_networks:
        return Finding(
            "networks",
            Status.FAILED,
            "the engine has no bridge network driver",
            "use a Docker engine that can make bridge networks",
        )
    if not engine.forwards_packets:
        return Finding(
            "networks",
            Status.WARNING,
            "bridge, but IPv4 forwarding is off",
            "run `sysctl -w net.ipv4.ip_forward=1` on the engine's host",
        )
    return Finding("networks", Status.OK, "bridge, IPv4 forwarding on")


def _judge_amount(
    check: str, amount: int, bounds: tuple[int, int], found: str, advice: str
) -> Finding:
    minimum, advised = bounds
    if amount >= advised:
        return Finding(check, Status.OK, found)
    status = Status.FAILED if amount < minimum else Status.WARNING
    wanted = minimum if status is Status.FAILED else advised
    return Finding(check, status, f"{found}, {_gib(wanted)} wanted", advice)


def _gib(amount_mib: int) -> str:
    return f"{amount_mib / 1024:.1f} GiB"
