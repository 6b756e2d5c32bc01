"""The instance types that can be launched, with EC2's true figures.

vCPU and memory figures: the "Instance types" pages of the EC2 user guide. ``normalization`` is
AWS's size factor, which later prices reservations; prices themselves live in a dated price book,
not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_PROCESSES_PER_VCPU = 1024
_NORMALIZATION = {
    "nano": 0.25,
    "micro": 0.5,
    "small": 1.0,
    "medium": 2.0,
    "large": 4.0,
    "xlarge": 8.0,
    "2xlarge": 16.0,
    "4xlarge": 32.0,
    "8xlarge": 64.0,
}


@dataclass(frozen=True)
class InstanceType:
    """A type. ``burstable`` types are sold with a baseline below their vCPUs."""

    name: str
    vcpus: int
    memory_mib: int
    burstable: bool
    architecture: str
    processor: str

    @property
    def family(self) -> str:
        """``t3`` of ``t3.micro``."""
        return self.name.partition(".")[0]

    @property
    def size(self) -> str:
        """``micro`` of ``t3.micro``."""
        return self.name.partition(".")[2]

    @property
    def normalization(self) -> float:
        """AWS's normalization factor of the size."""
        return _NORMALIZATION[self.size]

    @property
    def process_limit(self) -> int:
        """How many processes and threads a machine of this type may have."""
        return self.vcpus * _PROCESSES_PER_VCPU


# Burstable sizes do not follow one rule: (vCPUs, GiB) for each.
_T3_SIZES = {
    "nano": (2, 0.5),
    "micro": (2, 1),
    "small": (2, 2),
    "medium": (2, 4),
    "large": (2, 8),
    "xlarge": (4, 16),
    "2xlarge": (8, 32),
}
_T2_SIZES = _T3_SIZES | {"nano": (1, 0.5), "micro": (1, 1), "small": (1, 2)}
_FIXED_SIZES = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
_SIZES_8 = _FIXED_SIZES | {"8xlarge": 32}
_COMPUTE_GIB_PER_VCPU, _GENERAL_GIB_PER_VCPU, _MEMORY_GIB_PER_VCPU = 2, 4, 8


def _burstable(
    family: str, sizes: dict[str, tuple[int, float]], processor: str
) -> list[InstanceType]:
    return [
        InstanceType(f"{family}.{size}", vcpus, int(gib * 1024), True, "x86_64", processor)
        for size, (vcpus, gib) in sizes.items()
    ]


def _fixed(
    family: str, sizes: dict[str, int], gib_per_vcpu: int, processor: str
) -> list[InstanceType]:
    return [
        InstanceType(
            f"{family}.{size}", vcpus, vcpus * gib_per_vcpu * 1024, False, "x86_64", processor
        )
        for size, vcpus in sizes.items()
    ]


_CATALOG = {
    instance_type.name: instance_type
    for instance_type in (
        *_burstable("t2", _T2_SIZES, "Intel Xeon"),
        *_burstable("t3", _T3_SIZES, "Intel Xeon Platinum 8000"),
        *_burstable("t3a", _T3_SIZES, "AMD EPYC 7571"),
        *_fixed("m5", _SIZES_8, _GENERAL_GIB_PER_VCPU, "Intel Xeon Platinum 8175"),
        *_fixed("m6i", _SIZES_8, _GENERAL_GIB_PER_VCPU, "Intel Xeon 8375C"),
        *_fixed("m7i", _SIZES_8, _GENERAL_GIB_PER_VCPU, "Intel Xeon 8488C"),
        *_fixed("c5", _FIXED_SIZES, _COMPUTE_GIB_PER_VCPU, "Intel Xeon Platinum 8124M"),
        *_fixed("c6i", _SIZES_8, _COMPUTE_GIB_PER_VCPU, "Intel Xeon 8375C"),
        *_fixed("r5", _SIZES_8, _MEMORY_GIB_PER_VCPU, "Intel Xeon Platinum 8175"),
        *_fixed("r6i", _SIZES_8, _MEMORY_GIB_PER_VCPU, "Intel Xeon 8375C"),
    )
}


def instance_types() -> tuple[InstanceType, ...]:
    """Every type, family by family, small to large."""
    return tuple(_CATALOG.values())


def instance_type(name: str) -> InstanceType:
    """The type of this name; AWS's ``InvalidParameterValue`` where there is none."""
    if name in _CATALOG:
        return _CATALOG[name]
    near = get_close_matches(name[:64], _CATALOG, n=1)
    raise InvalidRequest(
        "InvalidParameterValue",
        f"{shown(name)} is not an instance type",
        (f"did you mean {near[0]}? " if near else "") + "list them: minicloud instance types",
    )
