"""How comparisons look to a client: money and quantities as texts, as bills have them.

Shares are JSON numbers, in percent to one place: they are for reading.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from minicloud.domain.billing.line import Service
from minicloud.domain.billing.money import UNITS_PER_USD, divided, exact_text, usd_of
from minicloud.domain.billing.price_book import CURRENCY
from minicloud.domain.comparison.alternatives import Alternative, FleetComparison, Reserved
from minicloud.domain.comparison.demand import THOUSANDTHS
from minicloud.domain.comparison.machines import MachineChoice
from minicloud.domain.comparison.right_size import MEASURED_HOURS_MIN, SizeAdvice
from minicloud.domain.comparison.scaling import FleetOutcome, ScalingComparison, Stretch
from minicloud.services.comparisons import FleetReport, ScalingReport

View = dict[str, Any]
_DAY_S = 86_400
_THOUSAND = 1000


def fleet_view(report: FleetReport) -> View:
    """A fleet beside what it could have been."""
    compared = report.comparison
    period = compared.fleet.period
    best, reserved = compared.best, compared.best_reserved
    return {
        "from": _time(period.from_s),
        "to": _time(period.to_s),
        "now": _time(period.now_s),
        "timezone": str(report.zone),
        "region": report.book.region,
        "price_book": report.book.name,
        "simulated": report.simulated,
        "currency": CURRENCY,
        "baseline": compared.baseline.key,
        "best": best.key,
        "best_reserved": None if reserved is None else reserved.key,
        "alternatives": [_alternative_view(each, compared) for each in compared.alternatives],
        "machines": [_machine_view(each, report) for each in compared.machines],
        "notes": _notes(compared),
    }


def _alternative_view(each: Alternative, compared: FleetComparison) -> View:
    return {
        "key": each.key,
        "title": each.title,
        "how": each.how,
        "usd": exact_text(each.usd),
        "instances_usd": exact_text(each.costs.of(Service.INSTANCES)),
        "reservations_usd": exact_text(each.costs.of(Service.RESERVATIONS)),
        "addresses_usd": exact_text(each.costs.of(Service.ADDRESSES)),
        **_saving(compared.baseline.usd, each.usd),
        "estimated": each.costs.bill.is_estimated,
        "reserved": None if each.reserved is None else _reserved_view(each.reserved),
    }


def _reserved_view(reserved: Reserved) -> View:
    term = reserved.term
    return {
        "years": term.years,
        "payment": term.payment.value,
        "offering_class": term.offering_class.value,
        "count": reserved.count,
        "upfront_usd": exact_text(reserved.upfront_usd),
        "term_total_usd": exact_text(reserved.total_usd),
        "payback_days": None if reserved.payback_s is None else -(-reserved.payback_s // _DAY_S),
        "types_without": list(reserved.types_without),
        "offerings": [
            {
                "id": choice.offering.key.id,
                "type": choice.offering.key.type_name,
                "count": choice.count,
                "upfront_usd": exact_text(choice.offering.price.upfront_usd),
                "hourly_usd": exact_text(choice.offering.price.hourly_usd),
                "break_even_percent": choice.offering.break_even_percent,
                "estimated": choice.offering.is_estimated,
            }
            for choice in reserved.choices
        ],
    }


def _machine_view(machine: MachineChoice, report: FleetReport) -> View:
    period = report.comparison.fleet.period
    length_s = period.to_s - period.from_s
    reserved, reserved_usd = machine.reserved, machine.reserved_usd
    return {
        "instance_id": machine.instance_id,
        "name": report.names.get(machine.instance_id, ""),
        "type": machine.type_name,
        "ran_s": machine.ran_s,
        "ran_percent": _percent(Fraction(machine.ran_s, length_s)),
        "on_demand_usd": exact_text(machine.on_demand_usd),
        "off_at_night_usd": exact_text(machine.off_at_night_usd),
        "right_sized_usd": exact_text(machine.right_sized_usd),
        "reserved_usd": None if reserved_usd is None else exact_text(reserved_usd),
        "reserved_offering": None if reserved is None else reserved.key.id,
        "break_even_percent": None if reserved is None else reserved.break_even_percent,
        "best": machine.best,
        **_saving(machine.on_demand_usd, machine.options[machine.best]),
        "size": _size_view(machine.advice),
    }


def _size_view(advice: SizeAdvice) -> View:
    need = advice.need
    return {
        "verdict": advice.verdict.value,
        "measured_hours": advice.measured_hours,
        "needed_hours": MEASURED_HOURS_MIN,
        "cpu_p95_percent": _rounded(advice.cpu_p95_percent),
        "memory_mib_max": _rounded(advice.memory_mib_max),
        "needed_vcpus": None if need is None else round(need.vcpus, 3),
        "needed_mean_vcpus": None if need is None else round(need.mean_vcpus, 3),
        "needed_memory_mib": None if need is None else _rounded(need.memory_mib),
        "in_family": advice.in_family,
        "any_family": advice.any_family,
    }


def _notes(compared: FleetComparison) -> list[str]:
    notes = [
        "machines, their reservations and public addresses; images and balancers cost the same in"
        " each"
    ]
    if not compared.machines:
        notes.append("no machine ran in this period")
    if compared.fleet.period.is_future:
        notes.append("what has not happened yet is billed as if all went on as it is now")
    if problems := compared.baseline.costs.bill.problem_count:
        notes.append(f"{problems} entries of the ledger contradict others: see minicloud bill show")
    without = {
        type_name
        for each in compared.alternatives
        if each.reserved is not None
        for type_name in each.reserved.types_without
    }
    if without:
        notes.append(f"not every term is offered of {', '.join(sorted(without))}: on demand there")
    if compared.machines and not any(each.reserved for each in compared.alternatives):
        notes.append("the price book offers no reservation of these types when the period begins")
    return notes


def scaling_view(report: ScalingReport) -> View:
    """Fleets for a curve of visitors. ``timeline`` is of the elastic one, change by change."""
    compared = report.comparison
    curve, rules = compared.curve, compared.rules
    elastic = compared.outcomes[-1]
    return {
        "from": _time(curve.begins_s),
        "to": _time(curve.ends_s),
        "timezone": str(report.zone),
        "region": report.book.region,
        "price_book": report.book.name,
        "currency": CURRENCY,
        "type": compared.type_name,
        "visitors": _figure(curve.visitors),
        "visitors_per_hour_max": _figure(Fraction(curve.peak, THOUSANDTHS)),
        "visitors_per_hour_mean": _figure(curve.mean / THOUSANDTHS),
        "points": len(curve.rates),
        "rules": {
            "capacity_per_hour": rules.capacity_per_hour,
            "machines_min": rules.machines_min,
            "machines_max": rules.machines_max,
            "step": rules.step,
            "cooldown_s": rules.cooldown_s,
            "reaction_s": rules.reaction_s,
            "boot_s": rules.boot_s,
            "target_percent": rules.target_percent,
        },
        "fleets": [_outcome_view(each, compared) for each in compared.outcomes],
        "timeline": [_stretch_view(each) for each in elastic.stretches],
    }


def _outcome_view(outcome: FleetOutcome, compared: ScalingComparison) -> View:
    demand = outcome.served + outcome.unserved
    hours, idle_hours = outcome.machine_hours, outcome.idle_machine_hours
    served = outcome.served
    per_thousand = Fraction(outcome.usd) * _THOUSAND / served if served else None
    return {
        "key": outcome.key,
        "title": outcome.title,
        "how": outcome.how,
        "usd": exact_text(outcome.usd),
        "instances_usd": exact_text(outcome.costs.of(Service.INSTANCES)),
        "addresses_usd": exact_text(outcome.costs.of(Service.ADDRESSES)),
        **_saving(compared.outcomes[0].usd, outcome.usd),
        "usd_per_thousand_served": None if per_thousand is None else _figure(per_thousand),
        "served": _figure(served),
        "unserved": _figure(outcome.unserved),
        "unserved_percent": _percent(outcome.unserved / demand) if demand else 0.0,
        "machine_hours": _figure(hours),
        "idle_machine_hours": _figure(idle_hours),
        "idle_percent": _percent(idle_hours / hours) if hours else 0.0,
        "machines_max": outcome.machines_peak,
        "starts": outcome.start_count,
        "estimated": outcome.costs.bill.is_estimated,
    }


def _stretch_view(stretch: Stretch) -> View:
    return {
        "at": _time(stretch.begins_s),
        "visitors_per_hour": _figure(Fraction(stretch.rate, THOUSANDTHS)),
        "running": stretch.running,
        "serving": stretch.serving,
    }


def _saving(baseline_usd: Decimal, usd: Decimal) -> View:
    """What is saved; less than nothing where it costs more. None: there is nothing to save of."""
    saved = baseline_usd - usd
    share = Fraction(saved) / Fraction(baseline_usd) if baseline_usd else None
    return {
        "saves_usd": exact_text(saved),
        "saves_percent": None if share is None else _percent(share),
    }


def _percent(share: Fraction) -> float:
    return float(round(share * 100, 1))


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 1)


def _figure(figure: Fraction) -> str:
    """Rounded to twelve places where it is no finite decimal."""
    return exact_text(usd_of(divided(figure.numerator * UNITS_PER_USD, figure.denominator)))


def _time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()
