"""``minicloud reservation``: pay for a term, and less for each hour of it."""

from __future__ import annotations

import sys
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
    require_consent,
    usd_text,
)
from minicloud.cli.output import Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import note, time_text
from minicloud.client.reservations import OfferingRequest, PurchaseRequest
from minicloud.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import OfferingShape, ReservationShape

_SHORT = 8
_ALWAYS_PERCENT = 100


@click.group(
    cls=LazyGroup,
    lazy={
        "offerings": "minicloud.cli.reservation:offerings",
        "buy": "minicloud.cli.reservation:buy",
        "exchange": "minicloud.cli.reservation_exchange:exchange",
        "list": "minicloud.cli.reservation:list_all",
    },
)
def reservation() -> None:
    """Reserved instances: a lower price for one or three years, used or not.

    A reservation is no machine. In each hour it covers running machines of its family: one of its
    own size, or two of half that size.
    """


@click.command()
@click.option("-t", "--type", metavar="TYPE", shell_complete=complete_type, help="Of this type.")
@click.option("--years", type=click.Choice(["1", "3"]), help="For a term this long.")
@click.option(
    "--payment",
    type=click.Choice(["no-upfront", "partial-upfront", "all-upfront"]),
    help="Paid in this way.",
)
@click.option(
    "--class",
    "offering_class",
    type=click.Choice(["standard", "convertible"]),
    help="Only those that cannot, or can, be exchanged.",
)
@region_option
@prices_option
@with_output
@pass_session
def offerings(session: Session, /, output: Output, **options: Any) -> None:
    """List what can be reserved today, and from which use on it pays off.

    PAYS-OFF is the share of the time that a machine must run for it to be cheaper than on demand.

    \b
    Examples:
      minicloud reservation offerings --type t3.micro
      minicloud reservation offerings --years 3 --payment all-upfront --class standard
    """
    years = options.pop("years")
    request = OfferingRequest(years=int(years) if years else None, **options)
    output.show_list(session.client.reservations.offerings(request), _OFFERINGS_VIEW)


@click.command()
@click.argument("offering", metavar="OFFERING")
@click.option("--count", type=int, default=1, show_default=True, metavar="N", help="How many.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@region_option
@prices_option
@with_output
@pass_session
def buy(session: Session, /, output: Output, offering: str, **options: Any) -> None:
    """Buy reservations: owed from now on for the whole term, used or not.

    It says first what they cost and from which use on they pay off, and asks.

    \b
    Examples:
      minicloud reservation buy t3.micro:1y:no-upfront:standard
      minicloud reservation buy m5.large:3y:all-upfront:convertible --count 2 --yes
    """
    is_sure = options.pop("yes")
    reservations = session.client.reservations
    wanted = PurchaseRequest(offering, **options)
    offered = _offered(session, wanted)
    for line in _terms(offered, wanted.count):
        note(line)
    if not is_sure:
        require_consent("buy", "bought")
    output.show_list([reservations.buy(wanted)], VIEW)


@click.command("list")
@with_output
@pass_session
def list_all(session: Session, output: Output) -> None:
    """List the reservations that were bought, expired ones too.

    \b
    Examples:
      minicloud reservation list
      minicloud reservation list --query "[?state=='active'].[type, count, ends_at]"
    """
    found = session.client.reservations.list()
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no reservations; see what is offered: minicloud reservation offerings")


def _offered(session: Session, wanted: PurchaseRequest) -> OfferingShape:
    """The offering as it is today; the server's own error where there is none of that id."""
    request = OfferingRequest(
        type=wanted.offering.partition(":")[0], region=wanted.region, prices=wanted.prices
    )
    for offered in session.client.reservations.offerings(request):
        if offered["id"] == wanted.offering:
            return offered
    raise InvalidRequest(
        "PriceNotFound",
        f"there is no offering {wanted.offering[:80]!r} today",
        "write it as t3.micro:1y:no-upfront:standard; see: minicloud reservation offerings",
    )


def _terms(offered: OfferingShape, count: int) -> list[str]:
    years = f"{offered['years']} year" + ("s" if offered["years"] > 1 else "")
    total = Decimal(offered["total_usd"]) * count
    mark = " (an estimate)" if offered["estimated"] else ""
    each = "" if count == 1 else " each"
    return [
        f"{count} × {offered['type']} for {years}, {offered['payment']},"
        f" {offered['offering_class']}{mark}",
        f"USD {usd_text(offered['upfront_usd'])}{each} now, then"
        f" {rate_text(offered['hourly_usd'])}{each} per hour, used or not: {usd_text(str(total))}"
        " in all",
        f"on demand it is {rate_text(offered['on_demand_usd_per_hour'])} per hour:"
        f" {_pays(offered)}",
    ]


def _pays(offered: OfferingShape) -> str:
    percent = offered["break_even_percent"]
    if percent is None or percent > _ALWAYS_PERCENT:
        return "it never pays off"
    if percent == _ALWAYS_PERCENT:
        return "it pays off only if it never stops"
    return f"it pays off if it runs more than {percent}% of the time"


def _pays_off(offered: OfferingShape) -> str:
    percent = offered["break_even_percent"]
    return "never" if percent is None or percent > _ALWAYS_PERCENT else f">{percent}%"


def _term(bought: ReservationShape) -> str:
    return f"{bought['years']}y"


_OFFERINGS_VIEW = View(
    "id",
    (
        Column("OFFERING", lambda o: o["id"]),
        Column("UPFRONT", lambda o: usd_text(o["upfront_usd"]), is_number=True, drops_at=2),
        Column("PER-HOUR", lambda o: rate_text(o["hourly_usd"]), is_number=True, drops_at=3),
        Column("PAYS-OFF", _pays_off, is_number=True),
        Column("", estimate_text),
    ),
)
VIEW = View(
    "id",
    (
        Column("ID", lambda r: r["id"], drops_at=2),
        Column("TYPE", lambda r: r["type"]),
        Column("COUNT", lambda r: str(r["count"]), is_number=True),
        Column("TERM", _term),
        Column("PAYMENT", lambda r: r["payment"], shrinks_to=_SHORT),
        Column("CLASS", lambda r: r["offering_class"], shrinks_to=_SHORT, drops_at=1),
        Column("STATE", lambda r: r["state"]),
        Column("UNTIL", lambda r: time_text(r["ends_at"])[:10]),
        Column("", estimate_text),
    ),
)
