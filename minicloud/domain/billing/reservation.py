"""A reservation: a price for machines of one family for a term, owed whether used or not.

It is bought by an entry in the ledger that holds all its terms, so a bill needs the ledger alone.
Regional, Linux, default tenancy: its use is shared by every size of its family, by AWS's
normalization factors (EC2 user guide, "How Reserved Instance discounts are applied").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from minicloud.domain.billing.entries import damaged, fact
from minicloud.domain.billing.money import PLACES
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
_USD_MAX = 1_000_000_000


@dataclass(frozen=True)
class Reservation:
    """``count`` reservations of one type, at the price of the day they were bought on."""

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

    @property
    def term_s(self) -> int:
        """How long it lasts, in seconds; a year has 365 days."""
        return self.years * YEAR_S

    @property
    def ends_at(self) -> datetime:
        """When it expires. There is no renewal: from then on its machines run on demand."""
        return self.starts_at + timedelta(seconds=self.term_s)

    @property
    def key(self) -> OfferingKey:
        """The offering that it was bought from."""
        return OfferingKey(self.type_name, self.years, self.payment, self.offering_class)

    @property
    def total_usd(self) -> Decimal:
        """What all of them cost over their whole term."""
        each = self.upfront_usd + self.hourly_usd * (self.term_s // HOUR_S)
        return each * self.count

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
    """What the ledger says of a reservation that is bought."""
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
    return LedgerEntry(
        reservation.starts_at, LedgerKind.RESERVATION_PURCHASED, reservation.id, facts
    )


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
        )
    except (ValueError, InvalidOperation) as error:
        raise damaged(entry, "has a figure or a word that cannot be read") from error
    are_amounts = all(map(_is_amount, (reservation.upfront_usd, reservation.hourly_usd)))
    if reservation.years not in TERM_YEARS or reservation.count < 1 or not are_amounts:
        raise damaged(entry, "has terms that nobody can have bought")
    return reservation


def _is_amount(usd: Decimal) -> bool:
    """Whether somebody can have paid this: no less than nothing, and of no more than 12 places."""
    exponent = usd.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PLACES and 0 <= usd <= _USD_MAX
