"""``minicloud balancer health``: how the machines behind a balancer are, as it sees them."""

from __future__ import annotations

import click

from minicloud.cli.options import balancer_argument
from minicloud.cli.output import Output, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.target_health import Attention, tell_health, with_attention


@click.command("health")
@balancer_argument
@with_attention
@with_output
@pass_session
def balancer_health(session: Session, output: Output, ref: str, attention: Attention) -> None:
    """Show how each target is, and its last checks.

    Only healthy targets get requests; where none is healthy, all do. With --watch it stays live: on
    a terminal in place, elsewhere a table (with -o json a line) at each change of a state. --wait
    does not count targets that are draining.

    \b
    Examples:
      minicloud balancer health web
      minicloud balancer health web --watch
      minicloud balancer health web --wait --timeout 60
      minicloud balancer health web --query "[?state!='healthy'].reason"
    """
    tell_health(output, session.client.balancers, ref, attention)
