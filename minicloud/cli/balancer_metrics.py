"""``minicloud balancer metrics``: what a balancer has counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.options import balancer_argument
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import age_text, size_text, time_text

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import MetricsShape

_CLASSES = ("2xx", "3xx", "4xx", "5xx")
_STATES = ("healthy", "unhealthy", "initial", "draining", "unused")


@click.command()
@balancer_argument
@with_output
@pass_session
def metrics(session: Session, output: Output, ref: str) -> None:
    """Show what a load balancer has counted.

    Requests, answers by their class, the targets' response times (half, nine of ten and 99 of 100
    requests were faster), for each target group. The JSON has the last 60 minutes one by one, too.

    \b
    Examples:
      minicloud balancer metrics web
      minicloud balancer metrics web --query "minutes[-1].counters.requests"
    """
    found = session.client.balancers.metrics(ref)
    output.show_one(found, _VIEW)
    if output.is_table and found["groups"]:
        click.echo()
        output.show_list([*found["groups"].values()], _GROUP_VIEW)


def _details(found: MetricsShape) -> Details:
    counters, balancer = found["counters"], found["balancer"]
    age_s = (datetime.now(UTC) - datetime.fromisoformat(found["since"])).total_seconds()
    return {
        "Since": f"{time_text(found['since'])} ({age_text(age_s)})",
        "Requests": _last_minute(found),
        "Answered by targets": _classes(_sums(found)),
        "Answered by itself": _classes(
            {name: counters.get(f"balancer_{name}", 0) for name in _CLASSES[1:]}
        ),
        "In flight": str(balancer.get("in_flight", 0)),
        "Targets": _targets(found),
        "Connections": _connections(counters),
        "Sent": size_text(counters.get("sent_bytes", 0)),
        "Received": size_text(counters.get("received_bytes", 0)),
    }


def _connections(counters: dict[str, int]) -> str:
    refused = f"{counters.get('connections_refused', 0)} refused by targets"
    if "new_connections" not in counters:
        return refused
    return f"{counters['new_connections']} from clients, {refused}"


def _last_minute(found: MetricsShape) -> str:
    total = str(found["counters"].get("requests", 0))
    if not found["minutes"]:
        return total
    newest = found["minutes"][-1]["counters"].get("requests", 0)
    return f"{total} ({newest} in the last minute)"


def _sums(found: MetricsShape) -> dict[str, int]:
    return {
        name: sum(group.get(name, 0) for group in found["groups"].values()) for name in _CLASSES
    }


def _classes(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in counts)


def _targets(found: MetricsShape) -> str:
    counts = {
        state: sum(group.get(state, 0) for group in found["groups"].values()) for state in _STATES
    }
    return ", ".join(f"{n} {state}" for state, n in counts.items() if n) or "0"


def _ms(group: dict[str, Any], name: str) -> str:
    value = group.get(name)
    return "-" if value is None else f"{value:.1f}"


def _counter(name: str) -> Callable[[dict[str, Any]], str]:
    # A group that carries TCP has no classes of answers.
    return lambda group: str(group.get(name, "-"))


def _healthy(group: dict[str, Any]) -> str:
    staying = sum(group.get(state, 0) for state in _STATES if state != "draining")
    return f"{group.get('healthy', 0)}/{staying}"


def _healthy_colour(text: str) -> str | None:
    healthy, _, staying = text.partition("/")
    return "green" if healthy == staying else "red"


_VIEW = View("balancer_id", (), _details)
_GROUP_VIEW = View(
    "id",
    (
        Column("GROUP", lambda g: g["name"] or g["id"], shrinks_to=8),
        Column("REQUESTS", _counter("requests"), is_number=True),
        *(Column(name.upper(), _counter(name), is_number=True, drops_at=2) for name in _CLASSES),
        Column("P50-MS", lambda g: _ms(g, "p50_ms"), is_number=True, drops_at=4),
        Column("P90-MS", lambda g: _ms(g, "p90_ms"), is_number=True, drops_at=1),
        Column("P99-MS", lambda g: _ms(g, "p99_ms"), is_number=True, drops_at=4),
        Column("HEALTHY", _healthy, is_number=True, colour=_healthy_colour),
        Column("IN-FLIGHT", _counter("in_flight"), is_number=True, drops_at=3),
    ),
)
