"""What nginx's side is told: the document and its targets' health, made into choices. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from balancer_agent.document import Document, Group, Target
from balancer_agent.health import State, TargetHealth


def eligible(group: Group, health: Mapping[str, TargetHealth]) -> tuple[Target, ...]:
    """The targets that get requests: the healthy ones, or where none is, all the unhealthy.

    AWS calls the latter to fail open: a check that is wrong about all is likelier than all dead.
    """
    for state in (State.HEALTHY, State.UNHEALTHY):
        found = tuple(target for target in group.targets if health[target.id].state is state)
        if found:
            return found
    return ()


def snapshot(document: Document, health: Mapping[str, TargetHealth], secret: str) -> dict[str, Any]:
    """The whole of it, as JSON; ``images/balancer/lua`` and ``js`` read it."""
    return {
        "secret": secret,
        "xff": document.xff,
        "listeners": {
            str(listener.port): {
                "id": listener.id,
                "protocol": listener.protocol,
                "rules": list(listener.rules),
                "actions": list(listener.actions),
            }
            for listener in document.listeners
        },
        "groups": {
            group.id: {
                "algorithm": group.algorithm,
                "stickiness_s": group.stickiness_s,
                "slow_start_s": group.slow_start_s,
                "idle_timeout_s": document.idle_timeout_s,
                "targets": [
                    {
                        "id": target.id,
                        "ip": target.ip,
                        "port": target.port,
                        "since": _served_since(health[target.id]),
                    }
                    for target in eligible(group, health)
                ],
            }
            for group in document.groups
        },
    }


def _served_since(health: TargetHealth) -> float:
    """When its slow start began; one that serves only because none is healthy has none."""
    return health.since if health.state is State.HEALTHY else 0.0
