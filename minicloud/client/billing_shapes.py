"""What the server answers with about money, for type checkers alone, as ``shapes`` is.

Money and quantities are texts, so that no digit is lost; times are ISO 8601 text, UTC.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict


class ProvenanceShape(TypedDict):
    """Where a figure comes from, and the first day that it is used for."""

    since: str
    source: str
    as_of: str


class PriceShape(ProvenanceShape):
    """What one of something costs."""

    item: str
    usd: str
    estimated: bool


class LineShape(TypedDict):
    """A line of a bill; ``measure`` / ``measure_per_unit`` is the quantity, exactly."""

    resource_id: str
    name: str
    service: str
    rule: str
    rule_says: str
    subject: str
    part: str
    quantity: str
    unit: str
    rate: str
    amount: str
    measure: int
    measure_per_unit: int
    price: PriceShape
    estimated: bool
    estimated_because: list[str]
    days: dict[str, str]


class GroupShape(TypedDict):
    """What some lines come to together."""

    key: str
    amount: str
    lines: int
    estimated: bool


# "from" is a word of Python's.
BillShape = TypedDict(
    "BillShape",
    {
        "from": str,
        "to": str,
        "now": str,
        "timezone": str,
        "region": str,
        "price_book": str,
        "view": str,
        "currency": str,
        "total": str,
        "estimated": bool,
        "simulated": bool,
        "groups": list[GroupShape],
        "lines": list[LineShape],
        "notes": list[str],
    },
)


class PastPriceShape(PriceShape):
    """A price of a type's history."""

    in_force: bool
    to_come: bool


class TypePriceShape(TypedDict):
    """A type and what it costs; None: the book has no price of it at that time."""

    type: str
    vcpus: int
    memory_mib: int
    usd_per_hour: str | None
    usd_per_month: str | None
    estimated: bool
    price: PriceShape | None
    history: list[PastPriceShape]


class OtherPriceShape(PriceShape):
    """What something else costs."""

    unit: str


class PricesShape(TypedDict):
    """What a price book says of one moment."""

    at: str
    region: str
    price_book: str
    currency: str
    types: list[TypePriceShape]
    others: list[OtherPriceShape]


class OfferingShape(ProvenanceShape):
    """What can be reserved; it pays off if the machine runs more than ``break_even_percent``."""

    id: str
    type: str
    years: int
    payment: str
    offering_class: str
    upfront_usd: str
    hourly_usd: str
    total_usd: str
    effective_usd_per_hour: str
    on_demand_usd_per_hour: str
    break_even_percent: int | None
    estimated: bool


class ReservationShape(ProvenanceShape):
    """A reservation that was bought, or got for another (``exchanged_for``)."""

    id: str
    type: str
    region: str
    count: int
    years: int
    payment: str
    offering_class: str
    upfront_usd: str
    hourly_usd: str
    total_usd: str
    starts_at: str
    ends_at: str
    state: Literal["active", "retired"]
    exchanged_for: str | None
    true_up_usd: str | None
    exchanged_at: str | None
    estimated: bool
    tags: dict[str, str]


class SizeShape(TypedDict):
    """How many of which type."""

    type: str
    count: int


class ValueShape(TypedDict):
    """What reservations are worth for the time that remains, all together."""

    upfront_usd: str
    hourly_usd: str
    total_usd: str


class QuoteShape(TypedDict):
    """What an exchange comes to; ``true_up_usd`` is to be paid at once."""

    reservation_id: str
    given: SizeShape
    given_value: ValueShape
    offering: str
    got: SizeShape
    got_value: ValueShape
    true_up_usd: str
    ends_at: str
    estimated: bool


class ExchangedShape(TypedDict):
    """What was agreed, and the reservation that came of it."""

    quote: QuoteShape
    reservation: ReservationShape


class CostShape(TypedDict):
    """What is spent, what is still to come, and both together."""

    spent: str
    to_come: str
    forecast: str


class ServiceCostShape(CostShape):
    """The cost of a service."""

    service: str


# "from" is a word of Python's.
_MonthShape = TypedDict("_MonthShape", {"from": str})


class ForecastShape(_MonthShape, CostShape):
    """What a month will cost, and how that was found."""

    month: str
    to: str
    now: str
    region: str
    price_book: str
    view: str
    simulated: bool
    currency: str
    estimated: bool
    services: list[ServiceCostShape]
    how: list[str]
    notes: list[str]


# Names of their own, since a class whose method is called ``list`` cannot say ``list[…]``.
Offerings: TypeAlias = list[OfferingShape]
Reservations: TypeAlias = list[ReservationShape]
# Every column of FOCUS 1.2, and ours behind them; None: null.
FocusRow: TypeAlias = dict[str, str | None]
