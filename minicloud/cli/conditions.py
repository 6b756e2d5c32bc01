"""Which requests a rule takes: as options, and as text."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.text import visible

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import ConditionShape

_SHOWN_MAX = 40


def with_conditions(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--path`` and its like; ``conditions`` is empty where none was given.

    Of what one option names several times, one is enough; different options must all hold.
    """

    @click.option("--path", "paths", multiple=True, metavar="PATTERN", help="As /img/* or /a?.gif.")
    @click.option("--host", "hosts", multiple=True, metavar="PATTERN", help="As *.shop.example.")
    @click.option("--method", "methods", multiple=True, metavar="METHOD", help="As POST.")
    @click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME:PATTERN",
        callback=_headers,
        help="As 'user-agent: *curl*'.",
    )
    @click.option(
        "--query-string",
        "pairs",
        multiple=True,
        metavar="[KEY=]PATTERN",
        callback=_pairs,
        help="A pair of the URL's query, as version=2; a value alone under whatever key.",
    )
    @click.option("--source-ip", "sources", multiple=True, metavar="CIDR", help="As 10.0.0.0/8.")
    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> None:
        command(*args, conditions=_taken(options), **options)

    return wrapped


def require_conditions(conditions: list[ConditionShape]) -> list[ConditionShape]:
    """The conditions, or a word on how to name one."""
    if not conditions:
        raise click.UsageError(
            "say which requests: --path, --host, --method, --header, --query-string or --source-ip"
        )
    return conditions


def conditions_text(conditions: Sequence[ConditionShape]) -> str:
    """``path /img/* or /css/* and method GET``."""
    return visible(" and ".join(map(_condition_text, conditions)))


def condition_lines(conditions: Sequence[ConditionShape]) -> list[str]:
    """A line a condition."""
    return [visible(_condition_text(condition)) for condition in conditions]


def _taken(options: dict[str, Any]) -> list[ConditionShape]:
    """Take the conditions out of a command's options."""
    conditions: list[ConditionShape] = []
    if paths := options.pop("paths"):
        conditions.append({"field": "path", "values": [*paths]})
    if hosts := options.pop("hosts"):
        conditions.append({"field": "host", "values": [*hosts]})
    if methods := options.pop("methods"):
        conditions.append({"field": "method", "values": [m.upper() for m in methods]})
    for name, values in options.pop("headers").items():
        conditions.append({"field": "header", "name": name, "values": values})
    if pairs := options.pop("pairs"):
        conditions.append({"field": "query", "values": pairs})
    if sources := options.pop("sources"):
        conditions.append({"field": "source-ip", "values": [*sources]})
    return conditions


def _headers(
    _context: click.Context, _option: click.Parameter, texts: Sequence[str]
) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.partition(":"))
        if not name or not value:
            raise click.BadParameter(f"{visible(text[:_SHOWN_MAX])!r} is not 'NAME: PATTERN'")
        headers.setdefault(name.lower(), []).append(value)
    return headers


def _pairs(
    _context: click.Context, _option: click.Parameter, texts: Sequence[str]
) -> list[dict[str, str | None]]:
    pairs: list[dict[str, str | None]] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not (value if equals else key):
            raise click.BadParameter(f"{visible(text[:_SHOWN_MAX])!r} is not KEY=PATTERN")
        pairs.append(
            {"key": key or None, "value": value} if equals else {"key": None, "value": key}
        )
    return pairs


def _condition_text(condition: ConditionShape) -> str:
    header = f" {condition.get('name', '')}:" if condition["field"] == "header" else ""
    values = " or ".join(map(_value_text, condition["values"]))
    return f"{condition['field']}{header} {values}"


def _value_text(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["value"]) if value["key"] is None else f"{value['key']}={value['value']}"
    return str(value)
