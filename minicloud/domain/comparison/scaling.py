"""The argument for scalability: what fixed and elastic fleets cost for one curve of visitors.

A fleet for the peak never turns anybody away and is idle most of the time; one for the mean is full
half of the time and fails in the other half; an elastic one follows the visitors. What a fleet
costs is the bill of its machines' starts and stops, their public addresses with them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.comparison.costs import Costs
from minicloud.domain.comparison.demand import THOUSANDTHS, DemandCurve, visitors_of
from minicloud.domain.comparison.elastic_fleet import (
    MachineSpan,
    ScalingRules,
    elastic_fleet,
    fixed_fleet,
    require_machines,
)
from minicloud.domain.instance import InstanceState
from minicloud.domain.ledger import LedgerEntry, LedgerKind


@dataclass(frozen=True)
class Stretch:
    """A time, in seconds since 1970 UTC, in which nothing changes: thousandths of a visitor an
    hour, machines that are paid for, and those of them that serve.
    """

    begins_s: int
    ends_s: int
    rate: int
    running: int
    serving: int


@dataclass(frozen=True)
class FleetOutcome:
    """What became of the visitors, and of the machines.

    ``idle_machine_hours`` is what was paid for and served nobody, machines that boot included.
    """

    key: str
    title: str
    how: str
    costs: Costs
    stretches: tuple[Stretch, ...]
    served: Fraction
    unserved: Fraction
    machine_hours: Fraction
    idle_machine_hours: Fraction
    machines_peak: int
    start_count: int

    @property
    def usd(self) -> Decimal:
        """What the machines cost, each with its public address while it runs."""
        return self.costs.usd


@dataclass(frozen=True)
class ScalingComparison:
    """Fleets for one curve; the first one is what the others are compared with."""

    curve: DemandCurve
    rules: ScalingRules
    type_name: str
    outcomes: tuple[FleetOutcome, ...]


def compare_scaling(
    curve: DemandCurve, rules: ScalingRules, type_name: str, book: PriceBook
) -> ScalingComparison:
    """A fleet for the peak, one for the mean, and an elastic one.

    ``InvalidParameterValue`` where they would be too large, ``PriceNotFound`` where the book has no
    price of the type in the time of the curve.
    """
    require_machines(curve, rules)
    asked = _Asked(curve, rules, type_name, book)
    return ScalingComparison(
        curve,
        rules,
        type_name,
        (
            asked.fixed("fixed-peak", "peak", rules.machines_for(curve.peak)),
            asked.fixed("fixed-mean", "mean", rules.machines_for(ceil(curve.mean))),
            asked.outcome("elastic", "elastic", _elastic_says(rules), elastic_fleet(curve, rules)),
        ),
    )


def machine_entries(spans: Sequence[MachineSpan], type_name: str) -> list[LedgerEntry]:
    """What a ledger would say of these machines, in the order of time."""
    entries = []
    for place, span in enumerate(spans, start=1):
        for at_s, state in (
            (span.starts_s, InstanceState.RUNNING),
            (span.stops_s, InstanceState.TERMINATED),
        ):
            facts = {"state": state.value, "type": type_name}
            at = datetime.fromtimestamp(at_s, UTC)
            kind = LedgerKind.INSTANCE_STATE
            entries.append(LedgerEntry(at, kind, f"machine-{place}", facts))
    return sorted(entries, key=lambda entry: entry.at)


def stretches_of(curve: DemandCurve, spans: Sequence[MachineSpan]) -> Iterator[Stretch]:
    """The curve's time, cut wherever the rate or the number of machines changes."""
    started, served = Counter[int](), Counter[int]()
    for span in spans:
        started[span.starts_s] += 1
        started[span.stops_s] -= 1
        if span.serves_s < span.stops_s:
            served[span.serves_s] += 1
            served[span.stops_s] -= 1
    rates = dict(zip(curve.starts_s, curve.rates, strict=True))
    times_s = sorted({*rates, *started, *served, curve.ends_s})
    running = serving = rate = 0
    for begins_s, ends_s in itertools.pairwise(times_s):
        running += started[begins_s]
        serving += served[begins_s]
        rate = rates.get(begins_s, rate)
        yield Stretch(begins_s, ends_s, rate, running, serving)


@dataclass(frozen=True)
class _Asked:
    curve: DemandCurve
    rules: ScalingRules
    type_name: str
    book: PriceBook

    def fixed(self, key: str, level: str, machine_count: int) -> FleetOutcome:
        """A fleet that holds this level of the curve, all the time."""
        how = (
            f"{machine_count} machines from the first to the last second: what the {level} of the"
            f" curve needs at {self.rules.capacity_per_hour} visitors an hour each"
        )
        spans = fixed_fleet(self.curve, machine_count)
        return self.outcome(key, f"fixed for the {level}", how, spans)

    def outcome(self, key: str, title: str, how: str, spans: Sequence[MachineSpan]) -> FleetOutcome:
        """What becomes of the visitors with these machines."""
        stretches = tuple(stretches_of(self.curve, spans))
        capacity = self.rules.capacity_per_hour * THOUSANDTHS
        came = served = machine_s = 0
        for stretch in stretches:
            length_s = stretch.ends_s - stretch.begins_s
            came += stretch.rate * length_s
            served += min(stretch.rate, stretch.serving * capacity) * length_s
            machine_s += stretch.running * length_s
        machine_hours = Fraction(machine_s, HOUR_S)
        return FleetOutcome(
            key=key,
            title=title,
            how=how,
            costs=self._costs(spans),
            stretches=stretches,
            served=visitors_of(served),
            unserved=visitors_of(came - served),
            machine_hours=machine_hours,
            idle_machine_hours=machine_hours - Fraction(served, capacity * HOUR_S),
            machines_peak=max(stretch.running for stretch in stretches),
            start_count=len(spans),
        )

    def _costs(self, spans: Sequence[MachineSpan]) -> Costs:
        # One second more: what a short run lacks of its 60 s is billed when it stops.
        ends_s = self.curve.ends_s + 1
        period = Period(self.curve.begins_s, ends_s, ends_s)
        entries = machine_entries(spans, self.type_name)
        return Costs(compute_bill(entries, self.book, period))


def _elastic_says(rules: ScalingRules) -> str:
    most = "as many as it takes" if rules.machines_max is None else str(rules.machines_max)
    step = "as many at once as it takes" if rules.step is None else f"{rules.step} at once"
    return (
        f"{rules.machines_min} to {most}, kept at {rules.target_percent}% of"
        f" {rules.capacity_per_hour} visitors an hour each: it sees the visitors of"
        f" {rules.reaction_s} s ago, changes by {step} and then rests for {rules.cooldown_s} s;"
        f" a machine serves {rules.boot_s} s after it starts"
    )
