"""``minicloud listener``: the ports of load balancers, and what is done there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.actions import action_lines, action_text, require_action, with_action
from minicloud.cli.completion import complete_balancer, complete_certificate, complete_listener
from minicloud.cli.group_options import protocol_choice
from minicloud.cli.instance import tag_lines
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.options import balancer_argument, tls_policy_option
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import note, time_text, visible
from minicloud.cli.waiting import Errand, wait_option
from minicloud.client.listeners import ListenerRequest, ListenerSettings

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import ActionShape, ListenerShape, ListenersShape

_SHORT, _SHORT_ACTION = 8, 20


@click.group(
    cls=LazyGroup,
    lazy={
        "create": "minicloud.cli.listener:create",
        "list": "minicloud.cli.listener:list_all",
        "show": "minicloud.cli.listener:show",
        "modify": "minicloud.cli.listener:modify",
        "delete": "minicloud.cli.listener:delete",
    },
)
def listener() -> None:
    """Listeners: the ports of load balancers.

    A LISTENER is BALANCER:PORT, as web:80, or an id.
    """


listener_argument = click.argument("ref", metavar="LISTENER", shell_complete=complete_listener)
_certificate_option = click.option(
    "--certificate",
    metavar="CERTIFICATE",
    shell_complete=complete_certificate,
    help="What an HTTPS listener shows.",
)
_protocol_option = click.option(
    "--protocol",
    type=protocol_choice("HTTP", "HTTPS", "TCP"),
    help="Default HTTP; TCP on network balancers.",
)


def _name(found: ListenerShape) -> str:
    return f"{found['balancer_name']}:{found['port']}"


def _details(found: ListenerShape) -> Details:
    certificate = found["certificate_id"]
    return {
        "Listener": visible(_name(found)),
        "Id": found["id"],
        "Protocol": found["protocol"],
        "URL": visible(found["url"] or "-"),
        "Action": action_lines(found["action"]),
        "Rules": str(found["rule_count"]),
        "Certificate": visible(f"{found['certificate_name']} ({certificate})")
        if certificate
        else "-",
        "TLS policy": found["tls_policy"] if certificate else "-",
        "Created": time_text(found["created_at"]),
        "Tags": tag_lines(found["tags"]),
    }


VIEW = View(
    "id",
    (
        Column("LISTENER", _name, shrinks_to=_SHORT),
        Column("ID", lambda found: found["id"]),
        Column("PROTOCOL", lambda found: found["protocol"]),
        Column("ACTION", lambda found: action_text(found["action"]), shrinks_to=_SHORT_ACTION),
        Column("RULES", lambda found: str(found["rule_count"]), is_number=True, drops_at=2),
        Column(
            "CERTIFICATE",
            lambda found: found["certificate_name"] or found["certificate_id"] or "-",
            shrinks_to=_SHORT,
            drops_at=1,
        ),
        Column("URL", lambda found: found["url"] or "-", drops_at=3),
    ),
    _details,
)


@click.command("list")
@click.argument("balancer", metavar="[BALANCER]", required=False, shell_complete=complete_balancer)
@with_output
@pass_session
def list_all(session: Session, output: Output, balancer: str | None) -> None:
    """List the listeners of a load balancer, or of all.

    \b
    Examples:
      minicloud listener list web
      minicloud listener list --query "[?protocol=='HTTPS'].url"
    """
    client = session.client
    if balancer is None:
        found = [one for every in client.balancers.list() for one in every["listeners"]]
    else:
        found = client.listeners.list(balancer)
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no listeners; make one: minicloud listener create BALANCER --port 80 --forward GROUP")


@click.command()
@listener_argument
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of a listener.

    \b
    Examples:
      minicloud listener show web:80
    """
    output.show_one(session.client.listeners.show(ref), VIEW)


@click.command()
@balancer_argument
@click.option("--port", type=int, required=True, metavar="PORT", help="Where clients connect.")
@_protocol_option
@with_action
@_certificate_option
@tls_policy_option
@wait_option
@with_output
@pass_session
def create(
    session: Session, /, output: Output, action: ActionShape | None, wait: bool, **options: Any
) -> None:
    """Open a port of a load balancer.

    What a redirect's URL leaves out stays as the request has it; `--redirect https` changes nothing
    but to HTTPS at port 443.

    \b
    Examples:
      minicloud listener create web --port 80 --forward web
      minicloud listener create web --port 443 --protocol HTTPS \\
        --certificate shop --forward web
      minicloud listener create web --port 8080 --forward blue=9 --forward green=1
      minicloud listener create web --port 81 --redirect https
      minicloud listener create web --port 82 --fixed-response "503:back at noon"
    """
    request = ListenerRequest(balancer=options.pop("ref"), action=require_action(action), **options)
    _finish(session, output, session.client.listeners.create(request), wait=wait)


@click.command()
@listener_argument
@click.option("--port", type=int, metavar="PORT", help="Where clients connect.")
@_protocol_option
@with_action
@_certificate_option
@tls_policy_option
@wait_option
@with_output
@pass_session
def modify(
    session: Session, /, output: Output, action: ActionShape | None, wait: bool, **options: Any
) -> None:
    """Change a listener. No request is lost meanwhile.

    \b
    Examples:
      minicloud listener modify web:80 --forward green
      minicloud listener modify web:80 --redirect https
      minicloud listener modify web:443 --certificate shop-2027
    """
    ref = options.pop("ref")
    changes = ListenerSettings(action=action, **options)
    if changes == ListenerSettings():
        raise click.UsageError("say what to change")
    _finish(session, output, session.client.listeners.modify(ref, changes), wait=wait)


@click.command()
@click.argument(
    "refs", metavar="LISTENER...", nargs=-1, required=True, shell_complete=complete_listener
)
@wait_option
@with_output
@pass_session
def delete(session: Session, output: Output, refs: Sequence[str], wait: bool) -> None:
    """Close ports of load balancers, and forget their rules.

    \b
    Examples:
      minicloud listener delete web:8080
    """
    listeners = session.client.listeners
    errand = Errand(session, output, wait=wait)
    errand.for_each(refs, listeners.show, listeners.delete, VIEW, gone="deleted")


def _finish(session: Session, output: Output, begun: ListenersShape, *, wait: bool) -> None:
    listeners = session.client.listeners
    listener_id = begun["listeners"][0]["id"]
    Errand(session, output, wait=wait).finish(
        begun["operations"], lambda: output.show_list([listeners.show(listener_id)], VIEW)
    )
