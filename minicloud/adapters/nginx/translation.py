"""What an agent says of its balancer, in the port's words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from minicloud.domain.target import TargetState
from minicloud.ports.balancer_plane import BalancerStatus, Check, TargetHealth

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVING: Final = "serving"


def status_from(raw: Mapping[str, Any]) -> BalancerStatus:
    """A balancer's status; generations that do not serve any more are retiring."""
    retiring = [known for known in raw["generations"] if known["state"] != _SERVING]
    return BalancerStatus(
        fingerprint=raw["fingerprint"],
        generation=raw["generation"],
        retiring_generations=len(retiring),
        targets=tuple(_health(target) for target in raw["targets"]),
    )


def _health(raw: Mapping[str, Any]) -> TargetHealth:
    return TargetHealth(
        target_id=raw["id"],
        group_id=raw["group"],
        state=TargetState(raw["state"]),
        reason=raw["reason"],
        description=raw["description"],
        since_s=raw["since"],
        in_flight=raw["in_flight"],
        checks=tuple(_check(check) for check in raw["checks"]),
    )


def _check(raw: Mapping[str, Any]) -> Check:
    return Check(
        at_s=raw["at"],
        passed=raw["passed"],
        detail=raw["detail"],
        duration_ms=raw["duration_ms"],
    )
