"""Comparisons: what a fleet would have cost otherwise, and fleets for a curve of visitors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.offering import OfferingClass
from minicloud.domain.billing.period import Period, month_start_s, parse_instant
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.catalog import instance_type
from minicloud.domain.comparison.alternatives import FleetComparison, Otherwise, compare_fleet
from minicloud.domain.comparison.demand import DemandCurve
from minicloud.domain.comparison.demand_file import DemandFile, TimeUnit, read_demand
from minicloud.domain.comparison.demand_shapes import ShapeRequest, shaped
from minicloud.domain.comparison.elastic_fleet import ScalingRules
from minicloud.domain.comparison.fleet import read_fleet
from minicloud.domain.comparison.nights import Nights
from minicloud.domain.comparison.right_size import HEADROOM_PERCENT_DEFAULT, require_headroom
from minicloud.domain.comparison.scaling import ScalingComparison, compare_scaling
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.metering import HOUR, InstanceHour
from minicloud.ports.clock import CloudClock
from minicloud.ports.store import Store, Transaction
from minicloud.services.prices import BookChoice, PriceService
from minicloud.services.zones import zone_of

NIGHT_DEFAULT = "22:00-07:00"
TYPE_DEFAULT = "t3.micro"


@dataclass(frozen=True)
class FleetRequest:
    """Which period, and which alternatives. Without ``begins_at`` it begins with this month, or
    with the first machine if that came later; without ``ends_at`` it is until now.
    """

    book: BookChoice = field(default_factory=BookChoice)
    begins_at: str | None = None
    ends_at: str | None = None
    zone: str | None = None
    night: str = NIGHT_DEFAULT
    weekends: bool = False
    headroom_percent: int = HEADROOM_PERCENT_DEFAULT
    offering_class: OfferingClass = OfferingClass.STANDARD


@dataclass(frozen=True)
class FleetReport:
    """A comparison, and what a reader needs beside it. ``names`` of machines that have one.

    ``simulated``: its times are those of a clock that can be moved.
    """

    comparison: FleetComparison
    book: PriceBook
    zone: tzinfo
    names: Mapping[str, str]
    simulated: bool


@dataclass(frozen=True)
class GivenCurve:
    """A CSV file of visitors: its text, what to call it, and what its times count."""

    name: str
    text: str
    unit: TimeUnit | None = None


@dataclass(frozen=True)
class ScalingRequest:
    """Which curve, of what machines, scaled how. ``zone`` is that of times without an offset, and
    of the midnight with which shapes, and times that are plain numbers, begin: today's.
    """

    demand: GivenCurve | ShapeRequest
    book: BookChoice = field(default_factory=BookChoice)
    type_name: str = TYPE_DEFAULT
    rules: ScalingRules = field(default_factory=ScalingRules)
    zone: str | None = None


@dataclass(frozen=True)
class ScalingReport:
    """A comparison, and the prices that it was made with."""

    comparison: ScalingComparison
    book: PriceBook
    zone: tzinfo


class ComparisonService:
    """Everything that can be asked of what might have been."""

    def __init__(self, store: Store, prices: PriceService, clock: CloudClock) -> None:
        self._store = store
        self._prices = prices
        self._clock = clock

    def fleet(self, request: FleetRequest) -> FleetReport:
        """This fleet beside what it could have been."""
        book = self._prices.book(request.book)
        zone = zone_of(request.zone)
        otherwise = Otherwise(
            Nights.parse(request.night, zone, weekends=request.weekends),
            require_headroom(request.headroom_percent),
            request.offering_class,
        )
        with self._store.read() as transaction:
            entries = [*transaction.ledger.in_time_order()]
            period = _period(request, entries, second_of(self._clock.now()) + 1, zone)
            hours = _hours(transaction, period)
            names = {instance.id: instance.name for instance in transaction.instances.all()}
        fleet = read_fleet(entries, book, period)
        compared = compare_fleet(fleet, hours, otherwise)
        return FleetReport(compared, book, zone, names, self._clock.is_simulated)

    def scaling(self, request: ScalingRequest) -> ScalingReport:
        """Fixed and elastic fleets for a curve of visitors."""
        instance_type(request.type_name)
        book = self._prices.book(request.book)
        zone = zone_of(request.zone)
        curve = self._curve(request.demand, zone)
        compared = compare_scaling(curve, request.rules, request.type_name, book)
        return ScalingReport(compared, book, zone)

    def _curve(self, demand: GivenCurve | ShapeRequest, zone: tzinfo) -> DemandCurve:
        today = self._clock.now().astimezone(zone).date()
        begins_s = parse_instant(today.isoformat(), zone)
        if isinstance(demand, ShapeRequest):
            return shaped(demand, begins_s)
        return read_demand(DemandFile(demand.name, demand.text, zone, begins_s, demand.unit))


def _period(
    request: FleetRequest, entries: Sequence[LedgerEntry], now_s: int, zone: tzinfo
) -> Period:
    to_s = now_s if request.ends_at is None else parse_instant(request.ends_at, zone)
    if request.begins_at is not None:
        return Period(parse_instant(request.begins_at, zone), to_s, now_s)
    from_s = month_start_s(to_s - 1, zone)
    machines_s = (
        second_of(entry.at) for entry in entries if entry.kind is LedgerKind.INSTANCE_STATE
    )
    first_s = next(machines_s, from_s)
    return Period(max(from_s, first_s) if first_s < to_s else from_s, to_s, now_s)


def _hours(transaction: Transaction, period: Period) -> dict[str, list[InstanceHour]]:
    """What was measured of each machine in hours that begin in the period."""
    found: dict[str, list[InstanceHour]] = defaultdict(list)
    begins_at = datetime.fromtimestamp(period.from_s, UTC)
    ends_at = datetime.fromtimestamp(period.to_s, UTC)
    # The hour that a period begins in is measured of its machines, too.
    for hour in transaction.usage_hours.of_instances(begins_at - HOUR + timedelta(seconds=1)):
        if hour.hour_at < ends_at:
            found[hour.instance_id].append(hour)
    return found
