"""What nginx is told, and what the server is: of any document and any health."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from balancer_agent.document import parse_document
from balancer_agent.health import State, TargetHealth, place_all
from balancer_agent.metrics import Meters
from balancer_agent.report import Connections, describe_targets, figures, not_yet_drained
from balancer_agent.snapshot import eligible, snapshot

from tests.unit.agent_documents import (
    NOW,
    a_document,
    a_group,
    a_listener,
    a_target,
    everything,
    group_id,
    parsed,
    target_id,
)

SECRET = "0f" * 32
H, U, N = State.HEALTHY, State.UNHEALTHY, State.INITIAL
D, X = State.DRAINING, State.UNUSED


def health_of(*states: State) -> dict[str, TargetHealth]:
    health = place_all(parsed(groups=[a_group(1, *targets(len(states)))]), {}, NOW)
    return {
        target: replace(known, state=state, since=NOW + at)
        for at, ((target, known), state) in enumerate(zip(health.items(), states, strict=True))
    }


def targets(count: int) -> list[dict[str, Any]]:
    return [a_target(machine) for machine in range(1, count + 1)]


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        ([H, H, H], [1, 2, 3]),
        ([H, U, N], [1]),
        ([U, U, U], [1, 2, 3]),  # fail open
        ([U, N, U], [1, 3]),
        ([N, N], []),
        ([D, X, N], []),
        ([D, U], [2]),
        ([D, H, U], [2]),
        ([D, D], []),
        ([], []),
    ],
)
def test_who_gets_requests(states: list[State], chosen: list[int]) -> None:
    health = health_of(*states)
    (group,) = parsed(groups=[a_group(1, *targets(len(states)))]).groups
    assert [target.id for target in eligible(group, health)] == [
        target_id(1, machine) for machine in chosen
    ]


def test_the_snapshot_says_all_and_no_more() -> None:
    document = parsed(groups=[a_group(1, *targets(3), slow_start_s=30)], idle_timeout_s=90)
    told = snapshot(document, health_of(H, U, H), SECRET)
    raw = a_document()
    assert told == {
        "secret": SECRET,
        "xff": "append",
        "listeners": {
            "80": {
                "id": raw["listeners"][0]["id"],
                "protocol": "HTTP",
                "rules": [],
                "actions": raw["listeners"][0]["actions"],
            }
        },
        "groups": {
            group_id(1): {
                "algorithm": "round_robin",
                "stickiness_s": 0,
                "slow_start_s": 30,
                "idle_timeout_s": 90,
                "targets": [
                    {"id": target_id(1, 1), "ip": "172.31.0.1", "port": 80, "since": NOW},
                    {"id": target_id(1, 3), "ip": "172.31.0.3", "port": 80, "since": NOW + 2},
                ],
            }
        },
    }


def test_who_serves_only_because_all_are_unhealthy_does_not_start_slowly() -> None:
    document = parsed(groups=[a_group(1, *targets(2), slow_start_s=30)])
    told = snapshot(document, health_of(U, U), SECRET)
    assert [entry["since"] for entry in told["groups"][group_id(1)]["targets"]] == [0.0, 0.0]


def test_the_snapshot_of_everything_is_json_and_holds_no_key_of_a_certificate() -> None:
    document = parse_document(everything())
    text = json.dumps(snapshot(document, place_all(document, {}, NOW), SECRET))
    assert "PRIVATE" not in text
    assert set(json.loads(text)["listeners"]) == {"80", "443"}


def test_drained_is_who_has_nothing_in_flight_or_no_time_left() -> None:
    draining = [
        a_target(1, mode="draining", drain_until=NOW + 10),
        a_target(2, mode="draining", drain_until=NOW + 10),
        a_target(3, mode="draining"),
        a_target(4, mode="held", drain_until=NOW - 1),
    ]
    document = parsed(groups=[a_group(1, *draining)])
    one, two, three, four = (target_id(1, machine) for machine in (1, 2, 3, 4))
    in_flight = {one: 2, three: 1, four: 9, "unknown": 5}
    asked = [one, two, three, four, "unknown"]
    assert not_yet_drained(document, asked, in_flight, NOW) == {one: 2, three: 1}
    assert not_yet_drained(document, asked, in_flight, NOW + 10) == {three: 1}
    assert not_yet_drained(document, asked, {}, NOW) == {}
    assert not_yet_drained(document, [two], in_flight, NOW) == {}


def test_targets_are_described_as_they_are() -> None:
    document = parsed()
    (first, *_) = describe_targets(document, health_of(H, U, N), {target_id(1, 1): 7})
    assert first == {
        "id": target_id(1, 1),
        "group": group_id(1),
        "state": "healthy",
        "reason": "Elb.RegistrationInProgress",
        "description": "Target registration is in progress",
        "since": NOW,
        "in_flight": 7,
        "checks": [],
    }


def test_the_figures_count_states_and_what_is_in_flight() -> None:
    document = parsed(listeners=[a_listener(80, 1)])
    meters = Meters(NOW)
    meters.observe(1, {"requests": 10, f"{group_id(1)}|requests": 8, f"{group_id(1)}|t16": 8})
    connections = Connections({target_id(1, 1): 2, "gone": 1}, active=7)
    told = figures(document, health_of(H, U, D), connections, meters)
    assert told["groups"][group_id(1)] == {
        "requests": 8,
        "p50_ms": 0.4,
        "p90_ms": 0.4,
        "p99_ms": 0.4,
        "initial": 0,
        "healthy": 1,
        "unhealthy": 1,
        "unused": 0,
        "draining": 1,
        "in_flight": 2,
    }
    assert told["balancer"] == {"requests": 10, "in_flight": 3, "active_connections": 7}
    assert told["since"] == NOW


def test_the_figures_of_nothing_are_none() -> None:
    told = figures(None, {}, Connections({}, 0), Meters(NOW))
    assert told["groups"] == {}
    assert told["balancer"] == {"in_flight": 0, "active_connections": 0}
