"""Asking before something is lost for good: what a cloud has, and whether it may go."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from minicloud.cli.errors import Interrupted
from minicloud.cli.text import counted
from minicloud.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from minicloud.client.shapes import StatusShape


def what_it_has(status: StatusShape, images: str | None = None) -> str:
    """All that would go with the cloud, counted; ``images`` says which of them, where not all."""
    counts = status["counts"]
    machines = sum(n for state, n in counts["instances"].items() if state != "terminated")
    parts = [
        counted(machines, "instance"),
        images or counted(counts["images"], "image"),
        counted(counts["addresses"], "address", "addresses"),
        counted(counts["balancers"], "load balancer"),
        "the ledger",
    ]
    return ", ".join(parts)


def require_consent() -> None:
    """Ask; ``ConfirmationNeeded`` where nobody can be asked, ``NotConfirmed`` where it is no."""
    if not sys.stdin.isatty():
        raise InvalidRequest(
            "ConfirmationNeeded", "there is no terminal to ask at", "to remove it all, add --yes"
        )
    if not click.confirm("Go on?", err=True):
        raise Interrupted("NotConfirmed", "nothing was removed", "to be asked nothing, add --yes")
