"""What a listener or a rule does, and for which requests: JSON to the domain, and back.

A target group is named by a ref on its way in (a name or an identifier; the services resolve it)
and told with its identifier and its name on its way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from minicloud.api.requests import Body
from minicloud.domain.action import (
    Action,
    FixedResponseAction,
    ForwardAction,
    RedirectAction,
    WeightedGroup,
)
from minicloud.domain.rule import (
    Condition,
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    SourceIpCondition,
)

View = dict[str, Any]


class WeightedGroupBody(Body):
    """A target group, by a ref, and its share."""

    id: str
    weight: int = 1


class ForwardBody(Body):
    """Send the request to a target of one of these groups."""

    type: Literal["forward"]
    groups: list[WeightedGroupBody]
    stickiness_s: int = 0

    def to_domain(self) -> Action:
        """The action; its groups are refs still."""
        groups = tuple(WeightedGroup(group.id, group.weight) for group in self.groups)
        return ForwardAction(groups, self.stickiness_s)


class RedirectBody(Body):
    """Answer with another URL; what is left out stays as the request has it."""

    type: Literal["redirect"]
    status: int = 301
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"

    def to_domain(self) -> Action:
        """The action."""
        return RedirectAction(**self.model_dump(exclude={"type"}))


class FixedResponseBody(Body):
    """Answer with this, and ask no target."""

    type: Literal["fixed-response"]
    status: int = 200
    content_type: str = "text/plain"
    body: str = ""

    def to_domain(self) -> Action:
        """The action."""
        return FixedResponseAction(**self.model_dump(exclude={"type"}))


ActionBody = Annotated[ForwardBody | RedirectBody | FixedResponseBody, Field(discriminator="type")]


class PathBody(Body):
    """The request's path is one of these patterns."""

    field: Literal["path"]
    values: list[str]

    def to_domain(self) -> Condition:
        """The condition."""
        return PathCondition(tuple(self.values))


class HostBody(Body):
    """The request's host is one of these patterns."""

    field: Literal["host"]
    values: list[str]

    def to_domain(self) -> Condition:
        """The condition."""
        return HostCondition(tuple(self.values))


class MethodBody(Body):
    """The request's method is one of these."""

    field: Literal["method"]
    values: list[str]

    def to_domain(self) -> Condition:
        """The condition."""
        return MethodCondition(tuple(self.values))


class SourceIpBody(Body):
    """The client's address is in one of these ranges."""

    field: Literal["source-ip"]
    values: list[str]

    def to_domain(self) -> Condition:
        """The condition."""
        return SourceIpCondition(tuple(self.values))


class HeaderBody(Body):
    """A header's value is one of these patterns."""

    field: Literal["header"]
    name: str
    values: list[str]

    def to_domain(self) -> Condition:
        """The condition."""
        return HeaderCondition(self.name, tuple(self.values))


class QueryPairBody(Body):
    """A pair of the query; without a key, under whatever key."""

    value: str
    key: str | None = None


class QueryBody(Body):
    """One of the query's pairs is one of these."""

    field: Literal["query"]
    values: list[QueryPairBody]

    def to_domain(self) -> Condition:
        """The condition."""
        return QueryCondition(tuple(QueryValue(pair.value, pair.key) for pair in self.values))


ConditionBody = Annotated[
    PathBody | HostBody | MethodBody | SourceIpBody | HeaderBody | QueryBody,
    Field(discriminator="field"),
]


def action_view(action: Action, group_names: Mapping[str, str]) -> View:
    """An action; ``group_names``: by identifier."""
    match action:
        case ForwardAction():
            groups = [
                {
                    "id": group.group_id,
                    "name": group_names.get(group.group_id, ""),
                    "weight": group.weight,
                }
                for group in action.groups
            ]
            return {"type": "forward", "groups": groups, "stickiness_s": action.stickiness_s}
        case RedirectAction():
            return {
                "type": "redirect",
                "status": action.status,
                "protocol": action.protocol,
                "host": action.host,
                "port": action.port,
                "path": action.path,
                "query": action.query,
            }
        case FixedResponseAction():
            return {
                "type": "fixed-response",
                "status": action.status,
                "content_type": action.content_type,
                "body": action.body,
            }


def condition_views(conditions: Sequence[Condition]) -> list[View]:
    """A rule's conditions."""
    return [_condition_view(condition) for condition in conditions]


def _condition_view(condition: Condition) -> View:
    match condition:
        case HeaderCondition():
            return {"field": "header", "name": condition.name, "values": list(condition.values)}
        case QueryCondition():
            pairs = [{"key": pair.key, "value": pair.value} for pair in condition.values]
            return {"field": "query", "values": pairs}
        case PathCondition():
            return {"field": "path", "values": list(condition.values)}
        case HostCondition():
            return {"field": "host", "values": list(condition.values)}
        case MethodCondition():
            return {"field": "method", "values": list(condition.values)}
        case SourceIpCondition():
            return {"field": "source-ip", "values": list(condition.values)}
