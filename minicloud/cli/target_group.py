"""``minicloud target-group``: the group, how target groups look, and what is done to them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_group
from minicloud.cli.group_options import (
    changed_tags,
    protocol_choice,
    remove_tag_option,
    with_group_settings,
)
from minicloud.cli.instance import tag_lines
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.options import group_argument, tag_option
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import note, time_text, visible
from minicloud.cli.waiting import Errand, wait_option

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import TargetGroupShape, TargetGroupsShape, TargetShape
    from minicloud.client.target_groups import TargetGroupSettings

_SHORT_NAME = 8


@click.group(
    "target-group",
    cls=LazyGroup,
    lazy={
        "create": "minicloud.cli.target_group:create",
        "list": "minicloud.cli.target_group:list_all",
        "show": "minicloud.cli.target_group:show",
        "modify": "minicloud.cli.target_group:modify",
        "delete": "minicloud.cli.target_group:delete",
        "register": "minicloud.cli.targets:register",
        "deregister": "minicloud.cli.targets:deregister",
        "health": "minicloud.cli.targets:group_health",
    },
)
def target_group() -> None:
    """Target groups: machines that serve the same thing."""


def _off_or_seconds(seconds: int) -> str:
    return f"{seconds} s" if seconds else "off"


def _check(found: TargetGroupShape) -> str:
    check = found["health_check"]
    if check["protocol"] == "TCP":
        return f"TCP every {check['interval_s']} s"
    return f"{check['path']} every {check['interval_s']} s"


def _check_lines(found: TargetGroupShape) -> list[str]:
    check = found["health_check"]
    what = f"{check['path']} answers {check['matcher']}" if check["protocol"] == "HTTP" else ""
    port = "the traffic's port" if check["port"] is None else f"port {check['port']}"
    return [
        visible(" ".join(filter(None, (check["protocol"], what, "at", port)))),
        f"every {check['interval_s']} s, for {check['timeout_s']} s at most",
        f"healthy after {check['healthy_threshold']} passes in a row, a new target after one",
        f"unhealthy after {check['unhealthy_threshold']} failures in a row",
    ]


def _target_line(target: TargetShape) -> str:
    name = visible(target["instance_name"] or target["instance_id"])
    return f"{name}:{target['port']} ({target['instance_id']}) {target['registration']}"


def _details(found: TargetGroupShape) -> Details:
    return {
        "Name": visible(found["name"]),
        "Id": found["id"],
        "Protocol": f"{found['protocol']}, port {found['port']}",
        "Balancer": visible(found["balancer_name"]) or "- (no listener or rule sends to it)",
        "Algorithm": found["algorithm"],
        "Health check": _check_lines(found),
        "Stickiness": _off_or_seconds(found["stickiness_s"]),
        "Slow start": _off_or_seconds(found["slow_start_s"]),
        "Deregistration delay": f"{found['deregistration_delay_s']} s",
        "Targets": [_target_line(target) for target in found["targets"]],
        "Created": time_text(found["created_at"]),
        "Tags": tag_lines(found["tags"]),
    }


VIEW = View(
    "id",
    (
        Column("NAME", lambda g: g["name"], shrinks_to=_SHORT_NAME),
        Column("ID", lambda g: g["id"]),
        Column("PROTOCOL", lambda g: f"{g['protocol']}:{g['port']}", drops_at=2),
        Column("TARGETS", lambda g: str(g["target_count"]), is_number=True),
        Column("HEALTH-CHECK", _check, shrinks_to=12, drops_at=1),
        Column("BALANCER", lambda g: g["balancer_name"] or "-", shrinks_to=_SHORT_NAME),
    ),
    _details,
)


@click.command("list")
@with_output
@pass_session
def list_all(session: Session, output: Output) -> None:
    """List target groups.

    \b
    Examples:
      minicloud target-group list
      minicloud target-group list --query "[?balancer_id==null].name"
    """
    found = session.client.target_groups.list()
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no target groups; make one: minicloud target-group create NAME")


@click.command()
@group_argument
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of a target group.

    How its targets are, its health command says.

    \b
    Examples:
      minicloud target-group show web
    """
    output.show_one(session.client.target_groups.show(ref), VIEW)


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--protocol", type=protocol_choice("HTTP", "TCP"), help="Spoken with targets; default HTTP."
)
@click.option("--port", type=int, metavar="PORT", help="Of targets that name none; default 80.")
@with_group_settings
@tag_option
@with_output
@pass_session
def create(
    session: Session, /, output: Output, settings: TargetGroupSettings, **options: Any
) -> None:
    """Make a target group. It is used once a listener or a rule sends to it.

    \b
    Examples:
      minicloud target-group create web --health-path /index.html
      minicloud target-group create api --port 8080 --deregistration-delay 30
      minicloud target-group create db --protocol TCP --port 5432
    """
    from minicloud.client.target_groups import TargetGroupRequest

    request = TargetGroupRequest(**{**vars(settings), **options})
    made = session.client.target_groups.create(request)
    _finish(session, output, made, wait=True)


@click.command()
@group_argument
@with_group_settings
@tag_option
@remove_tag_option
@wait_option
@with_output
@pass_session
def modify(
    session: Session, /, output: Output, settings: TargetGroupSettings, wait: bool, **options: Any
) -> None:
    """Change how targets are chosen and checked.

    No request is lost meanwhile.

    \b
    Examples:
      minicloud target-group modify web --algorithm least_outstanding_requests
      minicloud target-group modify web --interval 5 --timeout 2
      minicloud target-group modify web --health-port traffic-port --stickiness 0
    """
    from minicloud.client.target_groups import TargetGroupSettings

    tags, removed = options.pop("tags"), options.pop("removed_tags")
    if not tags and not removed and settings == TargetGroupSettings():
        raise click.UsageError("say what to change")
    groups = session.client.target_groups
    found = groups.show(options.pop("ref"))
    all_tags = changed_tags(found["tags"], tags, removed)
    changes = TargetGroupSettings(**{**vars(settings), "tags": all_tags})
    _finish(session, output, groups.modify(found["id"], changes), wait=wait)


@click.command()
@click.argument("refs", metavar="GROUP...", nargs=-1, required=True, shell_complete=complete_group)
@with_output
@pass_session
def delete(session: Session, output: Output, refs: Sequence[str]) -> None:
    """Delete target groups.

    Refused while a listener or a rule sends to one. Machines stay.

    \b
    Examples:
      minicloud target-group delete web
    """
    groups = session.client.target_groups
    errand = Errand(session, output, wait=True)
    errand.for_each(refs, groups.show, groups.delete, VIEW, gone="deleted")


def _finish(session: Session, output: Output, begun: TargetGroupsShape, *, wait: bool) -> None:
    groups = session.client.target_groups
    group_id = begun["target_groups"][0]["id"]
    Errand(session, output, wait=wait).finish(
        begun["operations"], lambda: output.show_list([groups.show(group_id)], VIEW)
    )
