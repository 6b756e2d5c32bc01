"""What a listener or a rule does with a request: as options, and as text."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from minicloud.cli.completion import complete_group
from minicloud.cli.text import one_line, visible

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import (
        ActionShape,
        FixedResponseShape,
        ForwardShape,
        RedirectShape,
    )

_URL = re.compile(
    r"(?P<protocol>https?|#\{protocol\})://(?P<host>[^/:?]+)(?::(?P<port>[^/?]+))?"
    r"(?P<path>/[^?]*)?(?:\?(?P<query>.*))?",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?P<path>/[^?]*)(?:\?(?P<query>.*))?")
_PORTS = {"http": "80", "https": "443", "#{protocol}": "#{port}"}
_SHOWN_MAX = 40


def with_action(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--forward`` and its like; ``action`` is None where none was given."""

    @click.option(
        "--forward",
        "groups",
        multiple=True,
        metavar="GROUP[=WEIGHT]",
        callback=_groups,
        shell_complete=complete_group,
        help="Send to this target group; repeatable, each with its share.",
    )
    @click.option(
        "--stickiness",
        type=int,
        metavar="SECONDS",
        help="With --forward: how long a client stays with its group.",
    )
    @click.option(
        "--redirect",
        metavar="https|URL",
        callback=_redirect,
        help="Answer with another URL; #{protocol} #{host} #{port} #{path} #{query} are the"
        " request's own.",
    )
    @click.option("--redirect-status", type=click.Choice(["301", "302"]), help="Default 301.")
    @click.option(
        "--fixed-response",
        metavar="STATUS[:BODY]",
        callback=_fixed_response,
        help="Answer with this, and ask no target.",
    )
    @click.option("--content-type", metavar="TYPE", help="Of a fixed response; default text/plain.")
    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> None:
        command(*args, action=_taken(options), **options)

    return wrapped


def require_action(action: ActionShape | None) -> ActionShape:
    """The action, or a word on how to name one."""
    if action is None:
        raise click.UsageError("say what to do: --forward, --redirect or --fixed-response")
    return action


def action_text(action: ActionShape) -> str:
    """``forward blue=3, green=1``, ``redirect 301 https://…``, ``answer 503``."""
    if action["type"] == "forward":
        return visible(_forward_text(action))
    if action["type"] == "redirect":
        return visible(_redirect_text(action))
    return visible(f"answer {action['status']}")


def action_lines(action: ActionShape) -> list[str]:
    """All that is known of an action."""
    lines = [action_text(action)]
    if action["type"] == "forward" and action.get("stickiness_s"):
        lines.append(f"a client stays with its group for {action['stickiness_s']} s")
    if action["type"] == "fixed-response":
        lines.append(one_line(f"{action.get('content_type', '')}: {action.get('body', '')}"))
    return lines


def _taken(options: dict[str, Any]) -> ActionShape | None:
    """Take the action out of a command's options."""
    groups, stickiness_s = options.pop("groups"), options.pop("stickiness")
    redirect: RedirectShape | None = options.pop("redirect")
    fixed: FixedResponseShape | None = options.pop("fixed_response")
    status, content_type = options.pop("redirect_status"), options.pop("content_type")
    if sum(map(bool, (groups, redirect, fixed))) > 1:
        raise click.UsageError("choose one of --forward, --redirect and --fixed-response")
    for name, value, needed, what in (
        ("--stickiness", stickiness_s, "--forward", groups),
        ("--redirect-status", status, "--redirect", redirect),
        ("--content-type", content_type, "--fixed-response", fixed),
    ):
        if value is not None and not what:
            raise click.UsageError(f"{name} goes with {needed}")
    if groups:
        return {"type": "forward", "groups": groups, "stickiness_s": stickiness_s or 0}
    if redirect:
        return redirect if status is None else {**redirect, "status": int(status)}
    if fixed:
        return fixed if content_type is None else {**fixed, "content_type": content_type}
    return None


def _groups(
    _context: click.Context, _option: click.Parameter, words: Sequence[str]
) -> list[dict[str, Any]]:
    groups = []
    for word in words:
        ref, equals, weight = word.partition("=")
        is_number = weight.isascii() and weight.isdigit() and len(weight) < 10
        if not ref or (equals and not is_number):
            raise click.BadParameter(f"{visible(word[:_SHOWN_MAX])!r} is not GROUP or GROUP=WEIGHT")
        groups.append({"id": ref, "weight": int(weight) if equals else 1})
    return groups


def _redirect(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> RedirectShape | None:
    if text is None:
        return None
    if text.lower() in {"http", "https"}:
        return {"type": "redirect", "protocol": text.upper(), "port": _PORTS[text.lower()]}
    found = _URL.fullmatch(text) or _PATH.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{visible(text[:_SHOWN_MAX])!r} is not https, a URL or a path; what a URL leaves out"
            " stays as it was"
        )
    parts = {name: part for name, part in found.groupdict().items() if part is not None}
    if "protocol" in parts:
        parts.setdefault("port", _PORTS[parts["protocol"].lower()])
        if not parts["protocol"].startswith("#"):
            parts["protocol"] = parts["protocol"].upper()
    redirect: RedirectShape = {"type": "redirect", **parts}  # type: ignore[typeddict-item]
    return redirect


def _fixed_response(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> FixedResponseShape | None:
    if text is None:
        return None
    status, _, body = text.partition(":")
    if not (status.isascii() and status.isdigit() and len(status) == 3):
        raise click.BadParameter(f"{visible(text[:_SHOWN_MAX])!r} is not STATUS or STATUS:BODY")
    return {"type": "fixed-response", "status": int(status), "body": body}


def _forward_text(action: ForwardShape) -> str:
    groups = action["groups"]
    names = [group.get("name") or group["id"] for group in groups]
    if len(groups) == 1:
        return f"forward {names[0]}"
    shares = (f"{name}={group['weight']}" for name, group in zip(names, groups, strict=True))
    return f"forward {', '.join(shares)}"


def _redirect_text(action: RedirectShape) -> str:
    protocol, host = action.get("protocol", "#{protocol}"), action.get("host", "#{host}")
    port, path = action.get("port", "#{port}"), action.get("path", "/#{path}")
    query = action.get("query", "#{query}")
    url = f"{protocol.lower()}://{host}:{port}{path}" + (f"?{query}" if query else "")
    return f"redirect {action.get('status', 301)} {url}"
