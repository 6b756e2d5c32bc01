"""``minicloud bill compare scaling``: a fixed fleet or an elastic one, for a curve of visitors."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_type
from minicloud.cli.demand_options import demand_options, demand_request
from minicloud.cli.money import (
    estimate_text,
    percent_text,
    prices_option,
    region_option,
    signed_usd_text,
    usd_text,
)
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column, terminal_width
from minicloud.cli.text import note, time_text, visible
from minicloud.client.comparisons import ScalingRequest, ScalingRules
from minicloud.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from minicloud.client.comparison_shapes import OutcomeShape, ScalingComparisonShape

_WIDTH = 80
_SHORT = 8
_RULES = (
    *("capacity_per_hour", "machines_min", "machines_max", "step"),
    *("cooldown_s", "reaction_s", "boot_s", "target_percent"),
)


def _svg_path(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() != ".svg":
        raise click.BadParameter("pictures are drawn as SVG, which browsers show: name it FILE.svg")
    return path


@click.command()
@demand_options
@click.option(
    "-t", "--type", metavar="TYPE", shell_complete=complete_type, help="Machines; t3.micro."
)
@click.option(
    "--capacity",
    "capacity_per_hour",
    type=int,
    metavar="N",
    help="How many visitors one machine serves in an hour; 1000.",
)
@click.option("--min", "machines_min", type=int, metavar="N", help="Of the elastic fleet; 1.")
@click.option("--max", "machines_max", type=int, metavar="N", help="As many as the curve needs.")
@click.option("--step", type=int, metavar="N", help="Machines at once; as many as it takes.")
@click.option("--cooldown", "cooldown_s", type=int, metavar="SECONDS", help="Between changes; 300.")
@click.option(
    "--reaction", "reaction_s", type=int, metavar="SECONDS", help="Until it sees a change; 60."
)
@click.option(
    "--boot", "boot_s", type=int, metavar="SECONDS", help="From start to the first visitor; 60."
)
@click.option(
    "--target",
    "target_percent",
    type=int,
    metavar="PERCENT",
    help="How full the elastic fleet keeps its machines; 80.",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_svg_path,
    metavar="FILE.svg",
    help="Draw it into a file, too.",
)
@region_option
@prices_option
@with_output
@pass_session
def scaling(session: Session, /, output: Output, picture: Path | None, **options: Any) -> None:
    """Compare a fixed fleet with an elastic one for a curve of visitors.

    A fleet for the peak is idle most of the time, one for the mean turns people away; an elastic
    one follows the visitors, as fast as it sees them and its machines boot. Each fleet's starts and
    stops are billed by the second, as true ones are.

    Visitors are a file, or one of three shapes: daily (a wave from --low to --high), spike (--high
    for some hours of the first day) or growth (from --low to --high). A file is CSV, time,visitors:
    from that time on so many visitors come in an hour. Times are ISO 8601, or numbers: then the
    column is headed hours, minutes or seconds. With -q, the names of the fleets.

    \b
    Examples:
      minicloud bill compare scaling --visitors daily
      minicloud bill compare scaling --visitors spike --high 20000 --boot 180 --type m5.large
      minicloud bill compare scaling --visitors shop.csv --capacity 400 --picture shop.svg
      minicloud bill compare scaling --visitors growth --days 90 -o json --query fleets
    """
    curve_name, demand = demand_request(options)
    rules = ScalingRules(**{name: options.pop(name) for name in _RULES})
    request = ScalingRequest(given=demand.given, shape=demand.shape, rules=rules, **options)
    found = session.client.comparisons.scaling(request)
    if picture is not None:
        _draw_into(picture, found, curve_name)
    if output.is_quiet:
        output.show_list(found["fleets"], _FLEETS_VIEW)
    else:
        output.show_one(found, _VIEW)
    if output.is_table:
        click.echo()
        output.show_list(found["fleets"], _FLEETS_VIEW)
        _draw_here(found)


def _draw_here(found: ScalingComparisonShape) -> None:
    from minicloud.cli.demand_series import series_of
    from minicloud.cli.terminal_chart import chart_lines

    click.echo()
    for line in chart_lines(series_of(found), terminal_width() or _WIDTH):
        click.echo(line)


def _draw_into(picture: Path, found: ScalingComparisonShape, curve_name: str) -> None:
    from minicloud.cli.demand_series import series_of
    from minicloud.cli.svg_chart import scaling_svg

    drawn = scaling_svg(found, series_of(found), curve_name)
    try:
        picture.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(
            "FileNotWritten",
            f"{visible(str(picture))} cannot be written: {error.strerror}",
            "name another file: --picture FILE.svg",
        ) from error
    note(f"drawn into {picture}")


def _details(found: ScalingComparisonShape) -> Details:
    rules = found["rules"]
    most = "any number" if rules["machines_max"] is None else str(rules["machines_max"])
    step = "all at once" if rules["step"] is None else f"{rules['step']} at once"
    return {
        "Time": f"{time_text(found['from'])} to {time_text(found['to'])}",
        "Visitors": f"{_whole(found['visitors'])}, an hour"
        f" {_whole(found['visitors_per_hour_mean'])} on average and"
        f" {_whole(found['visitors_per_hour_max'])} at most",
        "Machines": f"{found['type']}, {rules['capacity_per_hour']:,} visitors an hour each",
        "Elastic": [
            f"{rules['machines_min']} to {most}, kept {rules['target_percent']}% full;"
            f" changed {step}",
            f"sees a change after {rules['reaction_s']} s, boots in {rules['boot_s']} s, rests"
            f" {rules['cooldown_s']} s between changes",
        ],
        "Cost": "of machines, and of each one's public address while it runs",
        "Prices": visible(f"{found['price_book']}, region {found['region']}"),
    }


def _whole(figure: str) -> str:
    return f"{Decimal(figure):,.0f}"


def _turned_away(fleet: OutcomeShape) -> str:
    return f"{_whole(fleet['unserved'])} ({percent_text(fleet['unserved_percent'])})"


_VIEW = View("type", (), _details)
_FLEETS_VIEW = View(
    "key",
    (
        Column("FLEET", lambda f: f["title"]),
        Column("USD", lambda f: usd_text(f["usd"]), is_number=True),
        Column("SAVES", lambda f: signed_usd_text(f["saves_usd"]), is_number=True, drops_at=1),
        Column("%", lambda f: percent_text(f["saves_percent"]), is_number=True),
        Column("IDLE", lambda f: percent_text(f["idle_percent"]), is_number=True),
        Column("TURNED-AWAY", _turned_away, is_number=True),
        Column("MAX", lambda f: str(f["machines_max"]), is_number=True, drops_at=3),
        Column("", estimate_text),
    ),
)
