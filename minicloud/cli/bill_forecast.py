"""``minicloud bill forecast``: what a month will cost if all goes on as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.money import (
    clock_details,
    prices_option,
    region_option,
    usd_text,
    view_option,
    wrapped,
)
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import time_text, visible
from minicloud.client.bills import ForecastRequest

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import ForecastShape


@click.command()
@click.option("--month", metavar="MONTH", help="A month (UTC), as 2026-12; this one.")
@view_option
@region_option
@prices_option
@with_output
@pass_session
def forecast(session: Session, /, output: Output, **options: Any) -> None:
    """Forecast what a month will cost, and show what of it is spent already.

    It is an estimate: as if what runs now ran on until the month ends. With -q, the forecast
    alone.

    \b
    Examples:
      minicloud bill forecast
      minicloud bill forecast --month 2026-12 --view amortised
      minicloud bill forecast --query "services[].[service, forecast]"
    """
    found = session.client.bills.forecast(ForecastRequest(**options))
    output.show_one(found, _VIEW)
    if output.is_table and found["services"]:
        click.echo()
        output.show_list(found["services"], _SERVICE_VIEW)


def _details(found: ForecastShape) -> Details:
    mark = ", estimated" if found["estimated"] else ""
    currency = found["currency"]
    return {
        "Month": f"{found['month']} (UTC), as seen at {time_text(found['now'])}",
        "Prices": visible(f"{found['price_book']}, region {found['region']}"),
        "View": found["view"],
        **clock_details(is_simulated=found["simulated"]),
        "Spent": f"{currency} {usd_text(found['spent'])} (exactly {found['spent']})",
        "Forecast": f"{currency} {usd_text(found['forecast'])}{mark} (exactly {found['forecast']})",
        "How": [line for text in found["how"] for line in wrapped(text)],
        **_notes(found),
    }


def _notes(found: ForecastShape) -> Details:
    lines = [line for note in found["notes"] for line in wrapped(note)]
    return {"Notes": lines} if lines else {}


_VIEW = View("forecast", (), _details)
_SERVICE_VIEW = View(
    "service",
    (
        Column("SERVICE", lambda s: s["service"]),
        Column("SPENT", lambda s: usd_text(s["spent"]), is_number=True),
        Column("TO-COME", lambda s: usd_text(s["to_come"]), is_number=True),
        Column("FORECAST", lambda s: usd_text(s["forecast"]), is_number=True),
    ),
)
