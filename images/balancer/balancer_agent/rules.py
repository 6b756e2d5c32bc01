"""What a listener or a rule may say: actions and conditions, checked, then passed on as they are.

nginx's side gets them word for word, so the checks here are what keeps a surprise out of it. The
forms are the server's own (``domain/action.py``, ``domain/rule.py``), held to again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any, Final

from balancer_agent.typed import Fields, malformed, require_distinct, shown

GROUP_ID: Final = re.compile(r"tg-[0-9a-f]{17}")
RULE_ID: Final = re.compile(r"rule-[0-9a-f]{17}")
STICKINESS_MAX_S: Final = 604_800
_PRIORITY_MAX: Final = 50_000
_CONTENT_TYPES: Final = frozenset(
    {"text/plain", "text/css", "text/html", "application/javascript", "application/json"}
)
_BODY_MAX_BYTES: Final = 1024
_PLACEHOLDER: Final = re.compile(r"#\{(?:protocol|host|port|path|query)\}")
_REDIRECT_PARTS: Final = {
    "host": re.compile(r"[A-Za-z0-9.-]{0,128}"),
    "path": re.compile(r"[!$%&'()*+,./0-9:;=@A-Z_a-z~-]{0,128}"),
    "query": re.compile(r"[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]{0,128}"),
}
_REDIRECT_PORT: Final = re.compile(r"#\{port\}|[1-9][0-9]{0,4}")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_PRINTABLE: Final = re.compile(r"[ -~]{1,128}")
_VALUES: Final = {
    "path": re.compile(r"[A-Za-z0-9_.$/~\"'@:+&()!,;=%*?-]{1,128}"),
    "host": re.compile(r"[A-Za-z0-9.*?-]{1,128}"),
    "header": _PRINTABLE,
    "method": re.compile(r"[A-Z_-]{1,40}"),
    "source-ip": re.compile(r"[0-9./]{7,18}"),
}
_CONDITIONS_MAX: Final = 5
_VALUES_MAX: Final = 5
_GROUPS_PER_ACTION_MAX: Final = 5


def check_actions(holder: Fields, key: str) -> frozenset[str]:
    """Hold a list of one action to its form; the groups that it sends to."""
    ((raw, place),) = holder.items(key, 1, 1)
    kind = raw.get("type") if isinstance(raw, dict) else None
    if kind == "forward":
        return _check_forward(raw, place)
    if kind == "redirect":
        _check_redirect(raw, place)
    elif kind == "fixed-response":
        _check_fixed_response(raw, place)
    else:
        raise malformed(place, f"is no action but {shown(kind)}")
    return frozenset()


def check_rule(raw: object, place: str) -> tuple[str, int, frozenset[str]]:
    """Hold a rule to its form: its id, its priority, and the groups that it sends to."""
    fields = Fields(raw, place, {"id", "priority", "conditions", "actions"})
    for condition, condition_place in fields.items("conditions", 1, _CONDITIONS_MAX):
        _check_condition(condition, condition_place)
    groups = check_actions(fields, "actions")
    return fields.text("id", RULE_ID), fields.integer("priority", 1, _PRIORITY_MAX), groups


def _check_forward(raw: object, place: str) -> frozenset[str]:
    fields = Fields(raw, place, {"type", "groups", "stickiness_s"})
    fields.integer("stickiness_s", 0, STICKINESS_MAX_S)
    named = []
    for weighted, weighted_place in fields.items("groups", 1, _GROUPS_PER_ACTION_MAX):
        group = Fields(weighted, weighted_place, {"id", "weight"})
        group.integer("weight", 0, 999)
        named.append(group.text("id", GROUP_ID))
    require_distinct(named, place, "group")
    return frozenset(named)


def _check_redirect(raw: object, place: str) -> None:
    fields = Fields(raw, place, {"type", "protocol", "host", "port", "path", "query", "status"})
    fields.choice("protocol", {"HTTP", "HTTPS", "#{protocol}"})
    port = fields.text("port", _REDIRECT_PORT)
    if port.isdigit() and int(port) > 65535:
        raise malformed(place, f"cannot redirect to port {port}")
    for key, pattern in _REDIRECT_PARTS.items():
        text = fields.raw(key)
        if not isinstance(text, str) or not pattern.fullmatch(_PLACEHOLDER.sub("", text)):
            raise malformed(f"{place}.{key}", f"cannot be {shown(text)}")
    if not fields.raw("host") or not fields.raw("path").startswith("/"):
        raise malformed(place, "has no host, or a path that does not begin with /")
    fields.integer("status", 301, 302)


def _check_fixed_response(raw: object, place: str) -> None:
    fields = Fields(raw, place, {"type", "status", "content_type", "body"})
    if fields.integer("status", 200, 599) in range(300, 400):
        raise malformed(place, "answers a redirect without a place to go to")
    fields.choice("content_type", _CONTENT_TYPES)
    body = fields.raw("body")
    if not isinstance(body, str) or _utf8_length(body) > _BODY_MAX_BYTES:
        raise malformed(f"{place}.body", "is not a text of 1024 bytes at most")


def _check_condition(raw: object, place: str) -> None:
    field = raw.get("field") if isinstance(raw, dict) else None
    if field == "query":
        for pair, pair_place in Fields(raw, place, {"field", "values"}).items(
            "values", 1, _VALUES_MAX
        ):
            read = Fields(pair, pair_place, {"key", "value"})
            read.text("value", _PRINTABLE)
            if read.raw("key") is not None:
                read.text("key", _PRINTABLE)
        return
    if not isinstance(field, str) or field not in _VALUES:
        raise malformed(place, f"is about no field but {shown(field)}")
    keys = {"field", "values"} | ({"name"} if field == "header" else set())
    fields = Fields(raw, place, keys)
    if field == "header":
        fields.text("name", _HEADER_NAME)
    _check_values(fields.items("values", 1, _VALUES_MAX), _VALUES[field], field == "source-ip")


def _check_values(
    values: Iterable[tuple[Any, str]], pattern: re.Pattern[str], are_networks: bool
) -> None:
    for value, place in values:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise malformed(place, f"cannot be {shown(value)}")
        if are_networks:
            try:
                IPv4Network(value)
            except ValueError as error:
                raise malformed(place, f"is no IPv4 network: {shown(value)}") from error


def _utf8_length(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return _BODY_MAX_BYTES + 1  # a lone surrogate: no text at all
