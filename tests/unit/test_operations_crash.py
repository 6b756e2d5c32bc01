"""A server killed at every boundary of every step of every operation, and started again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from minicloud.domain.errors import Unavailable
from minicloud.domain.operation import OperationStatus
from minicloud.operations.registry import DEFINITIONS
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment
from tests.unit.conftest import MakeCloud
from tests.unit.scenario import Scenario
from tests.unit.scenarios import SCENARIOS, UNDOABLE

BROKEN = Unavailable("EngineError", "it broke", "")


def _forward() -> list[object]:
    return [
        pytest.param(scenario, moment, id=f"{scenario.name}-{moment.step}-{moment.name}")
        for scenario in SCENARIOS
        for moment in scenario.forward_moments()
    ]


def _backward() -> list[object]:
    return [
        pytest.param(scenario, moment, id=f"{scenario.name}-{moment.step}-{moment.name}")
        for scenario in UNDOABLE
        for moment in scenario.backward_moments()
    ]


def test_every_operation_has_a_scenario() -> None:
    assert {scenario.kind for scenario in SCENARIOS} == {d.kind for d in DEFINITIONS}


@pytest.mark.parametrize(("scenario", "moment"), _forward())
def test_a_kill_on_the_way_is_healed_by_the_next_server(
    make_cloud: MakeCloud, scenario: Scenario, moment: Moment
) -> None:
    cloud = make_cloud(scenario.prepare)
    cloud.kill_at(moment)
    asked = scenario.ask(cloud)
    cloud.await_death()

    resumed = cloud.restart()

    assert [operation.id for operation in resumed] == [operation.id for operation in asked]
    assert resumed[0].status is OperationStatus.SUCCEEDED, resumed[0].error
    assert resumed[0].steps[moment.step].attempts == 2
    cloud.reconciler.reconcile_once()
    invariants.check(cloud)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_a_kill_leaves_in_the_end_is_what_no_kill_leaves(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    calm, killed = make_cloud(scenario.prepare), make_cloud(scenario.prepare)
    calm.succeed(scenario.ask(calm))
    killed.kill_at(scenario.forward_moments()[-1])
    scenario.ask(killed)
    killed.await_death()
    killed.restart()

    assert _anonymous(killed) == _anonymous(calm)
    invariants.check(calm)


@pytest.mark.parametrize(("scenario", "moment"), _backward())
def test_a_kill_on_the_way_back_is_healed_by_the_next_server(
    make_cloud: MakeCloud, scenario: Scenario, moment: Moment
) -> None:
    cloud = make_cloud(scenario.prepare)
    before = invariants.snapshot(cloud)
    cloud.fail_at(scenario.last_undoable, BROKEN)
    cloud.kill_at(moment)
    scenario.ask(cloud)
    cloud.await_death()

    resumed = cloud.restart()

    assert cloud.has_failed
    assert [operation.status for operation in resumed] == [OperationStatus.FAILED]
    assert resumed[0].error is not None
    assert resumed[0].error.message == BROKEN.message
    invariants.check(cloud)
    assert invariants.snapshot(cloud) == before


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_server_that_stops_in_good_order_leaves_the_rest_to_the_next(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    cloud = make_cloud(scenario.prepare)
    asked = scenario.ask(cloud)
    cloud.runner.stop()
    cloud.restart()
    assert {cloud.operations.show(o.id).status for o in asked} == {OperationStatus.SUCCEEDED}
    invariants.check(cloud)


def _anonymous(cloud: Cloud) -> object:
    """The world without what is drawn by lot or read from the clock."""
    records = invariants.records_of(cloud)
    order = {i.id: number for number, i in enumerate(records.instances)}
    return {
        "instances": [
            (i.state, i.type_name, i.private_ip, i.public_ip, dict(i.tags))
            for i in records.instances
        ],
        "images": [(i.name, i.state, i.size_bytes, i.recipe) for i in records.images],
        "addresses": [
            (a.public_ip, order.get(a.instance_id or ""), dict(a.tags)) for a in records.addresses
        ],
        "balancers": [(b.name, b.state, b.private_ip, b.public_ip) for b in records.balancers],
        "listeners": sorted((i.port, i.protocol) for i in records.listeners),
        "rules": sorted(rule.priority for rule in records.rules),
        "groups": [(g.name, g.stickiness_s) for g in records.groups],
        "targets": sorted((order[t.instance_id], t.port) for t in records.targets),
        "routes": cloud.edge.seen(),
        "ledger": [
            (e.kind, {k: order.get(v, v) for k, v in e.facts.items()}) for e in records.entries
        ],
    }


def test_a_kill_between_two_steps_does_no_step_twice(cloud: Cloud) -> None:
    made = SCENARIOS[0]
    cloud.kill_at(Moment("start-and-publish", "started"))
    asked = made.ask(cloud)
    cloud.await_death()
    steps = cloud.restart()[0].steps
    assert {name: step.attempts for name, step in steps.items()} == {
        "create-container": 1,
        "start-and-publish": 2,
    }
    assert replace(asked[0], steps={}).step_names == tuple(steps)
