"""What the server is told of the balancer: its targets, its figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from balancer_agent.document import Document
from balancer_agent.health import State, TargetHealth
from balancer_agent.metrics import Meters, balancer_figures, group_figures


@dataclass(frozen=True)
class Connections:
    """What there is now: in flight by target, and ``active`` ones of clients, busy or not."""

    in_flight: Mapping[str, int]
    active: int


def describe_targets(
    document: Document, health: Mapping[str, TargetHealth], in_flight: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Every target, as ``status`` shows it."""
    return [
        {
            "id": target.id,
            "group": group.id,
            "state": health[target.id].state,
            "reason": health[target.id].reason,
            "description": health[target.id].description,
            "since": health[target.id].since,
            "in_flight": in_flight.get(target.id, 0),
            "checks": [asdict(check) for check in health[target.id].checks],
        }
        for group, target in document.targets().values()
    ]


def not_yet_drained(
    document: Document, asked: Iterable[str], in_flight: Mapping[str, int], now: float
) -> dict[str, int]:
    """Those of the targets that have something in flight and time left for it."""
    known = document.targets()
    pending = {}
    for target_id in asked:
        count = in_flight.get(target_id, 0)
        if target_id in known and count > 0:
            _, target = known[target_id]
            if target.drain_until is None or target.drain_until > now:
                pending[target_id] = count
    return pending


def figures(
    document: Document | None,
    health: Mapping[str, TargetHealth],
    connections: Connections,
    meters: Meters,
) -> dict[str, Any]:
    """What ``metrics`` shows."""
    in_flight = connections.in_flight
    groups = document.groups if document is not None else ()
    totals = meters.totals()
    by_group = group_figures(totals, (group.id for group in groups))
    for group in groups:
        states = Counter(health[target.id].state for target in group.targets)
        by_group[group.id].update({str(state): states[state] for state in State})
        by_group[group.id]["in_flight"] = sum(
            in_flight.get(target.id, 0) for target in group.targets
        )
    return {
        "since": meters.since,
        "counters": totals,
        "groups": by_group,
        "balancer": {
            **balancer_figures(totals),
            "in_flight": sum(in_flight.values()),
            "active_connections": connections.active,
        },
        "minutes": meters.minutes(),
    }
