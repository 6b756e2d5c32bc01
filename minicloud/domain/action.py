"""What a listener or a rule does with a request. Forms and limits: ELBv2's.

``order`` is the number that a client gave an action; as there is one action, it decides nothing,
and is kept to be told back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown
from minicloud.domain.target_group import STICKINESS_MAX_S

GROUPS_PER_ACTION_MAX = 5
_ORDER_MAX = 50_000
CONTENT_TYPES = frozenset(
    {"text/plain", "text/css", "text/html", "application/javascript", "application/json"}
)
_BODY_LENGTH_MAX = 1024
_PLACEHOLDER = re.compile(r"#\{(protocol|host|port|path|query)\}")
_SAME_URL = ("#{protocol}", "#{host}", "#{port}", "/#{path}", "#{query}")
# What is left of a part once its placeholders are out: printable ASCII that cannot end a header.
_REDIRECT_HOST = re.compile(r"[A-Za-z0-9.-]{0,128}")
_REDIRECT_PATH = re.compile(r"[!$%&'()*+,./0-9:;=@A-Z_a-z~-]{0,128}")
_REDIRECT_QUERY = re.compile(r"[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]{0,128}")


@dataclass(frozen=True)
class WeightedGroup:
    """A target group and its share, ``weight`` of the sum of all weights (0 to 999)."""

    group_id: str
    weight: int = 1


@dataclass(frozen=True)
class ForwardAction:
    """Send the request to a target of one of these groups.

    ``stickiness_s`` 0: each request anew by weight; else how long a client stays with its group.
    ``kept_stickiness_s``: the duration that was named for stickiness that is off, if one was.
    """

    groups: tuple[WeightedGroup, ...]
    stickiness_s: int = 0
    kept_stickiness_s: int | None = None
    order: int | None = None

    def __post_init__(self) -> None:
        """Refuse what AWS refuses."""
        require_range("the number of target groups", len(self.groups), 1, GROUPS_PER_ACTION_MAX)
        for group in self.groups:
            require_range("a target group's weight", group.weight, 0, 999)
        if len({group.group_id for group in self.groups}) != len(self.groups):
            raise _invalid("a target group is named twice", "name each once, with its weight")
        for duration_s in (self.stickiness_s or None, self.kept_stickiness_s):
            if duration_s is not None:
                require_range("the group stickiness", duration_s, 1, STICKINESS_MAX_S, "s")
        _require_order(self.order)

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The groups it sends to."""
        return tuple(group.group_id for group in self.groups)


@dataclass(frozen=True)
class RedirectAction:
    """Answer with another URL; ``#{host}`` and the like stand for the request's own part."""

    status: int = 301
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"
    order: int | None = None

    def __post_init__(self) -> None:
        """Refuse what AWS refuses, and what would lead in a circle."""
        _require_order(self.order)
        if self.status not in {301, 302}:
            raise _invalid(f"a redirect answers 301 or 302, not {self.status}", "choose one")
        if self.protocol not in {"HTTP", "HTTPS", "#{protocol}"}:
            raise _invalid(
                f"{shown(self.protocol)} is no protocol", "use HTTP, HTTPS or #{protocol}"
            )
        if self.port != "#{port}":
            is_number = self.port.isascii() and self.port.isdigit() and len(self.port) <= 5
            require_range("a redirect's port", int(self.port) if is_number else -1, 1, 65535)
        _require_part("host", self.host, _REDIRECT_HOST)
        _require_part("path", self.path, _REDIRECT_PATH)
        _require_part("query", self.query, _REDIRECT_QUERY)
        if not self.path.startswith("/"):
            raise _invalid("a redirect's path begins with /", "write /#{path}, or /elsewhere")
        if (self.protocol, self.host, self.port, self.path, self.query) == _SAME_URL:
            raise _invalid(
                "a redirect to the very same URL would go round for ever",
                "change its protocol, host, port or path",
            )


@dataclass(frozen=True)
class FixedResponseAction:
    """Answer with this, and ask no target."""

    status: int = 200
    content_type: str = "text/plain"
    body: str = ""
    order: int | None = None

    def __post_init__(self) -> None:
        """Refuse what AWS refuses."""
        _require_order(self.order)
        if not (200 <= self.status <= 299 or 400 <= self.status <= 599):
            raise _invalid(
                f"a fixed response answers 2xx, 4xx or 5xx, not {self.status}", "choose another"
            )
        if self.content_type not in CONTENT_TYPES:
            raise _invalid(
                f"{shown(self.content_type)} is no content type of a fixed response",
                f"use one of {', '.join(sorted(CONTENT_TYPES))}",
            )
        if len(self.body.encode("utf-8", "surrogatepass")) > _BODY_LENGTH_MAX:
            raise _invalid(f"the body is longer than {_BODY_LENGTH_MAX} bytes", "answer with less")
        if any(0xD800 <= ord(c) <= 0xDFFF for c in self.body):
            raise _invalid("the body is not text", "send valid Unicode")


Action = ForwardAction | RedirectAction | FixedResponseAction


def groups_of(action: Action) -> tuple[str, ...]:
    """The target groups that an action sends to."""
    return action.group_ids if isinstance(action, ForwardAction) else ()


def _require_order(order: int | None) -> None:
    if order is not None:
        require_range("an action's order", order, 1, _ORDER_MAX)


def _require_part(name: str, text: str, allowed: re.Pattern[str]) -> None:
    if not text and name == "host":
        raise _invalid("a redirect's host is empty", "write #{host} for the request's own")
    if not allowed.fullmatch(_PLACEHOLDER.sub("", text)):
        raise _invalid(
            f"{shown(text)} cannot be the {name} of a redirect",
            "use at most 128 URL characters and #{protocol} #{host} #{port} #{path} #{query}",
        )


def _invalid(message: str, resolution: str) -> InvalidRequest:
    return InvalidRequest("InvalidLoadBalancerAction", message, resolution)
