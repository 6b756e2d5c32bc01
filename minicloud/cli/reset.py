"""``minicloud reset``: a cloud as new, and still the same."""

from __future__ import annotations

import click

from minicloud.cli.consent import require_consent, what_it_has
from minicloud.cli.output import Output, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import note
from minicloud.cli.waiting import Errand, wait_option


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@wait_option
@with_output
@pass_session
def reset(session: Session, output: Output, yes: bool, wait: bool) -> None:
    """Empty the cloud: machines, own images, addresses, balancers, money, the ledger all go.

    It is as new and stays itself: its id, settings, clock, AWS keys and port, its certificate
    authority, and the images that were built. What is under way is waited for. The records are
    gone at once; what they told of is taken away after that, also where this is interrupted.

    \b
    Examples:
      minicloud reset
      minicloud --cloud trial reset --yes
    """
    name = session.home.name
    what = what_it_has(session.client.cloud.status(), "the images of its own")
    note(f"this empties cloud {name} for good: {what}")
    if not yes:
        require_consent()
    operations = session.client.cloud.reset()
    Errand(session, output, wait=wait).finish(operations, lambda: note(f"cloud {name} is empty"))
