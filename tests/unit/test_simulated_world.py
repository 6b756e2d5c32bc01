"""A simulated world that ends with its server, and is made again from the records."""

from __future__ import annotations

import pytest

from minicloud.domain.errors import Conflict
from minicloud.domain.instance import InstanceState
from minicloud.domain.operation import Operation, OperationStatus
from minicloud.services import simulated_world
from tests.fakes.balancer_plane import FakeBalancerPlane
from tests.fakes.builder import SEAL_SCRIPT, FakeBuilder
from tests.fakes.edge import FakeEdge
from tests.fakes.engine import FakeEngine
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment
from tests.unit.conftest import MakeCloud
from tests.unit.scenario import Scenario, serve
from tests.unit.scenarios import SCENARIOS, UNDOABLE

_ALL = [
    pytest.param(scenario, moment, id=f"{scenario.name}-{moment.step}-{moment.name}")
    for scenario in SCENARIOS
    for moment in scenario.forward_moments()
]
_BACK = [
    pytest.param(scenario, moment, id=f"{scenario.name}-{moment.step}-{moment.name}")
    for scenario in UNDOABLE
    for moment in scenario.backward_moments()
]


@pytest.fixture(autouse=True)
def seals_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which scripts ran on an empty disk is no part of the records."""
    monkeypatch.setattr(FakeEngine, "sealed_with", lambda _self, _reference: [SEAL_SCRIPT])


def _begin_anew(cloud: Cloud) -> list[Operation]:
    """End the server and its world, and start another over the records."""
    cloud.runner.stop()
    edition = cloud.builder.edition
    cloud.engine = FakeEngine(cloud.clock)
    cloud.edge = FakeEdge()
    cloud.plane = FakeBalancerPlane(cloud.clock)
    cloud.builder = FakeBuilder(cloud.engine)
    cloud.builder.edition = edition
    serve(cloud)
    cloud._boot()
    simulated_world.restore(cloud.world)
    resumed = cloud.finish(cloud.runner.resume())
    cloud.reconciler.reconcile_once()
    cloud.keeper.keep_once()
    cloud.infrastructure.mend()
    return resumed


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_the_records_say_runs_runs(make_cloud: MakeCloud, scenario: Scenario) -> None:
    cloud = make_cloud(scenario.prepare)
    before = invariants.containers_of(cloud)
    records = invariants.records_of(cloud)
    assert _begin_anew(cloud) == []
    assert invariants.containers_of(cloud) == before
    assert invariants.records_of(cloud) == records
    invariants.check(cloud)


@pytest.mark.parametrize(("scenario", "moment"), _ALL)
def test_an_operation_that_was_cut_off_goes_on_in_the_new_world(
    make_cloud: MakeCloud, scenario: Scenario, moment: Moment
) -> None:
    cloud = make_cloud(scenario.prepare)
    cloud.kill_at(moment)
    scenario.ask(cloud)
    cloud.await_death()
    resumed = _begin_anew(cloud)
    assert [operation.status for operation in resumed] == [OperationStatus.SUCCEEDED]
    invariants.check(cloud)


@pytest.mark.parametrize(("scenario", "moment"), _BACK)
def test_one_that_was_on_its_way_back_leaves_nothing_in_the_new_world(
    make_cloud: MakeCloud, scenario: Scenario, moment: Moment
) -> None:
    cloud = make_cloud(scenario.prepare)
    cloud.fail_at(scenario.last_undoable, Conflict("IncorrectState", "it broke"))
    cloud.kill_at(moment)
    scenario.ask(cloud)
    cloud.await_death()
    resumed = _begin_anew(cloud)
    assert [operation.status for operation in resumed] == [OperationStatus.FAILED]
    invariants.check(cloud)


def test_what_ships_is_on_record_at_once_and_what_was_deleted_stays_so() -> None:
    cloud = Cloud()
    simulated_world.restore(cloud.world)
    simulated_world.build_once(cloud.images, cloud.operations)
    assert cloud.launch(image="web").state is InstanceState.RUNNING
    cloud.succeed(cloud.images.delete("base"))
    _begin_anew(cloud)
    simulated_world.build_once(cloud.images, cloud.operations)
    assert [image.name for image in cloud.images.list_all(include_gone=False)] == ["web"]
    cloud.close()
