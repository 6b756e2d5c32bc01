"""A rule: which requests of a listener are treated otherwise. Forms and limits: ELBv2's.

Conditions of a rule must all hold; of the values of one condition, one is enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network

from minicloud.domain.action import Action
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown

RULES_PER_BALANCER_MAX = 100
VALUES_PER_RULE_MAX = 5
WILDCARDS_PER_RULE_MAX = 6
_HOST = re.compile(r"[A-Za-z0-9.*?-]{1,128}")
_PATH = re.compile(r"[A-Za-z0-9_.$/~\"'@:+&()!,;=%*?-]{1,128}")
_METHOD = re.compile(r"[A-Z_-]{1,40}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_PRINTABLE = re.compile(r"[ -~]{1,128}")


@dataclass(frozen=True)
class HostCondition:
    """The request's host, compared without regard to case; ``*`` and ``?`` are wildcards."""

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be a host."""
        _require_each("host", self.values, _HOST)


@dataclass(frozen=True)
class PathCondition:
    """The request's path, without its query; ``*`` and ``?`` are wildcards."""

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be a path."""
        _require_each("path", self.values, _PATH)


@dataclass(frozen=True)
class MethodCondition:
    """The request's method, exactly."""

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be a method."""
        _require_each("method", self.values, _METHOD)


@dataclass(frozen=True)
class HeaderCondition:
    """A header's value, compared without regard to case; ``*`` and ``?`` are wildcards."""

    name: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be a header; a host has a condition of its own."""
        if not _HEADER_NAME.fullmatch(self.name) or self.name.lower() == "host":
            raise _invalid(f"{shown(self.name)} cannot be the name of a header in a condition")
        _require_each("header value", self.values, _PRINTABLE)


@dataclass(frozen=True)
class QueryValue:
    """A pair in the query; ``key`` None: under whatever key. Both take wildcards."""

    value: str
    key: str | None = None


@dataclass(frozen=True)
class QueryCondition:
    """One of the query's pairs, compared without regard to case."""

    values: tuple[QueryValue, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be in a query."""
        texts = [pair.value for pair in self.values]
        _require_each("query value", tuple(texts), _PRINTABLE)
        for pair in self.values:
            if pair.key is not None:
                _require_each("query key", (pair.key,), _PRINTABLE)


@dataclass(frozen=True)
class SourceIpCondition:
    """The client's address, in one of these IPv4 ranges (CIDR)."""

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        for value in self.values:
            try:
                IPv4Network(value)
            except ValueError as error:
                raise _invalid(f"{shown(value)} is no IPv4 range like 10.0.0.0/8") from error


Condition = (
    HostCondition
    | PathCondition
    | MethodCondition
    | HeaderCondition
    | QueryCondition
    | SourceIpCondition
)


@dataclass(frozen=True)
class Rule:
    """A rule's record; the lowest ``priority`` (1 to 50,000) is tried first."""

    id: str
    listener_id: str
    priority: int
    conditions: tuple[Condition, ...]
    action: Action
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what AWS refuses."""
        require_range("a rule's priority", self.priority, 1, 50_000)
        if not self.conditions:
            raise _invalid("a rule without a condition would take everything")
        values = [value for condition in self.conditions for value in condition.values]
        if len(values) > VALUES_PER_RULE_MAX or not all(c.values for c in self.conditions):
            raise _invalid(f"a rule has 1 to {VALUES_PER_RULE_MAX} values, one in each condition")
        wildcards = sum(_wildcards(value) for value in values)
        if wildcards > WILDCARDS_PER_RULE_MAX:
            raise _invalid(f"{wildcards} wildcards; a rule has {WILDCARDS_PER_RULE_MAX} at most")
        kinds = [type(c) for c in self.conditions if not isinstance(c, HeaderCondition)]
        kinds = [kind for kind in kinds if kind is not QueryCondition]
        if len(set(kinds)) != len(kinds):
            raise _invalid("a rule has one condition of a kind, except for headers and queries")


def _wildcards(value: str | QueryValue) -> int:
    if isinstance(value, QueryValue):
        return _wildcards(value.value) + _wildcards(value.key or "")
    return value.count("*") + value.count("?")


def _require_each(what: str, values: tuple[str, ...], allowed: re.Pattern[str]) -> None:
    for value in values:
        if not allowed.fullmatch(value):
            raise _invalid(f"{shown(value)} cannot be a {what} in a condition")


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(
        "InvalidConfigurationRequest",
        message,
        "see `minicloud rule create --help` for what a condition may hold",
    )
