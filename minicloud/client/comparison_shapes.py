"""What the server answers to comparisons, for type checkers alone, as ``billing_shapes`` is.

Money and quantities are texts, so that no digit is lost; shares are in percent, to one place.
"""

from __future__ import annotations

from typing import TypedDict


class SavingShape(TypedDict):
    """What is saved; less than nothing where it costs more; None: there was nothing to save."""

    saves_usd: str
    saves_percent: float | None


class ChosenOfferingShape(TypedDict):
    """What is reserved of one type; a count of 0: none pays off."""

    id: str
    type: str
    count: int
    upfront_usd: str
    hourly_usd: str
    break_even_percent: int | None
    estimated: bool


class ReservedShape(TypedDict):
    """The reservations of an alternative. ``payback_days`` None: not within the term."""

    years: int
    payment: str
    offering_class: str
    count: int
    upfront_usd: str
    term_total_usd: str
    payback_days: int | None
    types_without: list[str]
    offerings: list[ChosenOfferingShape]


class AlternativeShape(SavingShape):
    """A way to run the fleet; ``how`` says how its figures were computed."""

    key: str
    title: str
    how: str
    usd: str
    instances_usd: str
    reservations_usd: str
    addresses_usd: str
    estimated: bool
    reserved: ReservedShape | None


class SizeShape(TypedDict):
    """What is right for a machine; None: it was not measured long enough, or nothing holds it."""

    verdict: str
    measured_hours: int
    needed_hours: int
    cpu_p95_percent: float | None
    memory_mib_max: float | None
    needed_vcpus: float | None
    needed_mean_vcpus: float | None
    needed_memory_mib: float | None
    in_family: str | None
    any_family: str | None


class MachineShape(SavingShape):
    """A machine, and what it could save by itself."""

    instance_id: str
    name: str
    type: str
    ran_s: int
    ran_percent: float
    on_demand_usd: str
    off_at_night_usd: str
    right_sized_usd: str
    reserved_usd: str | None
    reserved_offering: str | None
    break_even_percent: int | None
    best: str
    size: SizeShape


# "from" is a word of Python's.
FleetComparisonShape = TypedDict(
    "FleetComparisonShape",
    {
        "from": str,
        "to": str,
        "now": str,
        "timezone": str,
        "region": str,
        "price_book": str,
        "simulated": bool,
        "currency": str,
        "baseline": str,
        "best": str,
        "best_reserved": str | None,
        "alternatives": list[AlternativeShape],
        "machines": list[MachineShape],
        "notes": list[str],
    },
)


class OutcomeShape(SavingShape):
    """What became of the visitors, and of a fleet's machines."""

    key: str
    title: str
    how: str
    usd: str
    instances_usd: str
    addresses_usd: str
    usd_per_thousand_served: str | None
    served: str
    unserved: str
    unserved_percent: float
    machine_hours: str
    idle_machine_hours: str
    idle_percent: float
    machines_max: int
    starts: int
    estimated: bool


class RulesShape(TypedDict):
    """How the elastic fleet scales."""

    capacity_per_hour: int
    machines_min: int
    machines_max: int | None
    step: int | None
    cooldown_s: int
    reaction_s: int
    boot_s: int
    target_percent: int


class MomentShape(TypedDict):
    """From when on there were so many visitors, and machines of the elastic fleet."""

    at: str
    visitors_per_hour: str
    running: int
    serving: int


ScalingComparisonShape = TypedDict(
    "ScalingComparisonShape",
    {
        "from": str,
        "to": str,
        "timezone": str,
        "region": str,
        "price_book": str,
        "currency": str,
        "type": str,
        "visitors": str,
        "visitors_per_hour_max": str,
        "visitors_per_hour_mean": str,
        "points": int,
        "rules": RulesShape,
        "fleets": list[OutcomeShape],
        "timeline": list[MomentShape],
    },
)
