"""Calls about the rules of listeners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import (
        ActionShape,
        ConditionShape,
        Rules,
        RuleShape,
        RulesShape,
    )
    from minicloud.client.shapes import Operations


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """What can be set when a rule is made, and changed afterwards; None: as it is."""

    priority: int | None = None
    conditions: Sequence[ConditionShape] | None = None
    action: ActionShape | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class RuleRequest(RuleSettings):
    """What rule to make; it needs all but tags. ``listener`` is an id or ``BALANCER:PORT``."""

    listener: str


class RuleCalls:
    """What can be asked of rules. A ``ref`` is an id."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, listener: str) -> Rules:
        """A listener's rules, the first to be tried first."""
        return cast("Rules", self._transport.get("/rules", listener=listener))

    def show(self, ref: str) -> RuleShape:
        """One rule."""
        return cast("RuleShape", self._transport.get(_path(ref)))

    def create(self, request: RuleRequest) -> RulesShape:
        """Have a listener treat some requests otherwise."""
        return cast("RulesShape", self._transport.post("/rules", body_of(request)))

    def modify(self, ref: str, settings: RuleSettings) -> RulesShape:
        """Change what is not None; ``conditions`` replace all that there were."""
        return cast("RulesShape", self._transport.patch(_path(ref), body_of(settings)))

    def delete(self, ref: str) -> Operations:
        """Delete a rule."""
        return cast("Operations", self._transport.delete(_path(ref))["operations"])


def _path(ref: str) -> str:
    return f"/rules/{segment(ref)}"
