"""Bills: computed from the ledger alone, each time anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from minicloud.domain.billing.bill import Bill, compute_bill
from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.focus import FocusSource
from minicloud.domain.billing.forecast import Cost, cost_by_service, month_period
from minicloud.domain.billing.grouping import Group, GroupBy, Grouping, group_by
from minicloud.domain.billing.line import Service
from minicloud.domain.billing.period import Days, Period, month_start_s, parse_instant
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.reservation import PURCHASES, Reservation, purchased
from minicloud.domain.billing.reserved import View
from minicloud.domain.ledger import LedgerEntry
from minicloud.domain.tags import NAME_KEY
from minicloud.ports.clock import CloudClock
from minicloud.ports.store import Store, Transaction
from minicloud.services.prices import BookChoice, PriceService
from minicloud.services.zones import zone_of


@dataclass(frozen=True)
class BillRequest:
    """Which bill. Without ``begins_at`` this month's, without ``ends_at`` until now, the present
    second and all; ``zone`` is that of times without an offset, and of days.
    """

    book: BookChoice = field(default_factory=BookChoice)
    begins_at: str | None = None
    ends_at: str | None = None
    zone: str | None = None
    view: View = View.UNBLENDED
    grouping: Grouping | None = None


@dataclass(frozen=True)
class BillReport:
    """A bill, and what a reader needs beside it. ``names`` of resources, where they have one.

    ``simulated``: its times are those of a clock that can be moved.
    """

    bill: Bill
    book: PriceBook
    request: BillRequest
    zone: tzinfo
    groups: tuple[Group, ...]
    names: Mapping[str, str]
    simulated: bool


@dataclass(frozen=True)
class ForecastRequest:
    """Which month (UTC), as ``2026-12``; None: this one."""

    book: BookChoice = field(default_factory=BookChoice)
    month: str | None = None
    view: View = View.UNBLENDED


@dataclass(frozen=True)
class Forecast:
    """A month's bill, what has not happened yet as if all went on as it is.

    ``simulated``: its times are those of a clock that can be moved.
    """

    bill: Bill
    book: PriceBook
    request: ForecastRequest
    cost: Cost
    services: Mapping[Service, Cost]
    simulated: bool


class BillService:
    """Everything that can be asked of bills."""

    def __init__(self, store: Store, prices: PriceService, clock: CloudClock) -> None:
        self._store = store
        self._prices = prices
        self._clock = clock

    def show(self, request: BillRequest) -> BillReport:
        """The bill of a period."""
        book = self._prices.book(request.book)
        zone = zone_of(request.zone)
        # The second that it is now is in the bill, so that what was just bought is.
        period = _period(request, second_of(self._clock.now()) + 1, zone)
        grouping = request.grouping
        is_by_day = grouping is not None and grouping.by is GroupBy.DAY
        days = Days.of(period, zone) if is_by_day else None
        with self._store.read() as transaction:
            entries = transaction.ledger.in_time_order()
            bill = compute_bill(entries, book, period, request.view, days)
            tags = _tags_to_group_by(transaction)
        groups: tuple[Group, ...] = ()
        if grouping is not None:
            key = grouping.tag_key
            groups = group_by(bill.lines, grouping, lambda owner: tags.get(owner, {}).get(key))
        names = {owner: of_owner.get(NAME_KEY, "") for owner, of_owner in tags.items()}
        is_simulated = self._clock.is_simulated
        return BillReport(bill, book, request, zone, groups, names, is_simulated)

    def forecast(self, request: ForecastRequest) -> Forecast:
        """What a month will cost if all goes on as it is; one bill is computed."""
        book = self._prices.book(request.book)
        period = month_period(request.month, second_of(self._clock.now()) + 1)
        with self._store.read() as transaction:
            bill = compute_bill(transaction.ledger.in_time_order(), book, period, request.view)
        cost, services = Cost.of(bill.lines), cost_by_service(bill.lines)
        return Forecast(bill, book, request, cost, services, self._clock.is_simulated)

    def focus(self, request: BillRequest) -> FocusSource:
        """The bill of a period in both views and by days of UTC, as FOCUS needs it."""
        book = self._prices.book(request.book)
        now_s = second_of(self._clock.now()) + 1
        period = _period(request, now_s, zone_of(request.zone))
        days = Days.of(period, UTC)
        reservations: dict[str, Reservation] = {}
        with self._store.read() as transaction:
            ledger = transaction.ledger
            entries = _noting(ledger.in_time_order(), reservations)
            unblended = compute_bill(entries, book, period, View.UNBLENDED, days)
            amortised = compute_bill(ledger.in_time_order(), book, period, View.AMORTISED, days)
            cloud, named = transaction.cloud(), _named(transaction)
        return FocusSource(
            unblended=unblended,
            amortised=amortised,
            book=book,
            reservations=reservations,
            names={owner: name for owner, (name, _tags) in named.items()},
            tags={owner: tags for owner, (_name, tags) in named.items()},
            account_id=cloud.id,
            account_name=cloud.name,
            is_simulated=self._clock.is_simulated,
        )


def _noting(
    entries: Iterator[LedgerEntry], reservations: dict[str, Reservation]
) -> Iterator[LedgerEntry]:
    """The entries, and on the way the reservations that they tell of."""
    for entry in entries:
        if entry.kind in PURCHASES:
            reservations[entry.resource_id] = purchased(entry)
        yield entry


def _period(request: BillRequest, now_s: int, zone: tzinfo) -> Period:
    begins, ends = request.begins_at, request.ends_at
    to_s = now_s if ends is None else parse_instant(ends, zone)
    # The month of the end, so that --to alone names the month that it closes.
    from_s = month_start_s(to_s - 1, zone) if begins is None else parse_instant(begins, zone)
    return Period(from_s, to_s, now_s)


def _tags_to_group_by(transaction: Transaction) -> dict[str, Mapping[str, str]]:
    """The tags of every resource that has a record still; a name of its own counts as one."""
    return {
        owner: {NAME_KEY: name, **tags} if name else tags
        for owner, (name, tags) in _named(transaction).items()
    }


def _named(transaction: Transaction) -> dict[str, tuple[str, Mapping[str, str]]]:
    """The name, if it has one, and the tags of every resource that has a record still."""
    found: dict[str, tuple[str, Mapping[str, str]]] = {}
    for instance in transaction.instances.all():
        found[instance.id] = instance.tags.get(NAME_KEY, ""), instance.tags
    for address in transaction.addresses.all():
        found[address.allocation_id] = address.tags.get(NAME_KEY, ""), address.tags
    for image in transaction.images.all():
        found[image.id] = image.tags.get(NAME_KEY, image.name), image.tags
    for balancer in transaction.balancers.all():
        found[balancer.id] = balancer.tags.get(NAME_KEY, balancer.name), balancer.tags
    for reservation in transaction.reservations.all():
        found[reservation.id] = reservation.tags.get(NAME_KEY, ""), reservation.tags
    return found
