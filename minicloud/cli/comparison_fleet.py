"""``minicloud bill compare fleet``: this fleet on demand, reserved, off at night, right-sized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.money import (
    clock_details,
    estimate_text,
    percent_text,
    prices_option,
    region_option,
    signed_usd_text,
    usd_text,
    wrapped,
)
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.progress import waiting_on_stderr
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import counted, time_text, visible
from minicloud.client.comparisons import FleetRequest

if TYPE_CHECKING:
    from minicloud.client.comparison_shapes import (
        AlternativeShape,
        FleetComparisonShape,
        MachineShape,
        ReservedShape,
    )

_SHORT = 8
_ALWAYS_PERCENT = 100
_BEST = "best"


@click.command()
@click.option(
    "--from", "begins_at", metavar="TIME", help="This month's first moment, or the first machine's."
)
@click.option("--to", "ends_at", metavar="TIME", help="The first moment after it; now.")
@click.option("--timezone", metavar="ZONE", help="Of nights and of times without an offset; UTC.")
@click.option("--night", metavar="HH:MM-HH:MM", help="When machines would be off; 22:00-07:00.")
@click.option("--weekends", is_flag=True, default=None, help="Off on weekends, too.")
@click.option(
    "--headroom",
    "headroom_percent",
    type=int,
    metavar="PERCENT",
    help="What a right size has beyond what was measured; 20.",
)
@click.option(
    "--class",
    "offering_class",
    type=click.Choice(["standard", "convertible"]),
    help="Reservations of this class; standard.",
)
@region_option
@prices_option
@with_output
@pass_session
def fleet(session: Session, /, output: Output, **options: Any) -> None:
    """Compare this fleet with what it could have been.

    On demand, reserved for one or three years, off at night, and of the right size by its measured
    processor time and memory. Every way is a history of starts, stops and reservations, billed as
    the true one is; the JSON says how each was computed. Reservations are bought, in thought, when
    the period begins, as many as pay off in it; what is paid upfront is spread over the term.

    Ten bills are computed: of a year of a thousand machines that takes some seconds.

    A machine is right-sized once it was measured for 24 hours of the period, and never by a guess.
    With -q, the name of the cheapest way.

    \b
    Examples:
      minicloud bill compare
      minicloud bill compare fleet --from 2026-11-01 --to 2026-12-01
      minicloud bill compare fleet --night 20:00-08:00 --timezone Asia/Seoul --weekends
      minicloud bill compare fleet -o json --query "alternatives[].[key, usd, saves_usd, how]"
    """
    with waiting_on_stderr("computing a bill for every way", is_quiet=output.is_quiet):
        found = session.client.comparisons.fleet(FleetRequest(**options))
    output.show_one(found, _VIEW)
    if not output.is_table:
        return
    click.echo()
    output.show_list(_marked(found), _ALTERNATIVES_VIEW)
    machines = [machine for machine in found["machines"] if machine["best"] != "on-demand"]
    if machines:
        click.echo("\nMachines for which something pays, one by one, without addresses:")
        output.show_list(machines, _MACHINES_VIEW)
    if unmeasured := [m for m in found["machines"] if m["size"]["needed_vcpus"] is None]:
        needed = unmeasured[0]["size"]["needed_hours"]
        click.echo(
            f"\nNot measured long enough for a right size ({needed} hours are needed):"
            f" {counted(len(unmeasured), 'machine')}"
        )


def _details(found: FleetComparisonShape) -> Details:
    notes = [line for note in found["notes"] for line in wrapped(note)]
    by_key = {each["key"]: each for each in found["alternatives"]}
    best, base = by_key[found["best"]], by_key[found["baseline"]]
    best_says = f"{best['title']}: USD {usd_text(best['usd'])}"
    if best is not base:
        best_says += f", {percent_text(best['saves_percent'])} less than {base['title']}"
    return {
        "Period": f"{time_text(found['from'])} to {time_text(found['to'])}",
        "Time zone": visible(f"{found['timezone']}, of nights and times without an offset"),
        "Prices": visible(f"{found['price_book']}, region {found['region']}"),
        **clock_details(is_simulated=found["simulated"]),
        "Cheapest": wrapped(best_says),
        "To reserve": _reservation_lines(by_key, found["best_reserved"]),
        "Of": notes,
    }


def _reservation_lines(by_key: dict[str, AlternativeShape], key: str | None) -> list[str]:
    """The best choice of reservations, and when it pays off."""
    if key is None:
        return ["nothing pays off: no machine ran enough of the period"]
    best = by_key[key]
    reserved = best["reserved"]
    if reserved is None:
        raise ValueError(f"{key} reserves nothing")
    lines = [
        f"{each['count']} x {each['id']}"
        + (", an estimate" if each["estimated"] else "")
        + f": {_break_even(each['break_even_percent'])}"
        for each in reserved["offerings"]
        if each["count"]
    ]
    lines.append(
        f"USD {usd_text(reserved['upfront_usd'])} at once, {usd_text(reserved['term_total_usd'])}"
        f" over the term; {_payback(reserved)}"
    )
    return [part for line in lines for part in wrapped(line)]


def _break_even(percent: int | None) -> str:
    if percent is None or percent > _ALWAYS_PERCENT:
        return "never pays off"
    return f"pays off above {percent}% of the time"


def _payback(reserved: ReservedShape) -> str:
    days = reserved["payback_days"]
    if days is None:
        return "at this use it is not paid back within the term"
    return f"paid back after {counted(days, 'day')} of this use" if days else "nothing to pay back"


def _marked(found: FleetComparisonShape) -> list[dict[str, Any]]:
    """The alternatives, and which of them is the cheapest."""
    return [
        {**each, "mark": _BEST if each["key"] == found["best"] else ""}
        for each in found["alternatives"]
    ]


def _size(machine: MachineShape) -> str:
    size = machine["size"]
    return size["any_family"] or ("?" if size["needed_vcpus"] is None else "none")


_VIEW = View("best", (), _details)
_ALTERNATIVES_VIEW = View(
    "key",
    (
        Column("THIS FLEET", lambda a: a["title"]),
        Column("USD", lambda a: usd_text(a["usd"]), is_number=True),
        Column("SAVES", lambda a: signed_usd_text(a["saves_usd"]), is_number=True),
        Column("%", lambda a: percent_text(a["saves_percent"]), is_number=True),
        Column("", lambda a: " ".join(filter(None, (a["mark"], estimate_text(a))))),
    ),
)
_MACHINES_VIEW = View(
    "instance_id",
    (
        Column("MACHINE", lambda m: m["name"] or m["instance_id"], shrinks_to=_SHORT),
        Column("TYPE", lambda m: m["type"], drops_at=3),
        Column("RAN", lambda m: percent_text(m["ran_percent"]), is_number=True, drops_at=1),
        Column("USD", lambda m: usd_text(m["on_demand_usd"]), is_number=True),
        Column("RESERVED", lambda m: usd_text(m["reserved_usd"] or "0"), is_number=True),
        Column("NIGHTS", lambda m: usd_text(m["off_at_night_usd"]), is_number=True),
        Column("RIGHT-SIZE", _size, drops_at=2),
        Column("BEST", lambda m: m["best"]),
        Column("SAVES", lambda m: usd_text(m["saves_usd"]), is_number=True),
    ),
)
