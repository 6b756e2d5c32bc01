"""Admission: what the host can hold, and what it is refused with where it cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from minicloud.domain.catalog import InstanceType
from minicloud.domain.errors import CapacityExceeded
from minicloud.domain.settings import Settings


@dataclass(frozen=True)
class Host:
    """What the engine's host has."""

    cpu_count: int
    memory_mib: int


def require_capacity(
    host: Host, settings: Settings, placed: Iterable[InstanceType], wanted: InstanceType
) -> None:
    """Refuse a machine that the host cannot hold beside those already placed.

    A machine is never promised more processors than the host has: its limit could not be true.
    """
    if wanted.vcpus > host.cpu_count:
        raise CapacityExceeded(
            "InsufficientInstanceCapacity",
            f"{wanted.name} has {wanted.vcpus} vCPUs and this host {host.cpu_count}",
            "choose a type with fewer vCPUs: minicloud instance types",
        )
    placed_types = list(placed)
    for unit, of_type, host_has, factor, option in (
        ("vCPUs", "vcpus", host.cpu_count, settings.cpu_overcommit, "--cpu-overcommit"),
        ("MiB", "memory_mib", host.memory_mib, settings.memory_overcommit, "--memory-overcommit"),
    ):
        used = sum(getattr(placed_type, of_type) for placed_type in placed_types)
        asked = getattr(wanted, of_type)
        limit = int(host_has * factor)
        if used + asked > limit:
            raise CapacityExceeded(
                "InsufficientInstanceCapacity",
                f"{wanted.name} needs {asked} {unit}; {used} of {limit} are taken"
                f" (the host has {host_has}, overcommit {factor:g})",
                f"stop or terminate instances, choose a smaller type, or minicloud up {option} N",
            )
