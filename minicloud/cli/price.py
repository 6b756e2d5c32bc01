"""``minicloud price``: what things cost, since when, and where the figure comes from."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_type
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.money import (
    estimate_text,
    prices_option,
    rate_text,
    region_option,
    usd_text,
    wrapped,
)
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import memory_text
from minicloud.client.prices import PriceRequest

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import (
        OtherPriceShape,
        PastPriceShape,
        TypePriceShape,
    )

_SHORT = 8
_ABSENT = "-"


@click.group(
    cls=LazyGroup,
    lazy={
        "show": "minicloud.cli.price:show",
        "list": "minicloud.cli.price:list_all",
        "compare": "minicloud.cli.price:compare",
    },
)
def price() -> None:
    """Prices: of AWS, by region and day, or of a book of your own."""


_at_option = click.option(
    "--at", metavar="TIME", help="As of then, as 2020-01-31 (UTC), instead of now."
)


@click.command()
@click.argument("type_name", metavar="TYPE", shell_complete=complete_type)
@_at_option
@region_option
@prices_option
@with_output
@pass_session
def show(session: Session, /, output: Output, type_name: str, **options: Any) -> None:
    """Show what a type costs on demand, since when, and what it cost before.

    \b
    Examples:
      minicloud price show t3.micro
      minicloud price show t2.micro --region ap-northeast-2 --at 2017-06-01
    """
    found = session.client.prices.list(PriceRequest((type_name,), **options))
    output.show_one(found["types"][0], _VIEW)


@click.command("list")
@_at_option
@region_option
@prices_option
@with_output
@pass_session
def list_all(session: Session, /, output: Output, **options: Any) -> None:
    """List what everything costs on demand. With -q, the types that have a price.

    Reservations are listed by: minicloud reservation offerings.

    \b
    Examples:
      minicloud price list
      minicloud price list --region ap-northeast-2 -o json --query "others[].[item, usd]"
    """
    found = session.client.prices.list(PriceRequest(**options))
    if not output.is_table and not output.is_quiet:
        output.show_one(found, _VIEW)
        return
    output.show_list([each for each in found["types"] if each["price"] is not None], _VIEW)
    if output.is_table and found["others"]:
        click.echo()
        output.show_list(found["others"], _OTHERS_VIEW)


@click.command()
@click.argument(
    "types", metavar="TYPE TYPE...", nargs=-1, required=True, shell_complete=complete_type
)
@_at_option
@region_option
@prices_option
@with_output
@pass_session
def compare(session: Session, /, output: Output, types: Sequence[str], **options: Any) -> None:
    """Show types side by side: what they are, what they cost, and how many times the first.

    \b
    Examples:
      minicloud price compare t3.micro t3.large m5.large
      minicloud price compare m5.large m6i.large m7i.large --region ap-northeast-2
    """
    if len(types) < 2:
        raise click.UsageError("name at least two types")
    found = session.client.prices.list(PriceRequest(types, **options))["types"]
    output.show_list(found, _comparison(found[0]))


def _of(priced: TypePriceShape, key: str) -> str:
    return _ABSENT if priced["price"] is None else str(priced["price"][key])  # type: ignore[literal-required]


def _per_hour(priced: TypePriceShape) -> str:
    usd = priced["usd_per_hour"]
    return _ABSENT if usd is None else rate_text(usd)


def _per_month(priced: TypePriceShape) -> str:
    usd = priced["usd_per_month"]
    return _ABSENT if usd is None else usd_text(usd)


def _details(priced: TypePriceShape) -> Details:
    mark = " (an estimate)" if priced["estimated"] else ""
    return {
        "Type": f"{priced['type']}: {priced['vcpus']} vCPU, {memory_text(priced['memory_mib'])}",
        "On demand": f"USD {_per_hour(priced)} per hour{mark}",
        "A month of 730 h": f"USD {_per_month(priced)}",
        "Since": _of(priced, "since"),
        "Last seen so": _of(priced, "as_of"),
        "Source": wrapped(_of(priced, "source")),
        "History": [_past(each) for each in priced["history"]] or [_ABSENT],
    }


def _past(past: PastPriceShape) -> str:
    words = [past["since"], rate_text(past["usd"])]
    words += ["est."] if past["estimated"] else []
    words += ["(in force)"] if past["in_force"] else []
    words += ["(to come)"] if past["to_come"] else []
    return "  ".join(words)


_TYPE_COLUMNS = (
    Column("TYPE", lambda p: p["type"]),
    Column("VCPUS", lambda p: str(p["vcpus"]), is_number=True),
    Column("MEMORY", lambda p: memory_text(p["memory_mib"]), is_number=True),
    Column("USD/HOUR", _per_hour, is_number=True),
    Column("USD/MONTH", _per_month, is_number=True),
)
_VIEW = View(
    "type",
    (
        *_TYPE_COLUMNS,
        Column("SINCE", lambda p: _of(p, "since"), drops_at=1),
        Column("", estimate_text),
    ),
    _details,
)


def _comparison(first: TypePriceShape) -> View:
    def times(priced: TypePriceShape) -> str:
        if first["usd_per_hour"] is None or priced["usd_per_hour"] is None:
            return _ABSENT
        base = Decimal(first["usd_per_hour"])
        return f"{Decimal(priced['usd_per_hour']) / base:.2f}" if base else _ABSENT

    heading = f"× {first['type']}"
    columns = (*_TYPE_COLUMNS, Column(heading, times, is_number=True), Column("", estimate_text))
    return View("type", columns)


def _per_unit(other: OtherPriceShape) -> str:
    return f"per {other['unit']}"


_OTHERS_VIEW = View(
    "item",
    (
        Column("ITEM", lambda o: o["item"], shrinks_to=_SHORT),
        Column("USD", lambda o: rate_text(o["usd"]), is_number=True),
        Column("", _per_unit),
        Column("SINCE", lambda o: o["since"], drops_at=1),
        Column("", estimate_text),
    ),
)
