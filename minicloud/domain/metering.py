"""Metering: from what machines and balancers say of themselves to records by the hour. Pure.

A machine's processor time and a balancer's counters only ever grow while they live; what was used
between two readings is their difference. A counter that is lower than it was began anew (its
container was replaced). Hours are hours of the cloud's clock (UTC); seconds are those that passed
in truth, by the engine's clock: where the cloud's is sped up, an hour has few of them.

What was used between two readings is spread evenly over the time between them. Where that is longer
than a day (a clock that was moved, a server that was away) all of it is the later reading's hour's:
then it is known how much there was, and not when. Nothing is made up for time before the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

HOUR = timedelta(hours=1)
KEPT = timedelta(days=400)
"""How long records are kept: a year, and a month to look back on it."""

CPU_NS = "cpu_ns"
REQUESTS = "requests"
NEW_CONNECTIONS = "new_connections"
PROCESSED_BYTES = "processed_bytes"
RULE_EVALUATIONS = "rule_evaluations"

_SPREAD_MAX = timedelta(days=1)
_NS_PER_S = 1_000_000_000
_PERCENT = 100
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class InstanceHour:
    """What was measured of a machine in an hour of the clock that begins at ``hour_at``.

    ``measured_s``: the seconds that passed between readings; ``vcpu_s``: the processor time that
    its vCPUs could have given in them; ``memory_mib_s``: its memory, summed over them.
    ``cpu_percent_max`` is of the busiest time between two readings: a minute, as a rule.
    """

    instance_id: str
    hour_at: datetime
    type_name: str
    measured_s: float = 0.0
    cpu_s: float = 0.0
    vcpu_s: float = 0.0
    cpu_percent_max: float = 0.0
    memory_mib_s: float = 0.0
    memory_mib_max: float = 0.0

    @property
    def cpu_percent_mean(self) -> float:
        """The processor time that it used, in percent of what its vCPUs could have given."""
        return _PERCENT * self.cpu_s / self.vcpu_s if self.vcpu_s else 0.0

    @property
    def memory_mib_mean(self) -> float:
        """Its memory in MiB, without what the kernel only keeps in case it is read again."""
        return self.memory_mib_s / self.measured_s if self.measured_s else 0.0

    def plus(self, other: InstanceHour) -> InstanceHour:
        """Both, of one hour; ``other`` is the later one."""
        return replace(
            other,
            measured_s=self.measured_s + other.measured_s,
            cpu_s=self.cpu_s + other.cpu_s,
            vcpu_s=self.vcpu_s + other.vcpu_s,
            cpu_percent_max=max(self.cpu_percent_max, other.cpu_percent_max),
            memory_mib_s=self.memory_mib_s + other.memory_mib_s,
            memory_mib_max=max(self.memory_mib_max, other.memory_mib_max),
        )


@dataclass(frozen=True)
class BalancerHour:
    """What was measured of a balancer in an hour of the clock that begins at ``hour_at``.

    ``active_sum``: its clients' connections, summed over ``sample_count`` looks. Rule evaluations
    are of those rules that a request met beyond its first ten.
    ``in_ledger``: the hour is over, and the ledger tells of it.
    """

    balancer_id: str
    hour_at: datetime
    name: str
    type: str
    requests: int = 0
    new_connections: int = 0
    processed_bytes: int = 0
    rule_evaluations: int = 0
    active_sum: int = 0
    sample_count: int = 0
    in_ledger: bool = False

    @property
    def active_connections_mean(self) -> Fraction:
        """Its clients' connections at a time."""
        return Fraction(self.active_sum, self.sample_count) if self.sample_count else Fraction(0)

    @property
    def is_idle(self) -> bool:
        """Whether nothing was used of it."""
        used = (self.requests, self.new_connections, self.processed_bytes, self.active_sum)
        return not any(used)

    def plus(self, other: BalancerHour) -> BalancerHour:
        """Both, of one hour; ``other`` is the later one."""
        return replace(
            other,
            requests=self.requests + other.requests,
            new_connections=self.new_connections + other.new_connections,
            processed_bytes=self.processed_bytes + other.processed_bytes,
            rule_evaluations=self.rule_evaluations + other.rule_evaluations,
            active_sum=self.active_sum + other.active_sum,
            sample_count=self.sample_count + other.sample_count,
            in_ledger=self.in_ledger or other.in_ledger,
        )


@dataclass(frozen=True)
class Reading:
    """What counters showed. ``at`` by the cloud's clock, ``engine_at`` by the engine's, which
    nobody moves. ``life``: counters of another life are not to be compared with these.
    """

    resource_id: str
    at: datetime
    engine_at: datetime
    life: str
    counters: Mapping[str, int] = field(default_factory=dict)

    def following(self, before: Reading | None) -> Reading:
        """This one, no earlier than the one before it: a cloud's clock may be set back."""
        return self if before is None else replace(self, at=max(self.at, before.at))


@dataclass(frozen=True)
class MachineLook:
    """What a machine was when it was read, beside its counters."""

    type_name: str
    vcpus: int
    memory_mib: float


@dataclass(frozen=True)
class BalancerLook:
    """What a balancer was when it was read."""

    name: str
    type: str
    created_at: datetime
    active_connections: int


def hour_of(at: datetime) -> datetime:
    """When the hour began that it is then."""
    return at.replace(minute=0, second=0, microsecond=0)


def measure_instance(
    before: Reading | None, now: Reading, machine: MachineLook
) -> list[InstanceHour]:
    """What a machine used since the reading before, hour by hour.

    Nothing where the two are not of one life, or the counter began anew: how long the new one has
    been counting is not known.
    """
    if before is None or before.life != now.life:
        return []
    elapsed_s = (now.engine_at - before.engine_at).total_seconds()
    cpu_s = (now.counters[CPU_NS] - before.counters[CPU_NS]) / _NS_PER_S
    if elapsed_s <= 0 or cpu_s < 0:
        return []
    vcpu_s = elapsed_s * machine.vcpus
    return [
        InstanceHour(
            instance_id=now.resource_id,
            hour_at=hour_at,
            type_name=machine.type_name,
            measured_s=elapsed_s * share,
            cpu_s=cpu_s * share,
            vcpu_s=vcpu_s * share,
            cpu_percent_max=_PERCENT * cpu_s / vcpu_s,
            memory_mib_s=machine.memory_mib * elapsed_s * share,
            memory_mib_max=machine.memory_mib,
        )
        for hour_at, share in ((hour, float(share)) for hour, share in _spread(before.at, now.at))
    ]


def measure_balancer(
    before: Reading | None, now: Reading, balancer: BalancerLook
) -> list[BalancerHour]:
    """What was used of a balancer since the reading before, hour by hour, to the last byte.

    A counter that began anew counts in full. So do a new balancer's, from when it was made; those
    of one that has long been there without a reading are only taken note of.
    """
    began_at = balancer.created_at if before is None else before.at
    if before is None and not timedelta(0) <= now.at - began_at <= _SPREAD_MAX:
        return []
    earlier = before.counters if before is not None and before.life == now.life else {}
    used = {name: _grown(earlier.get(name, 0), count) for name, count in now.counters.items()}
    hours = []
    reached = Fraction(0)
    for hour_at, share in _spread(began_at, now.at):
        part = {
            name: int(count * (reached + share)) - int(count * reached)
            for name, count in used.items()
        }
        reached += share
        hours.append(
            BalancerHour(
                balancer_id=now.resource_id,
                hour_at=hour_at,
                name=balancer.name,
                type=balancer.type,
                requests=part[REQUESTS],
                new_connections=part[NEW_CONNECTIONS],
                processed_bytes=part[PROCESSED_BYTES],
                rule_evaluations=part[RULE_EVALUATIONS],
            )
        )
    active = balancer.active_connections
    return [*hours[:-1], replace(hours[-1], active_sum=active, sample_count=1)]


def _grown(before: int, now: int) -> int:
    return now - before if now >= before else now


def _spread(began_at: datetime, ended_at: datetime) -> Iterator[tuple[datetime, Fraction]]:
    """The hours that a stretch of time is in, each with its share of it; the shares make one."""
    length = ended_at - began_at
    if length > _SPREAD_MAX or hour_of(began_at) == hour_of(ended_at):
        yield hour_of(ended_at), Fraction(1)
        return
    while began_at < ended_at:
        until = min(ended_at, hour_of(began_at) + HOUR)
        yield hour_of(began_at), Fraction((until - began_at) // _TICK, length // _TICK)
        began_at = until


def over_at(hour: BalancerHour, read_at: datetime, *, is_gone: bool) -> datetime | None:
    """When, within its hour, the last of it was measured; None while more may come.

    ``read_at``: when the balancer was last read; ``is_gone``: it will not be read again.
    """
    ends_at = hour.hour_at + HOUR
    if read_at < ends_at and not is_gone:
        return None
    return max(hour.hour_at, min(read_at, ends_at - timedelta(seconds=1)))
