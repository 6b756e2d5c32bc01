"""Calls about target groups and the targets in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, cast

from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import (
        Health,
        TargetGroups,
        TargetGroupShape,
        TargetGroupsShape,
    )
    from minicloud.client.shapes import Operations


@dataclass(frozen=True)
class HealthCheckRequest:
    """How to check targets; what is None has its default, or stays."""

    protocol: str | None = None
    path: str | None = None
    port: int | Literal["traffic-port"] | None = None
    matcher: str | None = None
    interval_s: int | None = None
    timeout_s: int | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None


@dataclass(frozen=True, kw_only=True)
class TargetGroupSettings:
    """What can be set when a group is made, and changed afterwards; None: as it is."""

    health: HealthCheckRequest | None = None
    algorithm: str | None = None
    deregistration_delay_s: int | None = None
    stickiness_s: int | None = None
    slow_start_s: int | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class TargetGroupRequest(TargetGroupSettings):
    """What target group to make."""

    name: str
    protocol: str | None = None
    port: int | None = None


@dataclass(frozen=True)
class TargetRef:
    """A machine, and its port. None: to register, the group's; to deregister, each that it has."""

    instance: str
    port: int | None = None


class TargetGroupCalls:
    """What can be asked of target groups. A ``ref`` is an id or a name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def without_starting(self) -> TargetGroupCalls:
        """The same, but that they never start a server: for those who ask again and again."""
        return TargetGroupCalls(self._transport.without_starting())

    def list(self) -> TargetGroups:
        """Every group, oldest first."""
        return cast("TargetGroups", self._transport.get("/target-groups"))

    def show(self, ref: str) -> TargetGroupShape:
        """One group, with its targets as they are registered."""
        return cast("TargetGroupShape", self._transport.get(_path(ref)))

    def create(self, request: TargetGroupRequest) -> TargetGroupsShape:
        """Make a group; it is used once a listener or a rule forwards to it."""
        return cast("TargetGroupsShape", self._transport.post("/target-groups", body_of(request)))

    def modify(self, ref: str, settings: TargetGroupSettings) -> TargetGroupsShape:
        """Change what is not None; ``tags`` replace all that there were."""
        return cast("TargetGroupsShape", self._transport.patch(_path(ref), body_of(settings)))

    def delete(self, ref: str) -> Operations:
        """Delete a group that nothing forwards to."""
        return cast("Operations", self._transport.delete(_path(ref))["operations"])

    def register(self, ref: str, targets: Iterable[TargetRef]) -> Operations:
        """Put instances into the group."""
        return self._change(ref, "register", targets)

    def deregister(self, ref: str, targets: Iterable[TargetRef]) -> Operations:
        """Take instances out of the group; each finishes what it has in flight."""
        return self._change(ref, "deregister", targets)

    def health(self, ref: str) -> Health:
        """How each target of the group is."""
        return cast("Health", self._transport.get(f"{_path(ref)}/health"))

    def _change(self, ref: str, action: str, targets: Iterable[TargetRef]) -> Operations:
        body = {"targets": [asdict(target) for target in targets]}
        answer = self._transport.post(f"{_path(ref)}/{action}", body)
        return cast("Operations", answer["operations"])


def _path(ref: str) -> str:
    return f"/target-groups/{segment(ref)}"
