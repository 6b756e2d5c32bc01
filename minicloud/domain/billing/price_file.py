"""From the text of a price book, TOML, to the book; figures are decimals and never floats.

A file says ``format = 1``, its ``region`` and its ``currency`` (USD), and has blocks::

    [[on_demand]]            [on_demand.usd_per_hour], by type
    [[elastic_ip]]           usd_per_hour, first_on_running_instance_is_free
    [[image_storage]]        usd_per_gb_month
    [[load_balancer]]        type, usd_per_hour, usd_per_lcu_hour
    [[reserved]]             years, payment, class; [reserved.usd], by type: upfront, per_hour

Each block has ``from`` (a day, UTC), ``source`` and ``as_of``, and may have ``until`` (the first
day that it no longer holds for) and ``estimate``. A block holds until the next one of the same
thing; ``until``, where it stands, must meet that one without a gap and without an overlap.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar

from minicloud.domain.billing.money import units_of
from minicloud.domain.billing.offering import (
    TERM_YEARS,
    OfferingClass,
    OfferingKey,
    OfferingPrice,
    Payment,
)
from minicloud.domain.billing.price import Price, Provenance, Timeline, day_start_s
from minicloud.domain.billing.price_book import CURRENCY, PriceBook
from minicloud.domain.billing.price_fields import Block, PriceText
from minicloud.domain.catalog import instance_types
from minicloud.domain.tags import shown

T = TypeVar("T")
FORMAT = 1
BALANCER_TYPES = ("application", "network")
_SECTIONS = ("on_demand", "elastic_ip", "image_storage", "load_balancer", "reserved")
_HEAD = ("format", "region", "currency")


class _Entry(NamedTuple, Generic[T]):
    since: date
    until: date | None
    value: T
    block: Block


class _Items(Generic[T]):
    """Prices by what they are of, gathered block by block."""

    def __init__(self) -> None:
        self._entries: dict[Any, tuple[str, list[_Entry[T]]]] = {}

    def add(self, key: object, item: str, block: Block, until: date | None, value: T) -> None:
        since = block.day("from")
        if until is not None and until <= since:
            raise block.wrong("until", f"is {until}, not after {since}, its from")
        entries = self._entries.setdefault(key, (item, []))[1]
        entries.append(_Entry(since, until, value, block))

    def timelines(self) -> dict[Any, Timeline[T]]:
        """Every item's timeline; the book's error where one has a gap or an overlap."""
        return {key: _timeline(item, entries) for key, (item, entries) in self._entries.items()}


def parse_price_book(text: str, name: str) -> PriceBook:
    """The book; ``InvalidRequest`` code ``InvalidPriceBook`` that names the place of the mistake.

    ``name`` is what a person calls the file.
    """
    source = PriceText(name, text)
    document = _document(source, text)
    region = _head(source, document)
    on_demand, addresses, storage = _Items[Price](), _Items[Price](), _Items[Price]()
    balancers, offerings = _Items[Price](), _Items[OfferingPrice]()
    readers: dict[str, Callable[[Block, Provenance, date | None], None]] = {
        "on_demand": lambda *block: _read_on_demand(on_demand, *block),
        "elastic_ip": lambda *block: _read_elastic_ip(addresses, *block),
        "image_storage": lambda *block: _read_image_storage(storage, *block),
        "load_balancer": lambda *block: _read_load_balancer(balancers, *block),
        "reserved": lambda *block: _read_reserved(offerings, *block),
    }
    for section in _SECTIONS:
        for block in _blocks(source, document, section):
            readers[section](block, _provenance(block), block.day_or_none("until"))
            block.finish()
    of_addresses, of_balancers = addresses.timelines(), balancers.timelines()
    return PriceBook(
        name=name,
        region=region,
        on_demand=on_demand.timelines(),
        address_first=of_addresses.get("first"),
        address_other=of_addresses.get("other"),
        address_automatic=of_addresses.get("automatic"),
        image_storage=storage.timelines().get("image"),
        balancer_hours={key: line for (key, what), line in of_balancers.items() if what == "hour"},
        capacity_units={key: line for (key, what), line in of_balancers.items() if what == "lcu"},
        offerings=offerings.timelines(),
    )


def _document(source: PriceText, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise source.wrong("not TOML", str(error)) from error
    except (InvalidOperation, RecursionError, ValueError) as error:
        # A figure of a million digits, or brackets that nobody would write.
        raise source.wrong("not TOML", "a figure or a table in it is out of all bounds") from error


def _head(source: PriceText, document: dict[str, Any]) -> str:
    """Check what stands before the blocks, and return the region."""
    for key in document:
        if key not in (*_HEAD, *_SECTIONS):
            raise source.wrong(shown(key), "is neither a field nor a block of a price book")
    for key in _HEAD:
        if key not in document:
            raise source.wrong(key, "is missing")
    if document["format"] != FORMAT or isinstance(document["format"], bool):
        raise source.wrong("format", f"must be {FORMAT}")
    if document["currency"] != CURRENCY:
        said = shown(str(document["currency"]))
        raise source.wrong("currency", f"is {said}; minicloud bills in {CURRENCY} alone")
    region: object = document["region"]
    if not isinstance(region, str) or not region or not region.isprintable() or len(region) > 64:
        raise source.wrong("region", "must be a name such as us-east-1")
    return region


def _blocks(source: PriceText, document: dict[str, Any], section: str) -> list[Block]:
    tables = document.get(section, [])
    if not isinstance(tables, list):
        raise source.wrong(section, f"must be written as [[{section}]]")
    return [Block(source, section, number, table) for number, table in enumerate(tables, 1)]


def _provenance(block: Block) -> Provenance:
    return Provenance(
        since=block.day("from"),
        source=block.text("source"),
        as_of=block.day("as_of"),
        estimated=block.flag("estimate", default=False),
    )


def _read_on_demand(
    items: _Items[Price], block: Block, provenance: Provenance, until: date | None
) -> None:
    types = {its_type.name: its_type for its_type in instance_types()}
    for type_name, usd in block.usd_by_name("usd_per_hour", types).items():
        item = f"{type_name}, on demand"
        items.add(type_name, item, block, until, Price(item, units_of(usd), provenance))


def _read_elastic_ip(
    items: _Items[Price], block: Block, provenance: Provenance, until: date | None
) -> None:
    units = units_of(block.usd("usd_per_hour"))
    is_free = block.flag("first_on_running_instance_is_free")
    first = Price("Elastic IP, first on a running instance", 0 if is_free else units, provenance)
    items.add("first", "an Elastic IP", block, until, first)
    # A public address that is in use is charged for by one rule, whatever its kind.
    automatic = Price("public IPv4 address in use", first.units, provenance)
    items.add("automatic", "a public IPv4 address", block, until, automatic)
    other = Price("Elastic IP", units, provenance)
    items.add("other", "an Elastic IP", block, until, other)


def _read_image_storage(
    items: _Items[Price], block: Block, provenance: Provenance, until: date | None
) -> None:
    price = Price("image storage", units_of(block.usd("usd_per_gb_month")), provenance)
    items.add("image", "image storage", block, until, price)


def _read_load_balancer(
    items: _Items[Price], block: Block, provenance: Provenance, until: date | None
) -> None:
    its_type = block.choice("type", BALANCER_TYPES)
    for what, field, item in (
        ("hour", "usd_per_hour", f"{its_type} load balancer"),
        ("lcu", "usd_per_lcu_hour", f"{its_type} load balancer's capacity unit"),
    ):
        price = Price(item, units_of(block.usd(field)), provenance)
        items.add((its_type, what), item, block, until, price)


def _read_reserved(
    items: _Items[OfferingPrice], block: Block, provenance: Provenance, until: date | None
) -> None:
    years = block.whole("years", TERM_YEARS)
    payment = Payment(block.choice("payment", [each.value for each in Payment]))
    its_class = OfferingClass(block.choice("class", [each.value for each in OfferingClass]))
    types = {its_type.name: its_type for its_type in instance_types()}
    for type_name, (upfront, hourly) in block.usd_pairs(
        "usd", types, ("upfront", "per_hour")
    ).items():
        if payment is Payment.NO_UPFRONT and upfront:
            raise block.wrong("usd", "has an upfront part, and none is to be paid", type_name)
        if payment is Payment.ALL_UPFRONT and hourly:
            raise block.wrong("usd", "has an hourly part, and all is paid upfront", type_name)
        key = OfferingKey(type_name, years, payment, its_class)
        price = OfferingPrice(upfront, hourly, provenance)
        items.add(key, f"the reservation {key.id}", block, until, price)


def _timeline(item: str, entries: list[_Entry[T]]) -> Timeline[T]:
    ordered = sorted(entries, key=lambda entry: entry.since)
    for earlier, later in pairwise(ordered):
        if earlier.since == later.since or (earlier.until or later.since) > later.since:
            raise later.block.wrong(
                "from", f"overlaps: another block prices {item} on {later.since}, too"
            )
        if earlier.until is not None and earlier.until < later.since:
            raise later.block.wrong(
                "from", f"leaves a gap: nothing prices {item} from {earlier.until} on"
            )
    last = ordered[-1].until
    return Timeline(
        item,
        tuple(day_start_s(entry.since) for entry in ordered),
        tuple(entry.value for entry in ordered),
        None if last is None else day_start_s(last),
    )
