"""``minicloud demo``: scenarios that play on real containers before one's eyes."""

from __future__ import annotations

import click

from minicloud.cli.lazy import LazyGroup
from minicloud.cli.text import visible


@click.group(
    cls=LazyGroup,
    lazy={"list": "minicloud.cli.demo:list_all", "run": "minicloud.cli.demo:run"},
)
def demo() -> None:
    """Scenarios that show what this can do, and check it."""


@click.command("list")
def list_all() -> None:
    """List the demos.

    \b
    Examples:
      minicloud demo list
    """
    from minicloud.demos import registry

    for name, shows in registry.names().items():
        click.echo(f"{name}  {shows}")


@click.command()
@click.argument("name")
@click.option("--keep", is_flag=True, help="Leave standing what the demo made.")
@click.pass_context
def run(context: click.Context, name: str, keep: bool) -> None:
    """Play a demo on a cloud of its own; ends with 1 where one of its checks failed.

    \b
    Examples:
      minicloud demo run main
      minicloud demo run main --keep
    """
    from minicloud.demos import registry

    names = registry.names()
    if name not in names:
        raise click.BadParameter(f"{visible(name)!r} is not one of: {', '.join(names)}")
    context.exit(registry.run(name, keep=keep))
