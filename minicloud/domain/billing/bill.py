"""A bill: one pass over the ledger's entries, in the order in which things happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from minicloud.domain.billing.addresses import AddressMeter
from minicloud.domain.billing.automatic import AutomaticAddressMeter
from minicloud.domain.billing.balancers import BalancerMeter
from minicloud.domain.billing.capacity import CapacityMeter
from minicloud.domain.billing.entries import Problem, Problems, second_of
from minicloud.domain.billing.images import ImageMeter
from minicloud.domain.billing.instances import InstanceMeter
from minicloud.domain.billing.line import Line
from minicloud.domain.billing.money import units_of, usd_of
from minicloud.domain.billing.period import Days, Period
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.reservation import purchased
from minicloud.domain.billing.reserved import View
from minicloud.domain.billing.tally import Tally
from minicloud.domain.ledger import LedgerEntry, LedgerKind

_Take = Callable[[LedgerEntry, int], None]


@dataclass(frozen=True)
class Bill:
    """What is owed for a period. ``problems``: the last of ``problem_count``.

    ``foreign_reservations`` are of other regions than the book: neither matched nor billed here.
    """

    period: Period
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    problem_count: int
    foreign_reservations: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        """The sum of the lines, to the last digit."""
        return total_of(self.lines)

    @property
    def is_estimated(self) -> bool:
        """Whether any line could be wrong; where something is missing, a line of nothing is."""
        return any(line.is_estimated for line in self.lines)


def compute_bill(
    entries: Iterable[LedgerEntry],
    book: PriceBook,
    period: Period,
    view: View = View.UNBLENDED,
    days: Days | None = None,
) -> Bill:
    """The bill of a period, from entries in the order of their time; none is kept.

    What has not ended by the end of the period is billed up to it. With ``days`` each line is cut
    into days, too. ``PriceNotFound`` where the book has no price of something used, and
    ``LedgerDamaged`` where an entry cannot be read.
    """
    metering = _Metering(book, period, view, days)
    before: LedgerEntry | None = None
    for entry in entries:
        if before is not None and entry.at < before.at:
            raise ValueError(f"entry {entry.sequence} is older than entry {before.sequence}")
        if not metering.take(entry):
            break
        before = entry
    return metering.bill()


def total_of(lines: Iterable[Line]) -> Decimal:
    """The sum of the lines, exactly."""
    return usd_of(sum(units_of(line.amount) for line in lines))


class _Metering:
    def __init__(self, book: PriceBook, period: Period, view: View, days: Days | None) -> None:
        self._book = book
        self._period = period
        self._view = view
        self._problems = Problems()
        self._foreign: list[str] = []
        self._tally = Tally(period, days)
        parts = (book, self._tally, self._problems)
        self._instances = InstanceMeter(*parts, days)
        machines = self._instances
        self._automatic = AutomaticAddressMeter(book, self._tally)
        self._addresses = AddressMeter(*parts, machines, self._automatic)
        self._images = ImageMeter(*parts)
        self._balancers = BalancerMeter(*parts, self._automatic)
        self._capacity = CapacityMeter(book, self._tally)
        self._takers: dict[LedgerKind, _Take] = {
            LedgerKind.INSTANCE_STATE: self._take_state,
            LedgerKind.INSTANCE_TYPE: machines.take_type,
            LedgerKind.ADDRESS_ALLOCATED: self._addresses.take_allocated,
            LedgerKind.ADDRESS_ASSOCIATED: self._addresses.take_associated,
            LedgerKind.ADDRESS_DISASSOCIATED: self._addresses.take_disassociated,
            LedgerKind.ADDRESS_RELEASED: self._addresses.take_released,
            LedgerKind.IMAGE_CREATED: self._images.take_created,
            LedgerKind.IMAGE_DELETED: self._images.take_deleted,
            LedgerKind.BALANCER_CREATED: self._balancers.take_created,
            LedgerKind.BALANCER_DELETED: self._balancers.take_deleted,
            LedgerKind.BALANCER_USAGE: self._capacity.take_usage,
            LedgerKind.RESERVATION_PURCHASED: self._take_reservation,
            LedgerKind.RESERVATION_EXCHANGED: self._take_reservation,
        }

    def take(self, entry: LedgerEntry) -> bool:
        """Measure what an entry ends; False where it is of after the period."""
        at_s = second_of(entry.at)
        if at_s >= self._period.to_s:
            return False
        self._takers[entry.kind](entry, at_s)
        return True

    def bill(self) -> Bill:
        """Measure what has not ended, and add all up."""
        to_s = self._period.to_s
        self._instances.finish()
        for meter in (self._addresses, self._images, self._balancers, self._automatic):
            meter.finish(to_s)
        return Bill(
            self._period,
            self._tally.lines(),
            tuple(self._problems.kept),
            self._problems.count,
            tuple(self._foreign),
        )

    def _take_state(self, entry: LedgerEntry, at_s: int) -> None:
        problem_count = self._problems.count
        is_other_now = self._instances.take_state(entry, at_s)
        is_contradictory = self._problems.count > problem_count
        if is_contradictory:
            self._automatic.doubt(entry.resource_id)
        if is_contradictory or is_other_now:
            self._addresses.reconsider(entry.resource_id, at_s)

    def _take_reservation(self, entry: LedgerEntry, _at_s: int) -> None:
        bought = purchased(entry)
        if bought.region == self._book.region:
            self._instances.take_reservation(entry, bought, self._view)
        else:
            self._foreign.append(bought.id)
