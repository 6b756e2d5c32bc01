"""How a target is: every state and reason, and what leads from one to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from balancer_agent.document import Document
from balancer_agent.health import (
    Outcome,
    Reason,
    State,
    TargetHealth,
    check_begun,
    checked,
    place_all,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.agent_documents import (
    NOW,
    a_group,
    a_listener,
    a_rule,
    a_target,
    forward,
    health_settings,
    parsed,
    target_id,
)

PASS = Outcome(True, "200 OK", 1.0)
TIMEOUT = Outcome(False, "timed out after 5 s", 5000.0, Reason.TIMEOUT)
REFUSED = Outcome(False, "connection refused", 0.1, Reason.FAILED)
MISMATCH = Outcome(False, "503 Service Unavailable", 2.0, Reason.MISMATCH)
SETTINGS = health_settings(healthy_threshold=3, unhealthy_threshold=2)
TARGET = target_id(1, 1)


def document(**changes: Any) -> Document:
    return parsed(groups=[a_group(1, a_target(1, **changes))])


def placed(before: TargetHealth | None = None, now: float = NOW, **changes: Any) -> TargetHealth:
    earlier = {} if before is None else {TARGET: before}
    return place_all(document(**changes), earlier, now)[TARGET]


def after(health: TargetHealth, *outcomes: Outcome, now: float = NOW) -> TargetHealth:
    for at, outcome in enumerate(outcomes, 1):
        health = checked(health, outcome, SETTINGS, now + at)
    return health


def summary(health: TargetHealth) -> tuple[State, Reason]:
    return health.state, health.reason


HEALTHY = after(placed(), PASS)
UNHEALTHY = after(placed(), REFUSED, REFUSED)


def test_a_new_target_is_initial_and_says_whether_it_is_being_asked() -> None:
    new = placed()
    assert summary(new) == (State.INITIAL, Reason.REGISTERING)
    asked = check_begun(new)
    assert summary(asked) == (State.INITIAL, Reason.CHECKING)
    assert asked.since == NOW
    assert summary(check_begun(HEALTHY)) == (State.HEALTHY, Reason.NONE)


def test_one_pass_is_enough_for_a_new_target() -> None:
    health = after(check_begun(placed()), PASS)
    assert summary(health) == (State.HEALTHY, Reason.NONE)
    assert health.since == NOW + 1
    assert health.description == ""


@pytest.mark.parametrize(
    ("outcome", "reason", "description"),
    [
        (TIMEOUT, Reason.TIMEOUT, "Request timed out"),
        (REFUSED, Reason.FAILED, "Health checks failed"),
        (MISMATCH, Reason.MISMATCH, "Health checks failed with these codes: [503]"),
    ],
)
@pytest.mark.parametrize("start", [placed(), HEALTHY])
def test_so_many_failures_in_a_row_make_it_unhealthy(
    start: TargetHealth, outcome: Outcome, reason: Reason, description: str
) -> None:
    once = after(start, outcome)
    assert summary(once) == summary(start)
    twice = after(start, outcome, outcome)
    assert summary(twice) == (State.UNHEALTHY, reason)
    assert twice.description == description
    assert twice.since == NOW + 2


def test_a_pass_in_between_begins_the_count_anew() -> None:
    assert after(HEALTHY, REFUSED, PASS, REFUSED).state is State.HEALTHY
    assert after(HEALTHY, REFUSED, PASS, REFUSED, REFUSED).state is State.UNHEALTHY


def test_so_many_passes_in_a_row_bring_it_back() -> None:
    assert after(UNHEALTHY, PASS, PASS).state is State.UNHEALTHY
    assert after(UNHEALTHY, PASS, PASS, REFUSED, PASS, PASS).state is State.UNHEALTHY
    back = after(UNHEALTHY, PASS, PASS, PASS, now=NOW + 100)
    assert summary(back) == (State.HEALTHY, Reason.NONE)
    assert back.since == NOW + 103


def test_an_unhealthy_target_tells_the_latest_reason_and_the_first_moment() -> None:
    health = after(UNHEALTHY, TIMEOUT, now=NOW + 50)
    assert summary(health) == (State.UNHEALTHY, Reason.TIMEOUT)
    assert health.since == UNHEALTHY.since


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"mode": "draining"}, State.DRAINING, Reason.DEREGISTERING),
        ({"mode": "held", "reason": "it is stopped"}, State.UNUSED, Reason.INVALID_STATE),
    ],
)
@pytest.mark.parametrize("start", [None, placed(), HEALTHY, UNHEALTHY])
def test_what_is_not_active_is_not_asked_and_comes_back_as_new(
    start: TargetHealth | None, changes: dict[str, Any], state: State, reason: Reason
) -> None:
    away = placed(start, NOW + 10, **changes)
    assert summary(away) == (state, reason)
    assert away.since == NOW + 10
    assert after(away, PASS, REFUSED, REFUSED) == away
    assert placed(away, NOW + 20, **changes) == away
    back = placed(away, NOW + 30)
    assert summary(back) == (State.INITIAL, Reason.REGISTERING)
    assert (back.since, back.checks, back.streak) == (NOW + 30, (), 0)


def test_a_held_target_says_why_and_drains_when_it_is_deregistered() -> None:
    held = placed(HEALTHY, mode="held", reason="the instance is stopped")
    assert held.description == "the instance is stopped"
    assert held.checks == HEALTHY.checks
    other = placed(held, NOW + 5, mode="held", reason="being imaged")
    assert (other.description, other.since) == ("being imaged", held.since)
    assert placed(held, NOW + 9, mode="draining").since == NOW + 9


def test_a_group_that_nobody_sends_to_is_not_in_use_until_somebody_does() -> None:
    groups = [a_group(1, a_target(1)), a_group(2, a_target(2, 2))]
    unused, other = target_id(2, 2), TARGET
    apart = place_all(parsed(groups=groups), {}, NOW)
    assert summary(apart[unused]) == (State.UNUSED, Reason.NOT_IN_USE)
    assert summary(apart[other]) == (State.INITIAL, Reason.REGISTERING)
    listener = a_listener(80, 1, rules=[a_rule(1, forward(2))])
    joined = place_all(parsed(groups=groups, listeners=[listener]), apart, NOW + 1)
    assert summary(joined[unused]) == (State.INITIAL, Reason.REGISTERING)
    assert joined[other] == apart[other]


@pytest.mark.parametrize("start", [check_begun(placed()), HEALTHY, UNHEALTHY])
def test_a_document_that_changes_nothing_here_changes_nothing(start: TargetHealth) -> None:
    assert placed(start, NOW + 99) == start


def test_another_machine_under_the_same_name_is_new() -> None:
    moved = placed(HEALTHY, NOW + 9, ip="172.31.0.99")
    assert summary(moved) == (State.INITIAL, Reason.REGISTERING)
    assert (moved.ip, moved.checks) == ("172.31.0.99", ())


def test_what_is_registered_no_more_is_forgotten() -> None:
    assert set(place_all(parsed(), {TARGET: HEALTHY, "gone": HEALTHY}, NOW)) == {
        target_id(1, machine) for machine in (1, 2, 3)
    }


def test_the_last_five_checks_are_kept_the_newest_first() -> None:
    health = after(placed(), *[PASS] * 6, REFUSED)
    assert [check.at - NOW for check in health.checks] == [7, 6, 5, 4, 3]
    assert [check.passed for check in health.checks] == [False, True, True, True, True]
    assert health.checks[0].detail == "connection refused"


@pytest.mark.parametrize("health", [placed(), HEALTHY, UNHEALTHY, placed(mode="draining")])
def test_the_disk_gives_back_what_it_was_given(health: TargetHealth) -> None:
    assert TargetHealth.from_json(health.as_json()) == health


@given(st.lists(st.sampled_from([PASS, REFUSED, TIMEOUT, MISMATCH]), max_size=30))
def test_the_state_is_what_the_runs_of_outcomes_say(outcomes: list[Outcome]) -> None:
    """Against a model that knows nothing but the whole history."""
    health = placed()
    state, run, last = State.INITIAL, 0, None
    for at, outcome in enumerate(outcomes):
        health = checked(health, outcome, SETTINGS, NOW + at)
        run = run + 1 if outcome.passed is last else 1
        last = outcome.passed
        if outcome.passed and (state is not State.UNHEALTHY or run >= 3):
            state = State.HEALTHY
        elif not outcome.passed and run >= 2:
            state = State.UNHEALTHY
        assert health.state is state
        assert (health.reason is Reason.NONE) == (state is State.HEALTHY) or (
            state is State.INITIAL
        )


def test_changed_thresholds_hold_from_the_next_check_on() -> None:
    once = after(HEALTHY, REFUSED)
    patient = replace(SETTINGS, unhealthy_threshold=5)
    assert checked(once, REFUSED, patient, NOW).state is State.HEALTHY
    assert checked(once, REFUSED, SETTINGS, NOW).state is State.UNHEALTHY
