"""A price book with round figures, and histories written down in a few words.

A t3.micro costs 0.36 USD an hour until 2024-03-09 and 0.18 from 2024-03-10 on: 0.0001 and 0.00005
a second. The other sizes of its family cost in proportion to the first figure, and never change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.offering import OfferingClass, OfferingKey, Payment
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.price_file import parse_price_book
from minicloud.domain.billing.reservation import Exchange, Reservation, purchase_entry
from minicloud.domain.ledger import LedgerEntry, LedgerKind

BOOK_TEXT = """
format = 1
region = "testland"
currency = "USD"

[[on_demand]]
from = 2020-01-01
source = "made up"
as_of = 2024-01-01
[on_demand.usd_per_hour]
"t3.nano" = 0.18
"t3.micro" = 0.36
"t3.small" = 0.72
"t3.medium" = 1.44
"m5.large" = 3.6
"c5.large" = 0.085

[[on_demand]]
from = 2024-03-10
source = "made up, a cut"
as_of = 2024-03-10
[on_demand.usd_per_hour]
"t3.micro" = 0.18

[[on_demand]]
from = 2020-01-01
source = "a guess"
as_of = 2020-01-01
estimate = true
[on_demand.usd_per_hour]
"r5.large" = 7.2

[[elastic_ip]]
from = 2020-01-01
source = "made up"
as_of = 2024-01-31
usd_per_hour = 0.036
first_on_running_instance_is_free = true

[[elastic_ip]]
from = 2024-02-01
source = "made up"
as_of = 2024-02-01
usd_per_hour = 0.036
first_on_running_instance_is_free = false

[[image_storage]]
from = 2020-01-01
source = "made up"
as_of = 2024-01-01
usd_per_gb_month = 0.0696

[[image_storage]]
from = 2024-03-16
source = "made up, a cut"
as_of = 2024-03-16
usd_per_gb_month = 0.0348

[[load_balancer]]
type = "application"
from = 2020-01-01
source = "made up"
as_of = 2024-01-01
usd_per_hour = 0.0225
usd_per_lcu_hour = 0.008

[[load_balancer]]
type = "application"
from = 2024-03-10
source = "made up, a cut"
as_of = 2024-03-10
usd_per_hour = 0.02
usd_per_lcu_hour = 0.008

[[reserved]]
years = 1
payment = "partial-upfront"
class = "standard"
from = 2020-01-01
source = "made up"
as_of = 2024-01-01
[reserved.usd]
"t3.micro" = { upfront = 438, per_hour = 0.05 }
"t3.small" = { upfront = 876, per_hour = 0.1 }

[[reserved]]
years = 3
payment = "all-upfront"
class = "convertible"
from = 2020-01-01
source = "made up"
as_of = 2024-01-01
[reserved.usd]
"t3.small" = { upfront = 2628, per_hour = 0 }
"""
BOOK = parse_price_book(BOOK_TEXT, "test book")
REGION = "testland"


def at(text: str) -> datetime:
    """``03-01 10:00:00``, with or without a year (2024) and a fraction, in UTC."""
    year_given = text[4:5] == "-"
    return datetime.fromisoformat(text if year_given else f"2024-{text}").replace(tzinfo=UTC)


def period(begins: str, ends: str, now: str = "2100-01-01 00:00:00") -> Period:
    """A period; by default all of it is past."""
    return Period(*(second_of(at(text)) for text in (begins, ends, now)))


def entry(when: str, kind: LedgerKind, resource_id: str, **facts: str) -> LedgerEntry:
    """An entry."""
    return LedgerEntry(at(when), kind, resource_id, facts)


def state(when: str, instance_id: str, state_name: str, type_name: str = "t3.micro") -> LedgerEntry:
    """A machine comes to a state."""
    kind = LedgerKind.INSTANCE_STATE
    return entry(when, kind, instance_id, state=state_name, type=type_name)


def run(
    instance_id: str, begins: str, ends: str | None = None, type_name: str = "t3.micro"
) -> list[LedgerEntry]:
    """A machine runs from then to then, or on."""
    entries = [state(begins, instance_id, "running", type_name)]
    return entries if ends is None else [*entries, state(ends, instance_id, "stopped", type_name)]


def allocate(when: str, allocation_id: str = "eip") -> LedgerEntry:
    """An address is allocated."""
    return entry(when, LedgerKind.ADDRESS_ALLOCATED, allocation_id, public_ip=f"ip-{allocation_id}")


def associate(when: str, instance_id: str, allocation_id: str = "eip") -> LedgerEntry:
    """An address leads to a machine."""
    facts = {"public_ip": f"ip-{allocation_id}", "instance_id": instance_id}
    return entry(when, LedgerKind.ADDRESS_ASSOCIATED, allocation_id, **facts)


def disassociate(when: str, instance_id: str, allocation_id: str = "eip") -> LedgerEntry:
    """An address leads to a machine no longer."""
    facts = {"public_ip": f"ip-{allocation_id}", "instance_id": instance_id}
    return entry(when, LedgerKind.ADDRESS_DISASSOCIATED, allocation_id, **facts)


def release(when: str, allocation_id: str = "eip") -> LedgerEntry:
    """An address is released."""
    return entry(when, LedgerKind.ADDRESS_RELEASED, allocation_id, public_ip=f"ip-{allocation_id}")


def image(when: str, *, kept: bool = True, size_bytes: int = 2**30) -> LedgerEntry:
    """An image is kept from now on, or until now."""
    kind = LedgerKind.IMAGE_CREATED if kept else LedgerKind.IMAGE_DELETED
    return entry(when, kind, "ami", name="web", size_bytes=str(size_bytes))


def balancer(when: str, *, there: bool = True, balancer_id: str = "lb") -> LedgerEntry:
    """A load balancer is there from now on, or until now."""
    kind = LedgerKind.BALANCER_CREATED if there else LedgerKind.BALANCER_DELETED
    return entry(when, kind, balancer_id, name="web", type="application")


def used(when: str, balancer_id: str = "lb", **figures: str) -> LedgerEntry:
    """What was used of a balancer in the hour that it is then; what is not given is nothing."""
    none = dict.fromkeys(("new_connections", "active_connections", "processed_bytes"), "0")
    facts = {"name": "web", "type": "application", **none, "rule_evaluations": "0", **figures}
    return entry(when, LedgerKind.BALANCER_USAGE, balancer_id, **facts)


def reservation(
    when: str,
    type_name: str = "t3.small",
    *,
    count: int = 1,
    reservation_id: str = "ri",
    years: int = 1,
    region: str = REGION,
) -> Reservation:
    """A reservation at the test book's price: one year in part upfront, three years all of it."""
    payment = Payment.PARTIAL_UPFRONT if years == 1 else Payment.ALL_UPFRONT
    its_class = OfferingClass.STANDARD if years == 1 else OfferingClass.CONVERTIBLE
    price = BOOK.offering(OfferingKey(type_name, years, payment, its_class), second_of(at(when)))
    return Reservation(
        id=reservation_id,
        type_name=type_name,
        region=region,
        count=count,
        years=years,
        payment=payment,
        offering_class=its_class,
        upfront_usd=price.price.upfront_usd,
        hourly_usd=price.price.hourly_usd,
        starts_at=at(when),
        price_since=date(2020, 1, 1),
        price_source="made up",
        price_as_of=date(2024, 1, 1),
        price_estimated=False,
    )


def reserve(when: str, type_name: str = "t3.small", **terms: str | int) -> LedgerEntry:
    """A reservation is bought; ``hourly_usd`` and ``upfront_usd`` may be other than the book's."""
    changed = {
        key: Decimal(str(terms.pop(key))) for key in ("hourly_usd", "upfront_usd") & terms.keys()
    }
    return purchase_entry(replace(reservation(when, type_name, **terms), **changed))  # type: ignore[arg-type]


def exchange(when: str, given_id: str = "ri", **terms: str | int) -> LedgerEntry:
    """A reservation, ``ri-new``, is got for another that would have ended at ``ends``.

    ``carried_usd`` and ``true_up_usd`` are for all of it; other terms are those of ``reserve``.
    """
    carried, true_up = (Decimal(str(terms.pop(f"{key}_usd", 0))) for key in ("carried", "true_up"))
    got = Exchange(given_id, carried, true_up, ends_at=at(str(terms.pop("ends"))))
    terms = {"reservation_id": "ri-new", "years": 3, **terms}
    hourly_usd = Decimal(str(terms.pop("hourly_usd", 0)))
    bought = reservation(when, str(terms.pop("type_name", "t3.small")), **terms)  # type: ignore[arg-type]
    return purchase_entry(replace(bought, exchange=got, hourly_usd=hourly_usd))


def in_order(*groups: list[LedgerEntry] | LedgerEntry) -> list[LedgerEntry]:
    """The entries of several histories in the order of their time, numbered."""
    entries = [e for group in groups for e in (group if isinstance(group, list) else [group])]
    ordered = sorted(entries, key=lambda e: e.at)
    return [replace(e, sequence=number) for number, e in enumerate(ordered, 1)]
