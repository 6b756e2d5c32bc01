"""The options that say how a target group chooses and checks its targets.

``balancer create`` has them, too: it can make a group along with the balancer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from minicloud.cli.text import visible

if TYPE_CHECKING:
    from minicloud.client.target_groups import TargetGroupSettings

_TRAFFIC_PORT = "traffic-port"
_HEALTH = {
    "health_protocol": "protocol",
    "health_path": "path",
    "health_port": "port",
    "matcher": "matcher",
    "interval": "interval_s",
    "check_timeout": "timeout_s",
    "healthy_threshold": "healthy_threshold",
    "unhealthy_threshold": "unhealthy_threshold",
}
_GROUP = {
    "algorithm": "algorithm",
    "deregistration_delay": "deregistration_delay_s",
    "stickiness": "stickiness_s",
    "slow_start": "slow_start_s",
}


def protocol_choice(*protocols: str) -> click.Choice[str]:
    """A choice of protocols, however they are typed."""
    return click.Choice(protocols, case_sensitive=False)


def with_group_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a target group, and what they chose as ``settings``."""

    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> None:
        command(*args, settings=_taken(options), **options)

    decorated: Callable[..., None] = wrapped
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def changed_tags(
    tags: Mapping[str, str], added: Mapping[str, str], removed: Sequence[str]
) -> dict[str, str] | None:
    """All tags after the change; None where there is none."""
    if not added and not removed:
        return None
    kept = {key: value for key, value in tags.items() if key not in removed}
    return {**kept, **added}


remove_tag_option = click.option(
    "--remove-tag", "removed_tags", multiple=True, metavar="KEY", help="Take it away; repeatable."
)


def _taken(options: dict[str, Any]) -> TargetGroupSettings:
    """Take the group's settings out of a command's options."""
    from minicloud.client.target_groups import HealthCheckRequest, TargetGroupSettings

    health = {field: options.pop(name) for name, field in _HEALTH.items()}
    group = {field: options.pop(name) for name, field in _GROUP.items()}
    is_checked = any(value is not None for value in health.values())
    return TargetGroupSettings(health=HealthCheckRequest(**health) if is_checked else None, **group)


def _port(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> int | Literal["traffic-port"] | None:
    if text is None or text == _TRAFFIC_PORT:
        return None if text is None else "traffic-port"
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise click.BadParameter(f"{visible(text[:40])!r} is not a port, nor {_TRAFFIC_PORT}")
    return int(text)


_OPTIONS = (
    click.option("--health-path", metavar="PATH", help="What checks ask for; default /."),
    click.option(
        "--health-port",
        metavar=f"PORT|{_TRAFFIC_PORT}",
        callback=_port,
        help="Where checks go; default traffic-port, where the traffic goes.",
    ),
    click.option(
        "--health-protocol",
        type=protocol_choice("HTTP", "TCP"),
        help="Of checks; default as the group's.",
    ),
    click.option(
        "--matcher", metavar="CODES", help="Codes that pass, as 200,301-302; default 200."
    ),
    click.option(
        "--interval", type=int, metavar="SECONDS", help="Between checks, 5 to 300; default 30."
    ),
    click.option(
        "--timeout",
        "check_timeout",
        type=int,
        metavar="SECONDS",
        help="Of a check, 2 to 120; default 5.",
    ),
    click.option(
        "--healthy-threshold", type=int, metavar="N", help="Passes in a row, 2 to 10; default 5."
    ),
    click.option(
        "--unhealthy-threshold",
        type=int,
        metavar="N",
        help="Failures in a row, 2 to 10; default 2.",
    ),
    click.option(
        "--algorithm",
        type=click.Choice(["round_robin", "least_outstanding_requests"]),
        help="How a target is chosen; default round_robin.",
    ),
    click.option(
        "--stickiness",
        type=int,
        metavar="SECONDS",
        help="How long a cookie leads a client to the same target; default 0, off.",
    ),
    click.option(
        "--slow-start",
        type=int,
        metavar="SECONDS",
        help="To a full share of requests, 30 to 900; default 0, off.",
    ),
    click.option(
        "--deregistration-delay",
        type=int,
        metavar="SECONDS",
        help="How long a target that leaves may finish what it does, 0 to 3600; default 300.",
    ),
)
