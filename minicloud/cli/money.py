"""What the commands about money share: the price book that is used, and how figures are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from textwrap import wrap
from typing import Any, BinaryIO

import click

from minicloud.cli.errors import Interrupted
from minicloud.cli.output import Details
from minicloud.cli.text import visible
from minicloud.client.bills import GivenBook
from minicloud.domain.billing.money import cents_text, exact_text
from minicloud.domain.errors import InvalidRequest

_FILE_BYTES_MAX = 1024 * 1024
_SHOWN_PLACES = Decimal("0.000001")
_ESTIMATE = "est."
_TEXT_WIDTH = 60
_FROM_HELP = "Its first moment; this month's."
_ZONE_HELP = "Of times without an offset, and of days, as Asia/Seoul; UTC."
_UNITS = {"hour": "h", "reservation": "×", "exchange": "×"}


def _read_book(
    _context: click.Context, _option: click.Parameter, file: BinaryIO | None
) -> GivenBook | None:
    if file is None:
        return None
    data = file.read(_FILE_BYTES_MAX + 1)
    if len(data) > _FILE_BYTES_MAX:
        raise click.BadParameter("the file is larger than 1 MiB: it is no price book")
    try:
        return GivenBook(visible(file.name), data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise click.BadParameter("the file is not UTF-8 text: it is no price book") from error


prices_option = click.option(
    "--prices",
    type=click.File("rb"),
    callback=_read_book,
    metavar="FILE",
    help="A price book of your own (TOML) instead of the one that ships.",
)
view_option = click.option(
    "--view",
    type=click.Choice(["unblended", "amortised"]),
    help="Count what is paid upfront when it is paid (unblended, the default), or over the term.",
)
region_option = click.option(
    "--region", metavar="REGION", help="Whose prices: us-east-1 (the default) or ap-northeast-2."
)


def period_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--from``, ``--to`` and ``--timezone``."""
    begins = click.option("--from", "begins_at", metavar="TIME", help=_FROM_HELP)
    ends = click.option("--to", "ends_at", metavar="TIME", help="The first moment after it; now.")
    zone = click.option("--timezone", metavar="ZONE", help=_ZONE_HELP)
    return begins(ends(zone(command)))


def wrapped(text: str) -> list[str]:
    """A long text as lines that fit beside a name."""
    return wrap(visible(text), _TEXT_WIDTH)


def usd_text(amount: str) -> str:
    """``12.35``: money to the cent; the JSON has it exactly."""
    return cents_text(Decimal(amount))


def signed_usd_text(amount: str) -> str:
    """``12.35`` or ``-12.35``: what is saved, or costs more."""
    exact = Decimal(amount)
    return f"-{cents_text(-exact)}" if exact < 0 else cents_text(exact)


def percent_text(percent: float | None) -> str:
    """``38.6%``; a hyphen where there is nothing to have a share of."""
    return "-" if percent is None else f"{percent:.1f}%"


def rate_text(rate: str) -> str:
    """``0.0104``: a price per unit, to a millionth of a dollar."""
    exact = Decimal(rate)
    return exact_text(exact if exact == 0 else exact.quantize(_SHOWN_PLACES))


def quantity_text(line: Mapping[str, Any]) -> str:
    """``719.9958 h``: how many units, to four places."""
    unit = _UNITS.get(line["unit"], line["unit"])
    return f"{exact_text(Decimal(line['quantity']).quantize(Decimal('0.0001')))} {unit}"


def estimate_text(item: Mapping[str, Any]) -> str:
    """A mark behind what is an estimate."""
    return _ESTIMATE if item["estimated"] else ""


def clock_details(*, is_simulated: bool) -> Details:
    """What figures say of a clock that can be moved; nothing of the real one."""
    return {"Clock": "simulated: nothing has really run that long"} if is_simulated else {}


def require_consent(verb: str, done: str) -> None:
    """Ask whether to ``buy``, as in ``bought``; an error where nobody can be asked, or says no."""
    if not sys.stdin.isatty():
        raise InvalidRequest(
            "ConfirmationNeeded", "there is no terminal to ask at", f"to {verb} it, add --yes"
        )
    if not click.confirm(f"{verb.capitalize()}?", err=True):
        raise Interrupted("NotConfirmed", f"nothing was {done}", "to be asked nothing, add --yes")
