"""``minicloud bill compare``: what it would have cost otherwise."""

from __future__ import annotations

import click

from minicloud.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "fleet": "minicloud.cli.comparison_fleet:fleet",
        "scaling": "minicloud.cli.comparison_scaling:scaling",
    },
    default="fleet",
)
def compare() -> None:
    """What it would have cost otherwise, by the rules of the bill.

    Without a command it is `fleet`.

    \b
    Examples:
      minicloud bill compare
      minicloud bill compare fleet --night 20:00-08:00 --timezone Asia/Seoul --weekends
      minicloud bill compare scaling --visitors daily --picture argument.svg
    """
