"""Prices: which book, and what is in it on which day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.period import parse_instant
from minicloud.domain.billing.price import Price, Timeline
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.price_file import parse_price_book
from minicloud.domain.catalog import InstanceType, instance_type, instance_types
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown
from minicloud.ports.clock import Clock
from minicloud.ports.price_books import PriceBooks
from minicloud.ports.store import Store
from minicloud.services.zones import zone_of


@dataclass(frozen=True)
class BookChoice:
    """Which price book: the shipped one of a region (the cloud's own if none is named), or a
    person's own text, called ``name``.
    """

    region: str | None = None
    text: str | None = None
    name: str = "the given price book"


@dataclass(frozen=True)
class TypePrice:
    """A type and what it costs; no price: the book has none at that time."""

    type: InstanceType
    price: Price | None
    history: Timeline[Price] | None


@dataclass(frozen=True)
class PriceList:
    """What a book says of one moment."""

    book: PriceBook
    at_s: int
    types: Sequence[TypePrice]


class PriceService:
    """Everything that can be asked of prices."""

    def __init__(self, books: PriceBooks, store: Store, clock: Clock) -> None:
        self._books = books
        self._store = store
        self._clock = clock
        self._parsed: dict[str, PriceBook] = {}

    def book(self, choice: BookChoice) -> PriceBook:
        """The book that was chosen; a shipped one is read once."""
        if choice.text is not None:
            return _of_region(parse_price_book(choice.text, choice.name), choice.region)
        region = choice.region or self._own_region()
        if region not in self._parsed:
            text = self._books.text(region)
            self._parsed[region] = parse_price_book(text, f"minicloud's {region}")
        return self._parsed[region]

    def _own_region(self) -> str:
        with self._store.read() as transaction:
            return transaction.settings().region

    def list(self, choice: BookChoice, names: Sequence[str], at: str | None) -> PriceList:
        """These types, or all, at a time (now if none is given)."""
        chosen = [instance_type(name) for name in names] if names else instance_types()
        book = self.book(choice)
        now_s = second_of(self._clock.now())
        at_s = now_s if at is None else parse_instant(at, zone_of(None))
        return PriceList(book, at_s, [_type_price(book, each, at_s) for each in chosen])


def _of_region(book: PriceBook, region: str | None) -> PriceBook:
    if region is not None and book.region != region:
        raise InvalidRequest(
            "InvalidParameterCombination",
            f"{book.name} is of region {shown(book.region)}, not {shown(region)}",
            "leave out --region, or give the book of that region",
        )
    return book


def _type_price(book: PriceBook, its_type: InstanceType, at_s: int) -> TypePrice:
    history = book.on_demand.get(its_type.name)
    price = history.at(at_s) if history is not None and history.holds(at_s) else None
    return TypePrice(its_type, price, history)
