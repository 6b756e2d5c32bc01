"""A fleet beside what it could have been: on demand, reserved, off at night, of the right size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil

from minicloud.domain.billing.offering import OfferingClass
from minicloud.domain.comparison.costs import Costs
from minicloud.domain.comparison.fleet import Fleet, Run
from minicloud.domain.comparison.machines import MachineChoice, MachineCosts, machine_choices
from minicloud.domain.comparison.nights import Nights, without
from minicloud.domain.comparison.reservation_choice import (
    Choice,
    Term,
    bought,
    choose,
    terms,
    use_by_type,
)
from minicloud.domain.comparison.right_size import SizeAdvice, Verdict, advise
from minicloud.domain.metering import InstanceHour

ON_DEMAND = "on-demand"


@dataclass(frozen=True)
class Otherwise:
    """What is asked for beside the fleet as it is."""

    nights: Nights
    headroom_percent: int
    offering_class: OfferingClass = OfferingClass.STANDARD


@dataclass(frozen=True)
class Reserved:
    """The reservations of an alternative. ``payback_s``: how long, at the period's use, until what
    is paid upfront is saved; None: not within the term. ``types_without``: those not offered.
    """

    term: Term
    choices: tuple[Choice, ...]
    types_without: tuple[str, ...]
    payback_s: int | None

    @property
    def count(self) -> int:
        """How many reservations pay off."""
        return sum(choice.count for choice in self.choices)

    @property
    def upfront_usd(self) -> Decimal:
        """What is paid at once."""
        return sum((choice.upfront_usd for choice in self.choices), Decimal(0))

    @property
    def total_usd(self) -> Decimal:
        """What is owed over the whole term."""
        return sum((choice.total_usd for choice in self.choices), Decimal(0))


@dataclass(frozen=True)
class Alternative:
    """A way to run the fleet, and what it costs; ``how`` says how that was computed."""

    key: str
    title: str
    how: str
    costs: Costs
    reserved: Reserved | None = None

    @property
    def usd(self) -> Decimal:
        """All that it costs."""
        return self.costs.usd


@dataclass(frozen=True)
class FleetComparison:
    """The alternatives, the fleet as it is first, and every machine."""

    fleet: Fleet
    otherwise: Otherwise
    alternatives: tuple[Alternative, ...]
    machines: tuple[MachineChoice, ...]

    @property
    def baseline(self) -> Alternative:
        """What the others are compared with."""
        return self.alternatives[0]

    @property
    def best(self) -> Alternative:
        """The cheapest; of equals, the one that changes the least."""
        return min(self.alternatives, key=lambda each: each.usd)

    @property
    def best_reserved(self) -> Alternative | None:
        """The cheapest of those that reserve something; None where nothing pays off."""
        paying = [each for each in self.alternatives if each.reserved and each.reserved.count]
        return min(paying, key=lambda each: each.usd) if paying else None


@dataclass(frozen=True)
class _Resizing:
    """Which of the types that hold a machine it gets."""

    key: str
    title: str
    how: str
    choose: Callable[[SizeAdvice], str | None]


_ON_DEMAND_SAYS = "its starts and stops as they were, by the second, without any reservation"
_AS_IT_IS_SAYS = (
    "its starts and stops as they were, with the reservations that were bought: their upfront part"
    " is spread over their term, and hours that covered nothing are in it"
)
_HOLDS = (
    "the cheapest type that holds the 95th percentile of the hours' busiest minutes, the most"
    " memory, and at a burstable type's baseline the mean"
)
_IN_FAMILY = _Resizing(
    "right-sized",
    "right-sized, in its family",
    f"every machine as {_HOLDS}: of its own family, of any if none of that holds it",
    lambda advice: advice.in_family or advice.any_family,
)
_ANY_FAMILY = _Resizing(
    "right-sized-any",
    "right-sized, of any family",
    f"every machine as {_HOLDS}",
    lambda advice: advice.any_family,
)


def compare_fleet(
    fleet: Fleet, hours: Mapping[str, Sequence[InstanceHour]], otherwise: Otherwise
) -> FleetComparison:
    """The comparison. ``hours``: what was measured of each machine in the period."""
    advice = _advice(fleet, hours, otherwise.headroom_percent)
    on_demand = Alternative(ON_DEMAND, "on demand", _ON_DEMAND_SAYS, fleet.on_demand)
    as_it_is = Alternative("as-it-is", "as it is", _AS_IT_IS_SAYS, fleet.as_it_is)
    off = _off_at_night(fleet, otherwise.nights)
    right = _right_sized(fleet, advice, otherwise, _ANY_FAMILY)
    alternatives = (
        *([as_it_is] if fleet.purchases else []),
        on_demand,
        *_reserved(fleet, on_demand.costs, otherwise.offering_class),
        off,
        _right_sized(fleet, advice, otherwise, _IN_FAMILY),
        right,
    )
    by_instance = (each.costs.by_instance() for each in (on_demand, off, right))
    if fleet.purchases:
        # What a machine could save by itself must not hang on what covers it now.
        bare = replace(fleet, purchases=())
        day_runs, right_runs = _days(fleet, otherwise.nights), _resized(fleet, advice, _ANY_FAMILY)
        histories = (bare.runs, day_runs, right_runs)
        by_instance = (bare.with_runs(runs).by_instance() for runs in histories)
    costs = MachineCosts(*by_instance)
    machines = machine_choices(fleet, costs, advice, otherwise.offering_class)
    return FleetComparison(fleet, otherwise, alternatives, machines)


def _reserved(
    fleet: Fleet, on_demand: Costs, offering_class: OfferingClass
) -> Iterator[Alternative]:
    """Every term of which something is offered, with as many reservations as pay off."""
    uses = use_by_type(fleet)
    for term in terms(offering_class):
        choices = choose(fleet, uses, term)
        if not choices:
            continue
        costs = fleet.with_reservations(bought(fleet, choices))
        reserved = Reserved(
            term=term,
            choices=tuple(choices),
            types_without=tuple(
                sorted({*uses} - {each.offering.key.type_name for each in choices})
            ),
            payback_s=None,
        )
        reserved = replace(reserved, payback_s=_payback_s(fleet, reserved, on_demand, costs))
        years = f"{term.years} year" + ("s" if term.years > 1 else "")
        title = f"reserved {years}, {term.payment.replace('-', ' ')}"
        key = f"reserved-{term.years}y-{term.payment}"
        yield Alternative(key, title, _reserved_says(reserved), costs, reserved)


def _payback_s(fleet: Fleet, reserved: Reserved, on_demand: Costs, costs: Costs) -> int | None:
    """When what was paid upfront is saved, if all goes on as in the period."""
    if not reserved.count:
        return None
    period_s = fleet.period.to_s - fleet.period.from_s
    upfront = Fraction(reserved.upfront_usd)
    share = upfront * period_s / reserved.term.length_s
    saved = Fraction(on_demand.usd) - (Fraction(costs.usd) - share)
    if saved <= 0:
        return None
    payback_s = ceil(upfront * period_s / saved)
    return payback_s if payback_s <= reserved.term.length_s else None


def _reserved_says(reserved: Reserved) -> str:
    if not reserved.count:
        return "no machine ran enough of the period for a reservation to pay off: as on demand"
    parts = ", ".join(
        f"{choice.count} x {choice.offering.key.type_name}"
        for choice in reserved.choices
        if choice.count
    )
    return (
        f"{parts}, as many as pay off, at the prices of the period's beginning; their upfront part"
        " is spread over the term, they cover use hour by hour, and hours that cover nothing are in"
        " it; the rest of the term is owed, too"
    )


def _off_at_night(fleet: Fleet, nights: Nights) -> Alternative:
    weekends = ", and on weekends" if nights.weekends else ""
    when = f"{nights.text()} in {nights.zone}{weekends}"
    how = (
        f"every machine that ran is off {when}: each morning is a start of its own, and an Elastic"
        " IP on a machine that is off is billed as such"
    )
    costs = fleet.with_runs(_days(fleet, nights))
    return Alternative("off-at-night", "off at night", how, costs)


def _right_sized(
    fleet: Fleet, advice: Mapping[str, SizeAdvice], otherwise: Otherwise, resizing: _Resizing
) -> Alternative:
    unknown = sum(each.verdict is Verdict.NOT_MEASURED for each in advice.values())
    left = f"; {unknown} of {len(advice)} not measured long enough: left as they are"
    how = f"{resizing.how}, with {otherwise.headroom_percent}% headroom{left if unknown else ''}"
    costs = fleet.with_runs(_resized(fleet, advice, resizing))
    return Alternative(resizing.key, resizing.title, how, costs)


def _days(fleet: Fleet, nights: Nights) -> list[Run]:
    return [*without(fleet.runs, nights.within(fleet.period))]


def _resized(fleet: Fleet, advice: Mapping[str, SizeAdvice], resizing: _Resizing) -> list[Run]:
    """The runs of the period, of the types that are right; what came before stays as it was."""
    resized = []
    for run in fleet.runs:
        found = advice.get(run.instance_id)
        type_name = None if found is None else resizing.choose(found)
        resized.append(run if type_name is None else replace(run, type_name=type_name))
    return resized


def _advice(
    fleet: Fleet, hours: Mapping[str, Sequence[InstanceHour]], headroom_percent: int
) -> dict[str, SizeAdvice]:
    """What is right for every machine that ran in the period."""

    def price_of(type_name: str) -> int | None:
        prices = fleet.book.on_demand.get(type_name)
        period = fleet.period
        if prices is None or not (prices.holds(period.from_s) and prices.holds(period.to_s - 1)):
            return None
        return prices.at(period.to_s - 1).units

    last_types = {run.instance_id: run.type_name for run in fleet.runs if run.ran_s(fleet.period)}
    return {
        instance_id: advise(type_name, hours.get(instance_id, ()), headroom_percent, price_of)
        for instance_id, type_name in last_types.items()
    }
