"""``minicloud balancer``: the group, how balancers look, and the commands that look."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from minicloud.cli.actions import action_text
from minicloud.cli.completion import complete_balancer
from minicloud.cli.instance import endpoint_lines, tag_lines
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.options import balancer_argument
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import coloured, counted, note, state_colour, time_text, visible
from minicloud.cli.waiting import Errand, wait_option

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import BalancerShape, ListenerShape

_SHORT_NAME = 8


@click.group(
    cls=LazyGroup,
    lazy={
        "create": "minicloud.cli.balancer_create:create",
        "list": "minicloud.cli.balancer:list_all",
        "show": "minicloud.cli.balancer:show",
        "modify": "minicloud.cli.balancer_create:modify",
        "delete": "minicloud.cli.balancer:delete",
        "health": "minicloud.cli.balancer_health:balancer_health",
        "metrics": "minicloud.cli.balancer_metrics:metrics",
        "usage": "minicloud.cli.usage:of_balancer",
        "logs": "minicloud.cli.balancer_logs:logs",
    },
)
def balancer() -> None:
    """Load balancers: one address, many machines.

    A balancer has listeners (its ports), a listener has rules, and rules send to target groups of
    machines. `balancer create --instances` makes all of it at once.
    """


def _listeners(found: BalancerShape) -> str:
    ports = (f"{listener['protocol']}:{listener['port']}" for listener in found["listeners"])
    return ", ".join(ports) or "-"


def _listener_line(listener: ListenerShape) -> str:
    rules = f", {counted(listener['rule_count'], 'rule')}" if listener["rule_count"] else ""
    return f"{listener['protocol']} {listener['port']}: {action_text(listener['action'])}{rules}"


def _details(found: BalancerShape) -> Details:
    state = found["state"]
    return {
        "Name": visible(found["name"]),
        "Id": found["id"],
        "Type": found["type"],
        "State": coloured(state, state_colour(state), sys.stdout),
        "URL": visible(found["url"] or "-"),
        "Public IP": found["public_ip"],
        "Private IP": found["private_ip"],
        "Listeners": [_listener_line(listener) for listener in found["listeners"]],
        "Open": endpoint_lines(found["endpoints"]),
        "Idle timeout": f"{found['idle_timeout_s']} s",
        "HTTP/2": "on" if found["http2"] else "off",
        "X-Forwarded-For": found["forwarded_for"],
        "Deletion protection": "on" if found["deletion_protection"] else "off",
        "Created": time_text(found["created_at"]),
        "Tags": tag_lines(found["tags"]),
        "Operation under way": found["operation_id"] or "-",
    }


VIEW = View(
    "id",
    (
        Column("NAME", lambda b: b["name"], shrinks_to=_SHORT_NAME),
        Column("ID", lambda b: b["id"], drops_at=3),
        Column("TYPE", lambda b: b["type"], drops_at=1),
        Column("STATE", lambda b: b["state"], colour=state_colour),
        Column("LISTENERS", _listeners, shrinks_to=9, drops_at=2),
        Column("URL", lambda b: b["url"] or "-"),
    ),
    _details,
)


@click.command("list")
@with_output
@pass_session
def list_all(session: Session, output: Output) -> None:
    """List load balancers.

    \b
    Examples:
      minicloud balancer list
      minicloud balancer list --query "[?state=='active'].url"
    """
    found = session.client.balancers.list()
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no balancers; make one: minicloud balancer create NAME --instances WEB-1,WEB-2")


@click.command()
@balancer_argument
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of a load balancer, with its URLs.

    \b
    Examples:
      minicloud balancer show web
      minicloud balancer show web --query url
    """
    output.show_one(session.client.balancers.show(ref), VIEW)


@click.command()
@click.argument(
    "refs", metavar="BALANCER...", nargs=-1, required=True, shell_complete=complete_balancer
)
@wait_option
@with_output
@pass_session
def delete(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Delete load balancers, with their listeners and rules. Target groups and machines stay.

    \b
    Examples:
      minicloud balancer delete web
    """
    balancers = session.client.balancers
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, balancers.show, balancers.delete, VIEW, gone="deleted")
