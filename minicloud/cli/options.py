"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Sequence

import click

from minicloud.cli.completion import (
    complete_address,
    complete_balancer,
    complete_group,
    complete_instance,
    complete_type,
)
from minicloud.cli.text import visible

instance_argument = click.argument("ref", metavar="INSTANCE", shell_complete=complete_instance)
instances_argument = click.argument(
    "refs", metavar="INSTANCE...", nargs=-1, required=True, shell_complete=complete_instance
)
address_argument = click.argument("ref", metavar="ADDRESS", shell_complete=complete_address)
balancer_argument = click.argument("ref", metavar="BALANCER", shell_complete=complete_balancer)
group_argument = click.argument("ref", metavar="GROUP", shell_complete=complete_group)
type_option = click.option(
    "-t",
    "--type",
    "type_name",
    required=True,
    metavar="TYPE",
    shell_complete=complete_type,
    help="An instance type, as t3.micro; see `minicloud instance types`.",
)


def _tags(
    _context: click.Context, _option: click.Parameter, pairs: Sequence[str]
) -> dict[str, str]:
    tags = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{visible(pair[:40])!r} is not KEY=VALUE")
        tags[key] = value
    return tags


tag_option = click.option(
    "--tag", "tags", multiple=True, metavar="KEY=VALUE", callback=_tags, help="A tag; repeatable."
)
tags_argument = click.argument("tags", metavar="[KEY=VALUE]...", nargs=-1, callback=_tags)
tls_policy_option = click.option(
    "--tls-policy",
    type=click.Choice(
        ["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"]
    ),
    metavar="POLICY",
    help="ELBSecurityPolicy-TLS13-1-2-2021-06, for TLS 1.2 and 1.3, is the default;"
    " ELBSecurityPolicy-TLS13-1-3-2021-06 is for 1.3 alone.",
)
