"""A click group whose commands are imported when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of commands given as ``name: "module:attribute"``, shown in that order.

    Called without a command it shows its help, as ``--help`` does, or it is ``default``, if that is
    given, with the options that there are.
    """

    def __init__(
        self, *args: Any, lazy: Mapping[str, str], default: str | None = None, **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self._lazy = lazy
        self._default = default

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The commands' names."""
        return [*self._lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, imported now."""
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self._lazy[cmd_name]} is not a command")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the group's own options."""
        # While a shell completes a line that ends here, every command can follow still.
        names_none = (
            args[0].startswith("-") and args[0] not in ctx.help_option_names
            if args
            else not ctx.resilient_parsing
        )
        if self._default is not None and names_none:
            args = [self._default, *args]
        return super().parse_args(ctx, args or ["--help"])
