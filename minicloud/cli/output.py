"""What a command prints as its result: a table, JSON, YAML, a query's answer, or ids alone."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import click

from minicloud.cli.table import Column, detail_lines, table_lines, terminal_width

Details = Mapping[str, "str | Sequence[str]"]


class View(NamedTuple):
    """How resources of one kind are printed. ``details`` must return printable text; without it
    such resources are only ever listed.
    """

    id_key: str
    columns: Sequence[Column]
    details: Callable[[Any], Details] = lambda _item: {}


class Output:
    """The choice a person made with ``-o``, ``--query`` and ``-q``."""

    def __init__(self, chosen: str | None, query: Any, *, is_quiet: bool) -> None:
        self.is_quiet = is_quiet
        self._query = query
        self._format = chosen or ("json" if query is not None else "table")

    @property
    def is_table(self) -> bool:
        """Whether the result is for reading, not for a program."""
        return self._format == "table" and not self.is_quiet

    def show_list(self, items: Sequence[Any], view: View) -> None:
        """Print resources."""
        if self.is_quiet:
            _print_lines([str(item[view.id_key]) for item in items])
        elif self.is_table:
            _print_lines(table_lines(view.columns, items, terminal_width()))
        else:
            self._print_data(items)

    def show_one(self, item: Any, view: View) -> None:
        """Print one resource with all that is known of it."""
        if self.is_quiet:
            _print_lines([item[view.id_key]])
        elif self.is_table:
            _print_lines(detail_lines(view.details(item)))
        else:
            self._print_data(item)

    def show_next(self, data: Any) -> None:
        """Print a document of a stream: JSON on a line of its own, YAML behind ``---``."""
        if self._format == "yaml":
            click.echo("---")
        self._print_data(data, indent=None)
        sys.stdout.flush()

    def _print_data(self, data: Any, indent: int | None = 2) -> None:
        if self._query is not None:
            data = self._query(data)
        if self._format == "yaml":
            import yaml

            text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
            click.echo(text.removesuffix("\n").removesuffix("\n..."))
        else:
            click.echo(json.dumps(data, indent=indent, ensure_ascii=False))


def with_output(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``-o``, ``--query`` and ``-q``, and what they chose as ``output``."""

    @click.option(
        "-o", "--output", "chosen", type=click.Choice(["table", "json", "yaml"]), help="Format."
    )
    @click.option(
        "--query", callback=_compiled, metavar="JMESPATH", help="Print this part of the JSON."
    )
    @click.option("-q", "--quiet", is_flag=True, help="Print ids alone.")
    @functools.wraps(command)
    def wrapped(*args: Any, chosen: str | None, query: Any, quiet: bool, **options: Any) -> None:
        if quiet and (query is not None or chosen in {"json", "yaml"}):
            raise click.UsageError("-q prints ids alone: leave out --output and --query")
        if query is not None and chosen == "table":
            raise click.UsageError("--query picks from JSON or YAML: leave out --output table")
        output = Output(chosen, query, is_quiet=quiet)
        command(*args, output=output, **options)

    return wrapped


def _compiled(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> Callable[[Any], Any] | None:
    # Compiled before anything is done: a typing error must not be found after a launch.
    if text is None:
        return None
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(text)
    except (JMESPathError, RecursionError) as error:
        raise click.BadParameter(f"not JMESPath: {error}") from error

    def search(data: Any) -> Any:
        try:
            return compiled.search(data)
        except JMESPathError as error:
            raise click.BadParameter(f"the query fails on this answer: {error}") from error

    return search


def _print_lines(lines: Sequence[str]) -> None:
    if lines:
        sys.stdout.write("\n".join(lines) + "\n")
