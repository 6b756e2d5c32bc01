"""``minicloud ledger``: what happened when, and what was used for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from minicloud.cli.lazy import LazyGroup
from minicloud.cli.output import Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import duration_text, short_time_text

if TYPE_CHECKING:
    from minicloud.client.shapes import LedgerEntryShape

_SHORT = 8


@click.group(
    cls=LazyGroup,
    lazy={"list": "minicloud.cli.ledger:list_entries", "usage": "minicloud.cli.ledger:usage"},
)
def ledger() -> None:
    """The ledger, from which a bill is computed."""


def _facts(entry: LedgerEntryShape) -> str:
    return " ".join(f"{key}={value}" for key, value in entry["facts"].items())


_ENTRY_VIEW = View(
    "sequence",
    (
        Column("NO", lambda e: str(e["sequence"]), is_number=True),
        Column("AT", lambda e: short_time_text(e["at"])),
        Column("WHAT", lambda e: e["kind"]),
        Column("RESOURCE", lambda e: e["resource_id"]),
        Column("FACTS", _facts, shrinks_to=_SHORT, drops_at=1),
        Column("", lambda e: "sim." if e["simulated"] else ""),
    ),
)
_USAGE_VIEW = View(
    "resource_id",
    (
        Column("RESOURCE", lambda u: u["resource_id"]),
        Column("NAME", lambda u: u["name"] or "-", shrinks_to=_SHORT, drops_at=3),
        Column("WHAT", lambda u: u["what"]),
        Column("DETAIL", lambda u: u["detail"], shrinks_to=_SHORT, drops_at=2),
        Column("FROM", lambda u: short_time_text(u["started_at"]), drops_at=1),
        Column("TO", lambda u: short_time_text(u["ended_at"]), drops_at=1),
        Column("LASTED", lambda u: duration_text(u["duration_s"]), is_number=True),
    ),
)


@click.command("list")
@with_output
@pass_session
def list_entries(session: Session, output: Output) -> None:
    """List every entry, oldest first. With -q, their numbers.

    Entries with "sim." are of a clock that can be moved: see `minicloud clock --help`.

    \b
    Examples:
      minicloud ledger list
      minicloud ledger list --query "[?kind=='instance.state'].[at, resource_id, facts.state]"
    """
    output.show_list(session.client.cloud.ledger(), _ENTRY_VIEW)


@click.command()
@with_output
@pass_session
def usage(session: Session, output: Output) -> None:
    """List what was used from when to when; what has no end goes on. With -q, the resources.

    \b
    Examples:
      minicloud ledger usage
      minicloud ledger usage --query "[?what=='instance running'].duration_s | sum(@)"
    """
    output.show_list(session.client.cloud.usage(), _USAGE_VIEW)
