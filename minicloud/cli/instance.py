"""``minicloud instance``: the group, and the commands that look."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from minicloud.cli.lazy import LazyGroup
from minicloud.cli.options import instance_argument
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import coloured, memory_text, note, state_colour, time_text, visible

if TYPE_CHECKING:
    from minicloud.client.shapes import EndpointShape, InstanceShape

_SHORT_NAME = 8


@click.group(
    cls=LazyGroup,
    lazy={
        "launch": "minicloud.cli.instance_actions:launch",
        "list": "minicloud.cli.instance:list_all",
        "show": "minicloud.cli.instance:show",
        "start": "minicloud.cli.instance_actions:start",
        "stop": "minicloud.cli.instance_actions:stop",
        "reboot": "minicloud.cli.instance_actions:reboot",
        "terminate": "minicloud.cli.instance_actions:terminate",
        "resize": "minicloud.cli.instance_actions:resize",
        "protect": "minicloud.cli.instance_actions:protect",
        "tag": "minicloud.cli.instance_actions:tag",
        "exec": "minicloud.cli.instance_console:execute",
        "logs": "minicloud.cli.instance_console:logs",
        "usage": "minicloud.cli.usage:of_instance",
        "types": "minicloud.cli.instance:types",
    },
)
def instance() -> None:
    """Machines: launch, look, stop and start, resize, end."""


def endpoint_lines(endpoints: list[EndpointShape]) -> list[str]:
    """``http://127.31.0.10/  (port 80)`` for each way to reach a machine."""
    return [f"{visible(endpoint['url'])}  (port {endpoint['port']})" for endpoint in endpoints]


def tag_lines(tags: dict[str, str]) -> list[str]:
    """``key = value`` for each tag."""
    return [f"{visible(key)} = {visible(value)}" for key, value in sorted(tags.items())]


def _details(machine: InstanceShape) -> Details:
    reason = machine["state_reason"]
    state = machine["state"]
    memory = memory_text(machine["memory_mib"])
    return {
        "Name": visible(machine["name"]) or "-",
        "Id": machine["id"],
        "State": coloured(state, state_colour(state), sys.stdout),
        "State since": time_text(machine["state_changed_at"]),
        "State reason": visible(f"{reason['code']}: {reason['message']}") if reason else "-",
        "Type": f"{machine['type']} ({machine['vcpus']} vCPU, {memory})",
        "Image": visible(f"{machine['image_name'] or '-'} ({machine['image_id']})"),
        "Public IP": _public_ip(machine),
        "Private IP": f"{machine['private_ip']} ({machine['hostname']})",
        "Open": endpoint_lines(machine["endpoints"]),
        "Zone": machine["zone"],
        "Launched": time_text(machine["launched_at"]),
        "Termination protection": "on" if machine["termination_protection"] else "off",
        "Tags": tag_lines(machine["tags"]),
        "Container": "none: it is simulated" if machine["simulated"] else machine["container_name"],
        "Operation under way": machine["operation_id"] or "-",
    }


def _public_ip(machine: InstanceShape) -> str:
    if machine["public_ip"] is None:
        return "-"
    kind = "Elastic IP" if machine["elastic"] else "changes on stop and start"
    return f"{machine['public_ip']} ({kind})"


VIEW = View(
    "id",
    (
        Column("NAME", lambda i: i["name"] or "-", shrinks_to=_SHORT_NAME),
        Column("ID", lambda i: i["id"]),
        Column("TYPE", lambda i: i["type"], drops_at=3),
        Column("STATE", lambda i: i["state"], colour=state_colour),
        Column("PUBLIC-IP", lambda i: i["public_ip"] or "-", drops_at=4),
        Column("PRIVATE-IP", lambda i: i["private_ip"], drops_at=1),
        Column(
            "IMAGE", lambda i: i["image_name"] or i["image_id"], shrinks_to=_SHORT_NAME, drops_at=2
        ),
    ),
    _details,
)


@click.command("list")
@click.option("-a", "--all", "with_terminated", is_flag=True, help="Terminated ones, too.")
@with_output
@pass_session
def list_all(session: Session, output: Output, with_terminated: bool) -> None:
    """List instances.

    \b
    Examples:
      minicloud instance list
      minicloud instance list --query "[?state=='running'].public_ip"
      minicloud instance stop $(minicloud instance list -q)
    """
    found = session.client.instances.list(include_terminated=with_terminated)
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no instances; launch one: minicloud instance launch NAME --image web --type t3.micro")


@click.command()
@instance_argument
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of an instance, and its URLs.

    \b
    Examples:
      minicloud instance show shop
      minicloud instance show shop --query endpoints[0].url
    """
    output.show_one(session.client.instances.show(ref), VIEW)


_TYPE_VIEW = View(
    "name",
    (
        Column("NAME", lambda t: t["name"]),
        Column("VCPUS", lambda t: str(t["vcpus"]), is_number=True),
        Column("MEMORY", lambda t: memory_text(t["memory_mib"]), is_number=True),
        Column("PROCESSES", lambda t: str(t["process_limit"]), is_number=True, drops_at=2),
        Column("BURSTABLE", lambda t: "yes" if t["burstable"] else "no", drops_at=3),
        Column("PROCESSOR", lambda t: t["processor"], shrinks_to=_SHORT_NAME, drops_at=1),
    ),
)


@click.command()
@click.option("--family", metavar="FAMILY", help="Only this family, as t3.")
@with_output
@pass_session
def types(session: Session, output: Output, family: str | None) -> None:
    """List the instance types that can be launched.

    \b
    Examples:
      minicloud instance types
      minicloud instance types --family t3
    """
    found = session.client.cloud.instance_types()
    chosen = [t for t in found if family is None or t["family"] == family]
    if not chosen:
        families = ", ".join(dict.fromkeys(t["family"] for t in found))
        raise click.BadParameter(f"{visible(str(family))!r} is not one of {families}")
    output.show_list(chosen, _TYPE_VIEW)
