"""What each machine of a fleet could save by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from minicloud.domain.billing.money import UNITS_PER_USD, divided, usd_of
from minicloud.domain.billing.offering import HOUR_S, Offering, OfferingClass
from minicloud.domain.comparison.fleet import Fleet, Run
from minicloud.domain.comparison.reservation_choice import offered, terms
from minicloud.domain.comparison.right_size import SizeAdvice


@dataclass(frozen=True)
class MachineChoice:
    """A machine: what it costs on demand, and otherwise. ``reserved``: the offering that would be
    cheapest for it, if it had one to itself; None where nothing is offered, or where it was of
    several types. ``reserved_usd`` is that offering's share of the period.
    """

    instance_id: str
    type_name: str
    ran_s: int
    on_demand_usd: Decimal
    off_at_night_usd: Decimal
    right_sized_usd: Decimal
    advice: SizeAdvice
    reserved: Offering | None
    reserved_usd: Decimal | None

    @property
    def options(self) -> dict[str, Decimal]:
        """What each way costs, by the name of the way."""
        ways = {
            "on-demand": self.on_demand_usd,
            "off-at-night": self.off_at_night_usd,
            "right-sized": self.right_sized_usd,
        }
        if self.reserved_usd is not None:
            ways["reserved"] = self.reserved_usd
        return ways

    @property
    def best(self) -> str:
        """The cheapest way; where nothing is cheaper, ``on-demand``."""
        options = self.options
        return min(options, key=lambda way: options[way])

    @property
    def saves_usd(self) -> Decimal:
        """What the cheapest way saves."""
        return self.on_demand_usd - self.options[self.best]


@dataclass(frozen=True)
class MachineCosts:
    """What each machine costs, by its id, in three ways."""

    on_demand: Mapping[str, Decimal]
    off_at_night: Mapping[str, Decimal]
    right_sized: Mapping[str, Decimal]


def machine_choices(
    fleet: Fleet,
    costs: MachineCosts,
    advice: Mapping[str, SizeAdvice],
    offering_class: OfferingClass,
) -> tuple[MachineChoice, ...]:
    """Every machine that ran in the period; the one that can save the most comes first."""
    runs: dict[str, list[Run]] = {}
    for run in fleet.runs:
        if run.ran_s(fleet.period):
            runs.setdefault(run.instance_id, []).append(run)
    cheapest: dict[str, tuple[Offering, Decimal] | None] = {}
    found = []
    for instance_id, of_machine in runs.items():
        types = {run.type_name for run in of_machine}
        type_name = of_machine[-1].type_name
        if type_name not in cheapest:
            cheapest[type_name] = _cheapest(fleet, type_name, offering_class)
        offering, reserved_usd = (len(types) == 1 and cheapest[type_name]) or (None, None)
        on_demand_usd = costs.on_demand.get(instance_id, Decimal(0))
        found.append(
            MachineChoice(
                instance_id=instance_id,
                type_name=type_name,
                ran_s=sum(run.ran_s(fleet.period) for run in of_machine),
                on_demand_usd=on_demand_usd,
                off_at_night_usd=costs.off_at_night.get(instance_id, Decimal(0)),
                right_sized_usd=costs.right_sized.get(instance_id, on_demand_usd),
                advice=advice[instance_id],
                reserved=offering,
                reserved_usd=reserved_usd,
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.saves_usd, each.instance_id)))


def _cheapest(
    fleet: Fleet, type_name: str, offering_class: OfferingClass
) -> tuple[Offering, Decimal] | None:
    """The cheapest offering of a type, and its share of the period."""
    every = [offered(fleet, type_name, term) for term in terms(offering_class)]
    offerings = [offering for offering in every if offering is not None]
    if not offerings:
        return None
    best = min(offerings, key=lambda offering: offering.effective_usd_per_hour)
    share = best.effective_usd_per_hour * (fleet.period.to_s - fleet.period.from_s) / HOUR_S
    units = share * UNITS_PER_USD
    return best, usd_of(divided(units.numerator, units.denominator))
