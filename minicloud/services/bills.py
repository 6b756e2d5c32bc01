"""Bills: computed from the ledger alone, each time anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from minicloud.domain.billing.bill import Bill, compute_bill
from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.grouping import Group, GroupBy, Grouping, group_by
from minicloud.domain.billing.period import Days, Period, month_start_s, parse_instant
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.reserved import View
from minicloud.domain.tags import NAME_KEY
from minicloud.ports.clock import Clock
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
    """A bill, and what a reader needs beside it. ``names`` of resources, where they have one."""

    bill: Bill
    book: PriceBook
    request: BillRequest
    zone: tzinfo
    groups: tuple[Group, ...]
    names: Mapping[str, str]


class BillService:
    """Everything that can be asked of bills."""

    def __init__(self, store: Store, prices: PriceService, clock: Clock) -> None:
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
            tags = _tags(transaction)
        groups: tuple[Group, ...] = ()
        if grouping is not None:
            key = grouping.tag_key
            groups = group_by(bill.lines, grouping, lambda owner: tags.get(owner, {}).get(key))
        names = {owner: of_owner.get(NAME_KEY, "") for owner, of_owner in tags.items()}
        return BillReport(bill, book, request, zone, groups, names)


def _period(request: BillRequest, now_s: int, zone: tzinfo) -> Period:
    begins, ends = request.begins_at, request.ends_at
    to_s = now_s if ends is None else parse_instant(ends, zone)
    # The month of the end, so that --to alone names the month that it closes.
    from_s = month_start_s(to_s - 1, zone) if begins is None else parse_instant(begins, zone)
    return Period(from_s, to_s, now_s)


def _tags(transaction: Transaction) -> dict[str, Mapping[str, str]]:
    """The tags of every resource that has a record still."""
    found: dict[str, Mapping[str, str]] = {}
    for instance in transaction.instances.all():
        found[instance.id] = instance.tags
    for address in transaction.addresses.all():
        found[address.allocation_id] = address.tags
    for image in transaction.images.all():
        found[image.id] = {NAME_KEY: image.name, **image.tags}
    for balancer in transaction.balancers.all():
        found[balancer.id] = {NAME_KEY: balancer.name, **balancer.tags}
    for reservation in transaction.reservations.all():
        found[reservation.id] = reservation.tags
    return found
