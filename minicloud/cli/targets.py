"""``minicloud target-group``: the machines in a group: in, out, and how they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from minicloud.cli.completion import complete_instance
from minicloud.cli.options import group_argument
from minicloud.cli.output import Output, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.target_health import Attention, show_health, tell_health, with_attention
from minicloud.cli.text import visible
from minicloud.cli.waiting import Errand, wait_option
from minicloud.client.target_groups import TargetRef

if TYPE_CHECKING:
    from minicloud.client.shapes import Operations


def _targets(
    _context: click.Context, _option: click.Parameter, words: Sequence[str]
) -> list[TargetRef]:
    targets = []
    for word in words:
        instance, colon, port = word.partition(":")
        is_number = port.isascii() and port.isdigit() and len(port) <= 5
        if not instance or (colon and not is_number):
            raise click.BadParameter(f"{visible(word[:40])!r} is not INSTANCE or INSTANCE:PORT")
        targets.append(TargetRef(instance, int(port) if colon else None))
    return targets


_targets_argument = click.argument(
    "targets",
    metavar="INSTANCE[:PORT]...",
    nargs=-1,
    required=True,
    callback=_targets,
    shell_complete=complete_instance,
)


@click.command()
@group_argument
@_targets_argument
@wait_option
@with_output
@pass_session
def register(
    session: Session, output: Output, ref: str, targets: Sequence[TargetRef], wait: bool
) -> None:
    """Put instances into a target group.

    Each gets requests after its first passed check. Without :PORT it is the group's port; the same
    instance may stand there with several.

    \b
    Examples:
      minicloud target-group register web web-3
      minicloud target-group register api shop-1:8080 shop-1:8081
    """
    begun = session.client.target_groups.register(ref, targets)
    _finish(session, output, ref, begun, wait=wait)


@click.command()
@group_argument
@_targets_argument
@wait_option
@with_output
@pass_session
def deregister(
    session: Session, output: Output, ref: str, targets: Sequence[TargetRef], wait: bool
) -> None:
    """Take instances out of a target group.

    They get no new request at once, and finish what they have in flight; that is waited for, up to
    the group's deregistration delay. Without :PORT it is each port that the instance has there.

    \b
    Examples:
      minicloud target-group deregister web web-3
      minicloud target-group deregister api shop-1:8081 --no-wait
    """
    begun = session.client.target_groups.deregister(ref, targets)
    _finish(session, output, ref, begun, wait=wait)


@click.command("health")
@group_argument
@with_attention
@with_output
@pass_session
def group_health(session: Session, output: Output, ref: str, attention: Attention) -> None:
    """Show how each target is, and its last checks.

    With --watch it stays live: on a terminal in place, elsewhere a table (with -o json a line) at
    each change of a state. --wait does not count targets that are draining.

    \b
    Examples:
      minicloud target-group health web
      minicloud target-group health web --wait --timeout 60
    """
    tell_health(output, session.client.target_groups, ref, attention)


def _finish(session: Session, output: Output, ref: str, begun: Operations, *, wait: bool) -> None:
    Errand(session, output, wait=wait).finish(
        begun, lambda: show_health(output, session.client.target_groups.health(ref))
    )
