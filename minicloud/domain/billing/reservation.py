"""A reservation: a price for machines of one family for a term, owed whether used or not.

It is bought by an entry in the ledger that holds all its terms, so a bill needs the ledger alone;
so is one that was got for another (``exchange``), whose entry names the one that was given in.
Regional, Linux, default tenancy: its use is shared by every size of its family, by AWS's
normalization factors (EC2 user guide, "How Reserved Instance discounts are applied").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from minicloud.domain.billing.entries import damaged, fact, second_of
from minicloud.domain.billing.money import PLACES, divided, units_of, usd_of
from minicloud.domain.billing.offering import (
    HOUR_S,
    TERM_YEARS,
    YEAR_S,
    Offering,
    OfferingClass,
    OfferingKey,
    Payment,
)
from minicloud.domain.ledger import LedgerEntry, LedgerKind

COUNT_MAX = 100
PURCHASES = frozenset({LedgerKind.RESERVATION_PURCHASED, LedgerKind.RESERVATION_EXCHANGED})
_USD_MAX = 1_000_000_000


@dataclass(frozen=True)
class Exchange:
    """How a reservation was got for another one, which it outlives in name alone.

    ``carried_usd`` is what was left of the upfront part of the one given in, ``true_up_usd`` what
    was paid on top, both for all that was got; ``ends_at`` when the one given in would have ended.
    """

    given_id: str
    carried_usd: Decimal
    true_up_usd: Decimal
    ends_at: datetime


@dataclass(frozen=True)
class Reservation:
    """``count`` reservations of one type, at the price of the day they were bought on.

    ``exchange`` where it was got for another one, ``exchanged_at`` where it was itself given in.
    """

    id: str
    type_name: str
    region: str
    count: int
    years: int
    payment: Payment
    offering_class: OfferingClass
    upfront_usd: Decimal
    hourly_usd: Decimal
    starts_at: datetime
    price_since: date
    price_source: str
    price_as_of: date
    price_estimated: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    exchange: Exchange | None = None
    exchanged_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        """When it ends by itself. There is no renewal: from then on its machines run on demand."""
        if self.exchange is not None:
            return self.exchange.ends_at
        return self.starts_at + timedelta(seconds=self.years * YEAR_S)

    @property
    def term_s(self) -> int:
        """How long it lasts if it is not given in, in seconds; a year has 365 days."""
        return second_of(self.expires_at) - second_of(self.starts_at)

    @property
    def ends_at(self) -> datetime:
        """When it ends, or has ended."""
        return self.exchanged_at or self.expires_at

    @property
    def key(self) -> OfferingKey:
        """The offering that it was bought from."""
        return OfferingKey(self.type_name, self.years, self.payment, self.offering_class)

    @property
    def due_usd(self) -> Decimal:
        """What is paid for all of them at once when they begin."""
        if self.exchange is not None:
            return self.exchange.true_up_usd
        return self.upfront_usd * self.count

    @property
    def spread_usd(self) -> Decimal:
        """What of upfront payments is spread over the term of all of them."""
        carried_usd = Decimal(0) if self.exchange is None else self.exchange.carried_usd
        return self.due_usd + carried_usd

    @property
    def total_usd(self) -> Decimal:
        """What all of them cost from their beginning to their end, rounded to twelve places."""
        length_s = second_of(self.ends_at) - second_of(self.starts_at)
        hourly = units_of(self.hourly_usd) * self.count * length_s
        return self.due_usd + usd_of(divided(hourly, HOUR_S))

    def is_active(self, now: datetime) -> bool:
        """Whether its term has begun and not ended."""
        return self.starts_at <= now < self.ends_at


def reserve(
    offering: Offering, reservation_id: str, region: str, count: int, at: datetime
) -> Reservation:
    """The reservation that comes of buying an offering."""
    price = offering.price
    return Reservation(
        id=reservation_id,
        type_name=offering.key.type_name,
        region=region,
        count=count,
        years=offering.key.years,
        payment=offering.key.payment,
        offering_class=offering.key.offering_class,
        upfront_usd=price.upfront_usd,
        hourly_usd=price.hourly_usd,
        starts_at=at,
        price_since=price.provenance.since,
        price_source=price.provenance.source,
        price_as_of=price.provenance.as_of,
        price_estimated=price.provenance.estimated,
    )


def purchase_entry(reservation: Reservation) -> LedgerEntry:
    """What the ledger says of a reservation that is bought, or got for another."""
    kind, exchange = LedgerKind.RESERVATION_PURCHASED, reservation.exchange
    facts = {
        "type": reservation.type_name,
        "region": reservation.region,
        "count": str(reservation.count),
        "years": str(reservation.years),
        "payment": reservation.payment.value,
        "class": reservation.offering_class.value,
        "upfront_usd": str(reservation.upfront_usd),
        "hourly_usd": str(reservation.hourly_usd),
        "price_since": reservation.price_since.isoformat(),
        "price_source": reservation.price_source,
        "price_as_of": reservation.price_as_of.isoformat(),
        "price_estimated": "yes" if reservation.price_estimated else "no",
    }
    if exchange is not None:
        kind = LedgerKind.RESERVATION_EXCHANGED
        facts |= {
            "given_id": exchange.given_id,
            "carried_usd": str(exchange.carried_usd),
            "true_up_usd": str(exchange.true_up_usd),
            "ends_at": exchange.ends_at.isoformat(),
        }
    return LedgerEntry(reservation.starts_at, kind, reservation.id, facts)


def purchased(entry: LedgerEntry) -> Reservation:
    """The reservation that an entry tells of; ``LedgerDamaged`` where its facts make none."""
    try:
        reservation = Reservation(
            id=entry.resource_id,
            type_name=fact(entry, "type"),
            region=fact(entry, "region"),
            count=int(fact(entry, "count")),
            years=int(fact(entry, "years")),
            payment=Payment(fact(entry, "payment")),
            offering_class=OfferingClass(fact(entry, "class")),
            upfront_usd=Decimal(fact(entry, "upfront_usd")),
            hourly_usd=Decimal(fact(entry, "hourly_usd")),
            starts_at=entry.at,
            price_since=date.fromisoformat(fact(entry, "price_since")),
            price_source=fact(entry, "price_source"),
            price_as_of=date.fromisoformat(fact(entry, "price_as_of")),
            price_estimated=fact(entry, "price_estimated") != "no",
            exchange=_exchange_of(entry),
        )
    except (ValueError, InvalidOperation) as error:
        raise damaged(entry, "has a figure or a word that cannot be read") from error
    if not _can_be(reservation):
        raise damaged(entry, "has terms that nobody can have bought")
    return reservation


def _exchange_of(entry: LedgerEntry) -> Exchange | None:
    if entry.kind is not LedgerKind.RESERVATION_EXCHANGED:
        return None
    ends_at = datetime.fromisoformat(fact(entry, "ends_at"))
    if ends_at.tzinfo is None:
        raise ValueError("a time without an offset is of no one moment")
    return Exchange(
        given_id=fact(entry, "given_id"),
        carried_usd=Decimal(fact(entry, "carried_usd")),
        true_up_usd=Decimal(fact(entry, "true_up_usd")),
        ends_at=ends_at,
    )


def _can_be(reservation: Reservation) -> bool:
    amounts = [reservation.upfront_usd, reservation.hourly_usd]
    if reservation.exchange is not None:
        amounts += [reservation.exchange.carried_usd, reservation.exchange.true_up_usd]
    are_counts = reservation.years in TERM_YEARS and reservation.count >= 1
    return are_counts and all(map(_is_amount, amounts)) and reservation.term_s > 0


def _is_amount(usd: Decimal) -> bool:
    """Whether somebody can have paid this: no less than nothing, and of no more than 12 places."""
    exponent = usd.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PLACES and 0 <= usd <= _USD_MAX
