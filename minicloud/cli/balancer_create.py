"""``minicloud balancer``: making one, alone or with all that stands behind it, and changing it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.balancer import VIEW
from minicloud.cli.completion import complete_certificate, complete_instances
from minicloud.cli.group_options import (
    changed_tags,
    protocol_choice,
    remove_tag_option,
    with_group_settings,
)
from minicloud.cli.options import balancer_argument, tag_option, tls_policy_option
from minicloud.cli.output import Output, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.waiting import Errand, wait_option
from minicloud.client.balancers import BalancerRequest, BalancerSettings, FrontRequest

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import BalancersShape
    from minicloud.client.target_groups import TargetGroupSettings

_HTTP_PORT, _HTTPS_PORT = 80, 443


def _split(
    _context: click.Context, _option: click.Parameter, texts: Sequence[str]
) -> tuple[str, ...]:
    names = [name.strip() for text in texts for name in text.split(",")]
    if not all(names):
        raise click.BadParameter("a name is empty: write web-1,web-2")
    return tuple(dict.fromkeys(names))


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the balancer itself."""

    @click.option(
        "--idle-timeout",
        "idle_timeout_s",
        type=int,
        metavar="SECONDS",
        help="For so long a connection may be silent, 1 to 4000; default 60.",
    )
    @click.option("--http2/--no-http2", default=None, help="With HTTPS clients; default on.")
    @click.option(
        "--forwarded-for",
        type=click.Choice(["append", "preserve", "remove"]),
        help="What becomes of a client's X-Forwarded-For; default append.",
    )
    @click.option(
        "--deletion-protection/--no-deletion-protection",
        default=None,
        help="Refuse to delete it; default off.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> None:
        command(*args, **options)

    return wrapped


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--instances",
    multiple=True,
    metavar="INSTANCE[,INSTANCE]...",
    callback=_split,
    shell_complete=complete_instances,
    help="Send to these; repeatable. A listener and a target group are made, too.",
)
@click.option(
    "--port", type=int, metavar="PORT", help="Of the listener; default 80, with HTTPS 443."
)
@click.option(
    "--protocol",
    type=protocol_choice("HTTP", "HTTPS", "TCP"),
    help="Of the listener; default HTTP. TCP makes a network balancer.",
)
@click.option(
    "--certificate",
    metavar="CERTIFICATE",
    shell_complete=complete_certificate,
    help="Of an HTTPS listener.",
)
@tls_policy_option
@click.option(
    "--target-port",
    type=int,
    metavar="PORT",
    help="Of the instances; default 80, with TCP as --port.",
)
@click.option(
    "--group-name", metavar="NAME", help="Of the target group; default as the balancer's."
)
@with_group_settings
@click.option(
    "--type",
    "type_name",
    type=click.Choice(["application", "network"]),
    help="Default as --protocol needs it.",
)
@_with_settings
@tag_option
@wait_option
@with_output
@pass_session
def create(
    session: Session, /, output: Output, settings: TargetGroupSettings, wait: bool, **options: Any
) -> None:
    """Make a load balancer.

    With --instances it serves at once: it gets a listener, and a target group with these instances.
    Without, it is bare: give it target groups (minicloud target-group create) and listeners
    (minicloud listener create).

    \b
    Examples:
      minicloud balancer create web --instances web-1,web-2 --health-path /up
      minicloud balancer create shop --instances shop-1 --protocol HTTPS \\
        --certificate shop
      minicloud balancer create db --instances db-1 --protocol TCP --port 5432
      minicloud balancer create bare
    """
    front = _front(options, settings)
    type_name = options.pop("type_name")
    if type_name is None and front is not None and front.protocol == "TCP":
        type_name = "network"
    balancers = session.client.balancers
    made = balancers.create(BalancerRequest(type=type_name, front=front, **options))
    _finish(session, output, made, wait=wait)


@click.command()
@balancer_argument
@_with_settings
@tag_option
@remove_tag_option
@wait_option
@with_output
@pass_session
def modify(
    session: Session, /, output: Output, ref: str, tags: dict[str, str], wait: bool, **options: Any
) -> None:
    """Change a load balancer's settings. No request is lost meanwhile.

    What it does with requests is changed by minicloud listener, rule and target-group.

    \b
    Examples:
      minicloud balancer modify web --idle-timeout 120
      minicloud balancer modify web --deletion-protection --tag team=blue
    """
    removed: Sequence[str] = options.pop("removed_tags")
    if not tags and not removed and all(value is None for value in options.values()):
        raise click.UsageError("say what to change")
    balancers = session.client.balancers
    found = balancers.show(ref)
    all_tags = changed_tags(found["tags"], tags, removed)
    changed = balancers.modify(found["id"], BalancerSettings(tags=all_tags, **options))
    _finish(session, output, changed, wait=wait)


def _finish(session: Session, output: Output, begun: BalancersShape, *, wait: bool) -> None:
    balancers = session.client.balancers
    balancer_id = begun["balancers"][0]["id"]
    Errand(session, output, wait=wait).finish(
        begun["operations"], lambda: output.show_list([balancers.show(balancer_id)], VIEW)
    )


def _front(options: dict[str, Any], settings: TargetGroupSettings) -> FrontRequest | None:
    """Take what is in front of the instances out of the command's options."""
    names = ("port", "protocol", "certificate", "tls_policy", "target_port", "group_name")
    chosen: dict[str, Any] = {name: options.pop(name) for name in names}
    group: dict[str, Any] = {
        "health": settings.health,
        "algorithm": settings.algorithm,
        "stickiness_s": settings.stickiness_s,
        "slow_start_s": settings.slow_start_s,
        "deregistration_delay_s": settings.deregistration_delay_s,
    }
    instances = options.pop("instances")
    if not instances:
        if any(value is not None for value in (*chosen.values(), *group.values())):
            raise click.UsageError(
                "options of a listener or a target group go with --instances; a bare balancer has"
                " neither"
            )
        return None
    if chosen["port"] is None:
        chosen["port"] = _HTTPS_PORT if chosen["protocol"] == "HTTPS" else _HTTP_PORT
    if chosen["protocol"] == "TCP" and chosen["target_port"] is None:
        chosen["target_port"] = chosen["port"]
    return FrontRequest(instances=instances, **chosen, **group)
