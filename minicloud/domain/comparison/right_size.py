"""Which type is right for a machine, by its measured processor time and memory.

What it needs: the 95th percentile of its hours' busiest minutes, in vCPUs, and the most memory that
it had, each with headroom. Right is the cheapest type that holds both, once of its own family and
once of any. A burstable type must hold its mean use at its baseline, too: above that it spends
credits, and cannot for ever (EC2 user guide, "Key concepts for burstable performance instances").
A machine that was not measured for a day stays what it is: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from minicloud.domain.catalog import InstanceType, instance_type, instance_types
from minicloud.domain.metering import InstanceHour
from minicloud.domain.ranges import require_range

MEASURED_HOURS_MIN = 24
HEADROOM_PERCENT_DEFAULT = 20
_HEADROOM_PERCENT_MAX = 400
_PERCENTILE = 95
_PERCENT = 100
# "Baseline utilization per vCPU" in percent: what its credits an hour pay for all the time. EC2
# user guide, "Key concepts for burstable performance instances" (github.com/awsdocs/
# amazon-ec2-user-guide, doc_source/burstable-credits-baseline-concepts.md).
_T3_BASELINES = {
    "nano": 5.0,
    "micro": 10.0,
    "small": 20.0,
    "medium": 20.0,
    "large": 30.0,
    "xlarge": 40.0,
    "2xlarge": 40.0,
}
_T2_BASELINES = _T3_BASELINES | {"xlarge": 22.5, "2xlarge": 17.0}
_BASELINES = {"t2": _T2_BASELINES, "t3": _T3_BASELINES, "t3a": _T3_BASELINES}

PricePerHour = Callable[[str], int | None]


class Verdict(StrEnum):
    """What was found of a machine's size."""

    FITS = "fits"
    TOO_LARGE = "too large"
    TOO_SMALL = "too small"
    NOT_MEASURED = "not measured long enough"
    NOTHING_HOLDS = "no type holds it"


@dataclass(frozen=True)
class Need:
    """What a machine needs, headroom included. ``mean_vcpus`` is what it uses all the time."""

    vcpus: float
    mean_vcpus: float
    memory_mib: float

    def fits(self, its_type: InstanceType) -> bool:
        """Whether a type holds it."""
        return (
            self.vcpus <= its_type.vcpus
            and self.memory_mib <= its_type.memory_mib
            and self.mean_vcpus <= baseline_vcpus(its_type)
        )


@dataclass(frozen=True)
class SizeAdvice:
    """What is right for a machine. ``need`` None: not measured long enough. ``in_family`` and
    ``any_family`` None: no type (of its family, of all) holds it, or nothing is known.
    """

    verdict: Verdict
    measured_hours: int
    need: Need | None = None
    cpu_p95_percent: float | None = None
    memory_mib_max: float | None = None
    in_family: str | None = None
    any_family: str | None = None


def baseline_vcpus(its_type: InstanceType) -> float:
    """How many vCPUs a type gives all the time."""
    if not its_type.burstable:
        return float(its_type.vcpus)
    return its_type.vcpus * _BASELINES[its_type.family][its_type.size] / _PERCENT


def require_headroom(percent: int) -> int:
    """Return the headroom if it can be meant."""
    return require_range("the headroom", percent, 0, _HEADROOM_PERCENT_MAX, "%")


def advise(
    type_name: str, hours: Iterable[InstanceHour], headroom_percent: int, price_of: PricePerHour
) -> SizeAdvice:
    """What is right for a machine of this type. ``price_of`` a type: its price per hour in units,
    None where it has none.
    """
    measured = [hour for hour in hours if hour.measured_s > 0]
    if len(measured) < MEASURED_HOURS_MIN:
        return SizeAdvice(Verdict.NOT_MEASURED, len(measured))
    its_type = instance_type(type_name)
    need = _need(measured, 1 + headroom_percent / _PERCENT)
    every = instance_types()
    in_family = _cheapest(need, [t for t in every if t.family == its_type.family], price_of)
    any_family = _cheapest(need, every, price_of)
    return SizeAdvice(
        verdict=_verdict(its_type, need, in_family or any_family),
        measured_hours=len(measured),
        need=need,
        cpu_p95_percent=_PERCENT * _busy_vcpus(measured) / its_type.vcpus,
        memory_mib_max=max(hour.memory_mib_max for hour in measured),
        in_family=in_family,
        any_family=any_family,
    )


def _need(measured: Sequence[InstanceHour], factor: float) -> Need:
    cpu_s = sum(hour.cpu_s for hour in measured)
    measured_s = sum(hour.measured_s for hour in measured)
    return Need(
        vcpus=_busy_vcpus(measured) * factor,
        mean_vcpus=cpu_s / measured_s * factor,
        memory_mib=max(hour.memory_mib_max for hour in measured) * factor,
    )


def _busy_vcpus(measured: Sequence[InstanceHour]) -> float:
    """The 95th percentile (nearest rank) of the hours' busiest minutes, in vCPUs: percents of
    another type that the machine once was count as what they were.
    """
    busy = sorted(
        hour.cpu_percent_max * instance_type(hour.type_name).vcpus / _PERCENT for hour in measured
    )
    return busy[-(-len(busy) * _PERCENTILE // _PERCENT) - 1]


def _cheapest(need: Need, types: Iterable[InstanceType], price_of: PricePerHour) -> str | None:
    priced = [
        (price, its_type.memory_mib, its_type.name)
        for its_type in types
        if need.fits(its_type) and (price := price_of(its_type.name)) is not None
    ]
    return min(priced)[2] if priced else None


def _verdict(its_type: InstanceType, need: Need, right: str | None) -> Verdict:
    if right is None:
        return Verdict.NOTHING_HOLDS
    if not need.fits(its_type):
        return Verdict.TOO_SMALL
    return Verdict.FITS if right == its_type.name else Verdict.TOO_LARGE
