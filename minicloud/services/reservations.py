"""Reservations: what is offered, buying, and what was bought."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.exchange import Quote, quote
from minicloud.domain.billing.offering import Offering, OfferingClass, OfferingKey, Payment
from minicloud.domain.billing.reservation import (
    COUNT_MAX,
    Reservation,
    purchase_entry,
    reserve,
)
from minicloud.domain.catalog import instance_type, instance_types
from minicloud.domain.errors import NotFound
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown
from minicloud.ports.clock import Clock
from minicloud.ports.store import Store, Transaction
from minicloud.services.prices import BookChoice, PriceService


@dataclass(frozen=True)
class OfferingFilter:
    """Which offerings; None: whatever it is."""

    type_name: str | None = None
    years: int | None = None
    payment: Payment | None = None
    offering_class: OfferingClass | None = None

    def takes(self, key: OfferingKey) -> bool:
        """Whether an offering is one of these."""
        wanted = (self.type_name, self.years, self.payment, self.offering_class)
        return all(want is None or want == has for want, has in zip(wanted, key, strict=True))


@dataclass(frozen=True)
class ExchangeRequest:
    """Which reservation to give in for which offering. ``count`` None: as many as it is worth.

    The book is that of the reservation's region, or a person's own of it.
    """

    reservation_id: str
    offering_id: str
    count: int | None = None
    book: BookChoice = field(default_factory=BookChoice)


class ReservationService:
    """Everything that can be asked of reservations."""

    def __init__(self, store: Store, prices: PriceService, clock: Clock) -> None:
        self._store = store
        self._prices = prices
        self._clock = clock

    def offerings(self, choice: BookChoice, chosen: OfferingFilter) -> Sequence[Offering]:
        """What can be bought now, type by type."""
        if chosen.type_name is not None:
            instance_type(chosen.type_name)
        book = self._prices.book(choice)
        found = book.offerings_at(second_of(self._clock.now()))
        places = {its_type.name: place for place, its_type in enumerate(instance_types())}
        return sorted(
            (each for each in found if chosen.takes(each.key)),
            key=lambda each: (
                places[each.key.type_name],
                each.key.years,
                [*Payment].index(each.key.payment),
                [*OfferingClass].index(each.key.offering_class),
            ),
        )

    def offering(self, choice: BookChoice, offering_id: str) -> Offering:
        """One offering as it is now; ``PriceNotFound`` where the book has none."""
        book = self._prices.book(choice)
        return book.offering(OfferingKey.parse(offering_id), second_of(self._clock.now()))

    def buy(self, choice: BookChoice, offering_id: str, count: int) -> Reservation:
        """Buy an offering at the price of today; it is owed from now on, used or not."""
        require_range("the count", count, 1, COUNT_MAX)
        book = self._prices.book(choice)
        at = self._clock.now()
        key = OfferingKey.parse(offering_id)
        reservation_id = make_id(IdKind.RESERVATION, secrets.token_hex(9))
        offering = book.offering(key, second_of(at))
        bought = reserve(offering, reservation_id, book.region, count, at)
        with self._store.write() as transaction:
            transaction.reservations.add(bought)
            transaction.ledger.append(purchase_entry(bought))
        return bought

    def quote(self, request: ExchangeRequest) -> Quote:
        """What an exchange comes to now; AWS's ``GetReservedInstancesExchangeQuote``."""
        with self._store.read() as transaction:
            return self._quote(transaction, request)

    def exchange(self, request: ExchangeRequest) -> tuple[Quote, Reservation]:
        """Give a reservation in for another; AWS's ``AcceptReservedInstancesExchangeQuote``."""
        with self._store.write() as transaction:
            agreed = self._quote(transaction, request)
            got = agreed.got(make_id(IdKind.RESERVATION, secrets.token_hex(9)))
            transaction.reservations.save(replace(agreed.given, exchanged_at=agreed.at))
            transaction.reservations.add(got)
            transaction.ledger.append(purchase_entry(got))
        return agreed, got

    def _quote(self, transaction: Transaction, request: ExchangeRequest) -> Quote:
        given = transaction.reservations.get(request.reservation_id)
        if given is None:
            raise NotFound(
                "InvalidReservedInstancesId.NotFound",
                f"there is no reservation {shown(request.reservation_id)}",
                "see what was bought: minicloud reservation list",
            )
        # The region of a reservation never changes: its book alone can be meant.
        book = self._prices.book(replace(request.book, region=given.region))
        at = self._clock.now()
        offering = book.offering(OfferingKey.parse(request.offering_id), second_of(at))
        return quote(given, offering, at, request.count)

    def list_all(self) -> Sequence[Reservation]:
        """Every reservation, oldest first, expired ones too."""
        with self._store.read() as transaction:
            return transaction.reservations.all()

    def now(self) -> datetime:
        """The present, by which a reservation is in force or expired."""
        return self._clock.now()
