"""``minicloud instance usage`` and ``minicloud balancer usage``: what was measured, by the hour."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.options import balancer_argument, instance_argument
from minicloud.cli.output import Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import note, size_text

if TYPE_CHECKING:
    from minicloud.client.usage_shapes import BalancerHourShape, InstanceHourShape

_DAY_HOURS = 24
_KEPT_HOURS = 400 * _DAY_HOURS
_MINUTE_S = 60

_hours_option = click.option(
    "--hours",
    type=click.IntRange(1, _KEPT_HOURS),
    default=_DAY_HOURS,
    show_default=True,
    metavar="N",
    help="The last N hours.",
)


@click.command("usage")
@instance_argument
@_hours_option
@with_output
@pass_session
def of_instance(session: Session, output: Output, ref: str, hours: int) -> None:
    """Show how busy an instance was, hour by hour.

    CPU is in percent of its vCPUs: the mean, and the busiest minute. MEASURED is how much of the
    hour was measured: only what runs is, once a minute. Hours are UTC.

    \b
    Examples:
      minicloud instance usage web-1
      minicloud instance usage web-1 --hours 168 --query "max_by(@, &cpu_percent_max)"
    """
    _show(output, session.client.usage.of_instance(ref, hours), _INSTANCE_VIEW)


@click.command("usage")
@balancer_argument
@_hours_option
@with_output
@pass_session
def of_balancer(session: Session, output: Output, ref: str, hours: int) -> None:
    """Show how much a load balancer was used, hour by hour, and what that is in capacity units.

    Of new connections, active ones, bytes and rule evaluations the one counts that comes to the
    most units (LCUs). It is billed once the hour is over. Hours are UTC.

    \b
    Examples:
      minicloud balancer usage web
      minicloud balancer usage web --hours 168 -o csv
    """
    _show(output, session.client.usage.of_balancer(ref, hours), _BALANCER_VIEW)


def _show(output: Output, found: list[Any], view: View) -> None:
    output.show_list(found, view)
    if not found and output.is_table and sys.stderr.isatty():
        note("nothing was measured yet: it is, once a minute, while it runs")


def _hour(found: InstanceHourShape | BalancerHourShape) -> str:
    return found["hour_at"][:16].replace("T", " ")


def _measured(found: InstanceHourShape) -> str:
    return f"{found['measured_s'] / _MINUTE_S:.0f} min"


def _units(found: BalancerHourShape) -> str:
    return f"{found['capacity_units']:.3f}"


_INSTANCE_VIEW = View(
    "hour_at",
    (
        Column("HOUR", _hour),
        Column("TYPE", lambda u: u["type"], drops_at=1),
        Column("MEASURED", _measured, is_number=True),
        Column("CPU", lambda u: f"{u['cpu_percent_mean']:.1f}%", is_number=True),
        Column("CPU-MAX", lambda u: f"{u['cpu_percent_max']:.1f}%", is_number=True),
        Column("MEMORY", lambda u: f"{u['memory_mib_mean']:.0f} MiB", is_number=True),
        Column("MEMORY-MAX", lambda u: f"{u['memory_mib_max']:.0f} MiB", is_number=True),
    ),
)
_BALANCER_VIEW = View(
    "hour_at",
    (
        Column("HOUR", _hour),
        Column("REQUESTS", lambda u: str(u["requests"]), is_number=True, drops_at=2),
        Column("CONNECTED", lambda u: str(u["new_connections"]), is_number=True),
        Column("ACTIVE", lambda u: f"{u['active_connections_mean']:.1f}", is_number=True),
        Column("BYTES", lambda u: size_text(u["processed_bytes"]), is_number=True),
        Column("RULES", lambda u: str(u["rule_evaluations"]), is_number=True, drops_at=3),
        Column("LCU", _units, is_number=True),
        Column("BY", lambda u: u["capacity_by"] or "-", drops_at=1),
    ),
)
