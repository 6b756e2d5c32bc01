"""How many reservations of an offering pay off for a fleet, type by type.

A reservation covers 3,600 s of its type in each hour (UTC), of one machine or of several. The k-th
of a type is used in an hour for what is used beyond 3,600 x (k-1) s; it pays off if that, on
demand, would have cost more in the period than the reservation does. What the chosen ones cost is
then billed, as everything is; that one size may cover another of its family is in the bill, and not
in the choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from minicloud.domain.billing.money import UNITS_PER_USD
from minicloud.domain.billing.offering import (
    HOUR_S,
    TERM_YEARS,
    YEAR_S,
    Offering,
    OfferingClass,
    OfferingKey,
    Payment,
)
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.reservation import Reservation, reserve
from minicloud.domain.comparison.fleet import Fleet, Run


@dataclass(frozen=True)
class Term:
    """For how long, and how it is paid."""

    years: int
    payment: Payment
    offering_class: OfferingClass

    @property
    def length_s(self) -> int:
        """How long it is; a year has 365 days."""
        return self.years * YEAR_S


@dataclass(frozen=True)
class Choice:
    """``count`` reservations of what a type is offered for; 0: none pays off."""

    offering: Offering
    count: int

    @property
    def upfront_usd(self) -> Decimal:
        """What is paid at once, for all of them."""
        return self.offering.price.upfront_usd * self.count

    @property
    def total_usd(self) -> Decimal:
        """What is owed over the whole term, for all of them."""
        return self.offering.total_usd * self.count


def terms(offering_class: OfferingClass) -> list[Term]:
    """Every term that there is: one and three years, paid in each of three ways."""
    return [Term(years, payment, offering_class) for years in TERM_YEARS for payment in Payment]


@dataclass(frozen=True)
class Use:
    """What a type's use costs on demand, in units x seconds, by how many machines ran in full in
    an hour: ``full`` one of those, ``rest`` what ran besides them.
    """

    full: Counter[int]
    rest: Counter[int]

    def count_above(self, price: Fraction) -> int:
        """For how many places the use is worth more than a reservation costs."""
        # An hour with more full machines than k is one of the k-th place, too. No place is used
        # more than the one before it, so the first that does not pay ends it.
        above = sum(self.full.values())
        count = 0
        while True:
            above -= self.full[count]
            if above + self.rest[count] <= price:
                return count
            count += 1


def use_by_type(fleet: Fleet) -> dict[str, Use]:
    """The use of each type that ran in the period."""
    by_type: dict[str, list[Run]] = {}
    for run in fleet.runs:
        if run.ran_s(fleet.period):
            by_type.setdefault(run.type_name, []).append(run)
    return {type_name: _use(fleet, type_name, runs) for type_name, runs in sorted(by_type.items())}


def choose(fleet: Fleet, uses: Mapping[str, Use], term: Term) -> list[Choice]:
    """What pays off for each type that ran, and is offered when the period begins."""
    length_s = fleet.period.to_s - fleet.period.from_s
    choices = []
    for type_name, use in uses.items():
        offering = offered(fleet, type_name, term)
        if offering is not None:
            price = offering.effective_usd_per_hour * length_s * UNITS_PER_USD
            choices.append(Choice(offering, use.count_above(price)))
    return choices


def bought(fleet: Fleet, choices: Sequence[Choice]) -> list[Reservation]:
    """The choices as reservations that were bought when the period began."""
    at = datetime.fromtimestamp(fleet.period.from_s, UTC)
    return [
        reserve(choice.offering, f"what-if-{place}", fleet.book.region, choice.count, at)
        for place, choice in enumerate(choices)
        if choice.count
    ]


def hourly_use_s(runs: Sequence[Run], period: Period) -> list[int]:
    """How many seconds the runs lasted together in each hour (UTC) that the period touches."""
    first = period.from_s // HOUR_S
    hour_count = -(-period.to_s // HOUR_S) - first
    edges = [0] * hour_count
    whole = [0] * (hour_count + 1)
    for run in runs:
        begins_s, ends_s = run.within(period)
        if begins_s >= ends_s:
            continue
        begin, end = begins_s // HOUR_S - first, (ends_s - 1) // HOUR_S - first
        if begin == end:
            edges[begin] += ends_s - begins_s
            continue
        edges[begin] += (first + begin + 1) * HOUR_S - begins_s
        edges[end] += ends_s - (first + end) * HOUR_S
        whole[begin + 1] += HOUR_S
        whole[end] -= HOUR_S
    used, running = [], 0
    for edge, change in zip(edges, whole, strict=False):
        running += change
        used.append(edge + running)
    return used


def offered(fleet: Fleet, type_name: str, term: Term) -> Offering | None:
    """What a type is offered for when the period begins; None where it is not."""
    book, at_s = fleet.book, fleet.period.from_s
    key = OfferingKey(type_name, term.years, term.payment, term.offering_class)
    prices, on_demand = book.offerings.get(key), book.on_demand.get(type_name)
    if prices is None or on_demand is None or not prices.holds(at_s) or not on_demand.holds(at_s):
        return None
    return book.offering(key, at_s)


def _use(fleet: Fleet, type_name: str, runs: Sequence[Run]) -> Use:
    period = fleet.period
    prices = fleet.book.of_type(type_name)
    first_s = period.from_s // HOUR_S * HOUR_S
    use = Use(Counter(), Counter())
    for hour, used_s in enumerate(hourly_use_s(runs, period)):
        if not used_s:
            continue
        hour_s = first_s + hour * HOUR_S
        begins_s = max(period.from_s, hour_s)
        length_s = min(period.to_s, hour_s + HOUR_S) - begins_s
        units = prices.at(begins_s).units
        place, rest_s = divmod(used_s, length_s)
        use.full[place] += units * length_s
        use.rest[place] += units * rest_s
    return use
