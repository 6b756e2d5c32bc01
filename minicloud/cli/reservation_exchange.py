"""``minicloud reservation exchange``: a convertible reservation for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_reservation
from minicloud.cli.money import prices_option, rate_text, require_consent, usd_text
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.reservation import VIEW
from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import note, time_text
from minicloud.client.reservations import ExchangeRequest

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import QuoteShape, ValueShape


@click.command()
@click.argument("reservation", metavar="RESERVATION", shell_complete=complete_reservation)
@click.option("--offering", required=True, metavar="OFFERING", help="What to get for it.")
@click.option(
    "--count",
    type=int,
    metavar="N",
    help="How many; the fewest that are worth no less, if it is left out.",
)
@click.option("--dry-run", is_flag=True, help="Show what it comes to, and do nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@prices_option
@with_output
@pass_session
def exchange(session: Session, /, output: Output, reservation: str, **options: Any) -> None:
    """Exchange a convertible reservation for another convertible one.

    It must be in force for 24 hours still, and the new one of the same term and region, worth no
    less for the time that remains, and not without an upfront part if the old one has one. The
    new one ends when the old one would have. What its upfront part is worth more is paid now: the
    true-up. It says first what that is, and asks.

    \b
    Examples:
      minicloud reservation exchange ri-0123456789abcdef0 --dry-run \
          --offering m5.large:1y:all-upfront:convertible
      minicloud reservation exchange ri-0123456789abcdef0 --yes --count 2 \
          --offering t3.small:1y:all-upfront:convertible
    """
    is_sure, is_trial = options.pop("yes"), options.pop("dry_run")
    reservations, wanted = session.client.reservations, ExchangeRequest(**options)
    quote = reservations.quote(reservation, wanted)
    if is_trial:
        output.show_one(quote, _QUOTE_VIEW)
        return
    for line in _terms(quote):
        note(line)
    if not is_sure:
        require_consent("exchange", "exchanged")
    output.show_list([reservations.exchange(reservation, wanted)["reservation"]], VIEW)


def _terms(quote: QuoteShape) -> list[str]:
    given, got = quote["given"], quote["got"]
    mark = " (an estimate)" if quote["estimated"] else ""
    return [
        f"{given['count']} × {given['type']} for {got['count']} × {got['type']}, until"
        f" {time_text(quote['ends_at'])}{mark}",
        f"what is given in is worth {_worth(quote['given_value'])}",
        f"what is got is worth {_worth(quote['got_value'])}",
        f"USD {usd_text(quote['true_up_usd'])} is to be paid now, then"
        f" {rate_text(quote['got_value']['hourly_usd'])} per hour for all, used or not",
    ]


def _worth(value: ValueShape) -> str:
    return (
        f"USD {usd_text(value['total_usd'])}: {usd_text(value['upfront_usd'])} upfront, and"
        f" {rate_text(value['hourly_usd'])} for each hour that remains"
    )


def _details(quote: QuoteShape) -> Details:
    given, got = quote["given"], quote["got"]
    mark = ", estimated" if quote["estimated"] else ""
    return {
        "Given in": [
            f"{given['count']} × {given['type']}, {quote['reservation_id']}",
            _worth(quote["given_value"]),
        ],
        "Got": [f"{got['count']} × {quote['offering']}", _worth(quote["got_value"])],
        "Until": time_text(quote["ends_at"]),
        "To be paid now": f"USD {usd_text(quote['true_up_usd'])}{mark}"
        f" (exactly {quote['true_up_usd']})",
    }


_QUOTE_VIEW = View("true_up_usd", (), _details)
