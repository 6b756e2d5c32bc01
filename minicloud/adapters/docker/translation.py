"""Between the port's words and the engine's JSON. Pure: no call is made here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from minicloud.ports.engine import Container, ContainerStatus, ContainerUsage, EngineImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minicloud.ports.engine import ContainerSpec, Limits

CAPABILITIES: Final = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_BOOT",
    "SYS_CHROOT",
)
"""What init, sshd and apt need inside a machine.

SYS_BOOT lets ``poweroff`` inside end the machine; in a PID namespace it reaches nothing else.
NET_RAW is left out: with it a machine could forge another's address (EC2 checks the source, too),
and ping does without it.
"""

_CPU_PERIOD_US: Final = 100_000
_MIB: Final = 1024 * 1024
_NEVER_YEAR: Final = 1


def create_options(spec: ContainerSpec) -> dict[str, object]:
    """The body of a create call."""
    return {
        "Image": spec.image,
        "Hostname": spec.hostname,
        "Labels": dict(spec.labels),
        "HostConfig": {
            **limit_options(spec.limits),
            "NetworkMode": spec.network,
            "CapDrop": ["ALL"],
            "CapAdd": list(CAPABILITIES),
            "Privileged": False,
            "IpcMode": "private",
            "CgroupnsMode": "private",
            # The image's first process is an init already; a daemon's default must not add one.
            "Init": False,
            # As on a real machine: what is in /run does not survive a boot, nor enter an image.
            "Tmpfs": {"/run": "rw,exec,nosuid,nodev,mode=755,size=64m"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "3"}},
            "RestartPolicy": {"Name": "no"},
        },
        "NetworkingConfig": {
            "EndpointsConfig": {spec.network: {"IPAMConfig": {"IPv4Address": spec.private_ip}}}
        },
    }


def limit_options(limits: Limits) -> dict[str, object]:
    """The limits, for a create or an update.

    Quota and period, because engines refuse ``NanoCpus`` above their own cores and refuse to
    change it later. Memory and swap go together, because an engine checks the pair.
    """
    memory_bytes = limits.memory_mib * _MIB
    return {
        "CpuPeriod": _CPU_PERIOD_US,
        "CpuQuota": round(limits.vcpus * _CPU_PERIOD_US),
        "Memory": memory_bytes,
        "MemorySwap": memory_bytes,
        "PidsLimit": limits.process_limit,
    }


def container_from(inspected: Mapping[str, Any]) -> Container:
    """A container from the answer of an inspect call."""
    state = inspected["State"]
    status = ContainerStatus(state["Status"])
    has_ended = status in {ContainerStatus.EXITED, ContainerStatus.DEAD}
    return Container(
        name=inspected["Name"].removeprefix("/"),
        engine_id=inspected["Id"],
        image=inspected["Config"]["Image"],
        labels=labels_from(inspected["Config"].get("Labels")),
        status=status,
        exit_code=state["ExitCode"] if has_ended else None,
        started_at=parse_time(state.get("StartedAt")),
        finished_at=parse_time(state.get("FinishedAt")),
        out_of_memory=bool(state.get("OOMKilled")),
        volume_mounts=tuple(
            sorted(
                mount["Destination"]
                for mount in inspected.get("Mounts") or ()
                if mount.get("Type") == "volume"
            )
        ),
    )


def usage_from(stats: Mapping[str, Any]) -> ContainerUsage | None:
    """What a container has used, from the answer of a stats call; None for one that does not run.

    As ``docker stats`` reckons memory: without inactive pages of files, which the two versions of
    control groups name differently.
    """
    at = parse_time(stats.get("read"))
    memory = stats.get("memory_stats") or {}
    if at is None or "usage" not in memory:
        return None
    details = memory.get("stats") or {}
    inactive = details.get("inactive_file", 0)
    networks = (stats.get("networks") or {}).values()
    return ContainerUsage(
        at=at,
        cpu_ns=stats["cpu_stats"]["cpu_usage"]["total_usage"],
        memory_bytes=max(0, memory["usage"] - details.get("total_inactive_file", inactive)),
        received_bytes=sum(network["rx_bytes"] for network in networks),
        sent_bytes=sum(network["tx_bytes"] for network in networks),
    )


def image_from(inspected: Mapping[str, Any]) -> EngineImage:
    """An image from the answer of an inspect call."""
    config = inspected.get("Config") or {}
    return EngineImage(
        engine_id=inspected["Id"],
        references=references_from(inspected),
        labels=labels_from(config.get("Labels")),
        size_bytes=inspected["Size"],
        layer_count=len((inspected.get("RootFS") or {}).get("Layers") or ()),
    )


def references_from(inspected: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of an image; an unnamed one has none."""
    return tuple(tag for tag in inspected.get("RepoTags") or () if not tag.startswith("<none>"))


def labels_from(labels: Mapping[str, str] | None) -> dict[str, str]:
    """The labels that are set. A blank one was taken away: a commit can blank, not remove."""
    return {key: value for key, value in (labels or {}).items() if value}


def label_filters(labels: Mapping[str, str]) -> list[str]:
    """The labels as the engine's filters take them."""
    return [f"{key}={value}" for key, value in labels.items()]


def carries(present: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether every wanted label is there with its value."""
    return wanted.items() <= present.items()


def parse_time(text: str | None) -> datetime | None:
    """An engine's RFC 3339 time with nanoseconds, cut to microseconds; its "never" is None."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return None if moment.year == _NEVER_YEAR else moment.astimezone(UTC)


def split_reference(reference: str) -> tuple[str, str]:
    """``repository:tag`` in two; a port number in the repository is no tag."""
    repository, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        return reference, "latest"
    return repository, tag
