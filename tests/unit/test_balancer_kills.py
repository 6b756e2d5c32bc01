"""Servers killed where no journal is written: at each call of a balancer, before and after it."""

from __future__ import annotations

import pytest

from minicloud.domain.operation import OperationStatus
from tests.unit import invariants
from tests.unit.balancing_scenarios import BALANCING
from tests.unit.cloud import Cloud, Killed
from tests.unit.conftest import MakeCloud
from tests.unit.scenario import Scenario


def _die_at(cloud: Cloud, number: int, *, after: bool) -> None:
    calls = 0

    def count(_method: str) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            cloud.killed.set()
            raise Killed

    if after:
        cloud.plane.on_called = count
    else:
        cloud.plane.on_call = count


def _calls(cloud: Cloud, scenario: Scenario) -> int:
    before = len(cloud.plane.calls)
    cloud.succeed(scenario.ask(cloud))
    return len(cloud.plane.calls) - before


@pytest.mark.parametrize("scenario", BALANCING, ids=lambda scenario: scenario.name)
def test_a_server_killed_while_it_speaks_to_a_balancer_is_taken_up_by_the_next(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    count = _calls(make_cloud(scenario.prepare), scenario)
    assert count or scenario.name == "image-of-stopped-in-group"
    for number in range(1, count + 1):
        for after in (False, True):
            cloud = make_cloud(scenario.prepare)
            _die_at(cloud, number, after=after)
            scenario.ask(cloud)
            cloud.await_death()
            cloud.plane.on_call = cloud.plane.on_called = lambda _method: None
            resumed = cloud.restart()
            assert [o.status for o in resumed] == [OperationStatus.SUCCEEDED], resumed
            invariants.check(cloud)
