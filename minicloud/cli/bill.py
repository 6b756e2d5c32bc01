"""``minicloud bill``: what everything has cost, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.lazy import LazyGroup
from minicloud.cli.money import (
    clock_details,
    estimate_text,
    period_options,
    prices_option,
    quantity_text,
    rate_text,
    region_option,
    usd_text,
    view_option,
    wrapped,
)
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import time_text, visible
from minicloud.client.bills import BillRequest

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import BillShape, LineShape

_SHORT = 8


@click.group(
    cls=LazyGroup,
    lazy={
        "show": "minicloud.cli.bill:show",
        "forecast": "minicloud.cli.bill_forecast:forecast",
        "export": "minicloud.cli.bill_export:export",
        "compare": "minicloud.cli.comparison:compare",
    },
)
def bill() -> None:
    """The bill: what AWS would have charged for what ran here."""


@click.command()
@period_options
@click.option(
    "--group-by",
    metavar="WHAT",
    help="Sum up by instance, type, service, day, tag (its Name) or tag:KEY.",
)
@view_option
@region_option
@prices_option
@with_output
@pass_session
def show(session: Session, /, output: Output, **options: Any) -> None:
    """Show the bill of a period, computed from the ledger.

    A TIME is ISO 8601, as 2026-11-01 or 2026-11-01T09:30+09:00; without an offset it is in UTC,
    or in the zone of --timezone. What still runs is billed until now. With a --to in the future
    the rest is an estimate: as if all went on as it is. Lines with "est." are estimates; the JSON
    says why, and has every amount to its last digit. With -q, the total alone.

    \b
    Examples:
      minicloud bill show
      minicloud bill show --from 2026-11-01 --to 2026-12-01 --group-by service
      minicloud bill show --group-by day --timezone Asia/Seoul
      minicloud bill show --view amortised -o json --query "lines[].[rule, amount]"
    """
    found = session.client.bills.show(BillRequest(**options))
    output.show_one(found, _VIEW)
    if not output.is_table:
        return
    if options["group_by"]:
        click.echo()
        output.show_list(found["groups"], _GROUP_VIEW)
    elif found["lines"]:
        click.echo()
        output.show_list(found["lines"], _LINE_VIEW)


def _details(found: BillShape) -> Details:
    mark = ", estimated" if found["estimated"] else ""
    zone = found["timezone"]
    notes = [line for note in found["notes"] for line in wrapped(note)]
    return {
        "Period": f"{time_text(found['from'])} to {time_text(found['to'])}",
        "Time zone": visible(f"{zone}, for times without an offset and for days"),
        "Prices": visible(f"{found['price_book']}, region {found['region']}"),
        "View": found["view"],
        **clock_details(is_simulated=found["simulated"]),
        "Total": f"{found['currency']} {usd_text(found['total'])}{mark} (exactly {found['total']})",
        **({"Notes": notes} if notes else {}),
    }


def _what(line: LineShape) -> str:
    if line["rule"] == "balancer-capacity":
        # By what it was used the most: the line beside it has the balancer's name.
        return line["part"]
    return f"{line['subject']} {line['part']}" if line["service"] == "images" else line["subject"]


_VIEW = View("total", (), _details)
_LINE_VIEW = View(
    "resource_id",
    (
        Column("RESOURCE", lambda n: n["name"] or n["resource_id"], shrinks_to=_SHORT),
        Column("WHAT", _what, shrinks_to=_SHORT),
        Column("RULE", lambda n: n["rule"]),
        Column("QUANTITY", quantity_text, is_number=True),
        Column("RATE", lambda n: rate_text(n["rate"]), is_number=True, drops_at=1),
        Column("USD", lambda n: usd_text(n["amount"]), is_number=True),
        Column("", estimate_text),
    ),
)
_GROUP_VIEW = View(
    "key",
    (
        Column("GROUP", lambda g: g["key"], shrinks_to=_SHORT),
        Column("LINES", lambda g: str(g["lines"]), is_number=True),
        Column("USD", lambda g: usd_text(g["amount"]), is_number=True),
        Column("", estimate_text),
    ),
)
