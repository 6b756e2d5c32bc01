"""What happens to balancers behind our back is made good; what is right is not touched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minicloud.domain.errors import Conflict, EngineUnreachable, NotFound, Unavailable
from minicloud.domain.instance import InstanceState
from minicloud.domain.operation import OperationStatus
from minicloud.domain.target import TargetState
from minicloud.ports.balancer_plane import TargetMode
from tests.unit import invariants
from tests.unit.balancing_scenarios import balanced
from tests.unit.cloud import Cloud, Moment
from tests.unit.conftest import MakeCloud
from tests.unit.scenario import Scenario
from tests.unit.scenarios import SCENARIOS


def _two_balancers(cloud: Cloud) -> None:
    balanced(cloud)
    cloud.balance("beside", "web")


def _name(cloud: Cloud, balancer: str = "front") -> str:
    return cloud.balancers.show(balancer).container_name


def _calls_since(cloud: Cloud, number: int) -> set[str]:
    return set(cloud.plane.calls[number:])


def test_what_is_right_is_not_touched_over_a_restart_of_the_server(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_two_balancers)
    cloud.restart()
    before = len(cloud.plane.calls)
    assert cloud.keeper.keep_once() == []
    assert _calls_since(cloud, before) == {"is_there", "status"}


@pytest.mark.parametrize("harm", ["kill", "lose", "mislead"])
def test_a_balancer_that_was_harmed_is_mended(make_cloud: MakeCloud, harm: str) -> None:
    cloud = make_cloud(_two_balancers)
    getattr(cloud.plane, harm)(_name(cloud))
    before = len(cloud.plane.calls)
    assert cloud.keeper.keep_once() == [cloud.balancers.show("front").id]
    assert cloud.plane.calls[before:].count("apply") == 1
    assert cloud.keeper.keep_once() == []
    invariants.check(cloud)


def test_a_balancer_that_stops_answering_is_brought_up(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.fail_next("status", Unavailable("BalancerUnreachable", "it does not answer"))
    assert len(cloud.keeper.keep_once()) == 1
    invariants.check(cloud)


def test_one_that_cannot_be_mended_does_not_keep_the_others_from_it(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(_two_balancers)
    cloud.plane.lose(_name(cloud))
    cloud.plane.lose(_name(cloud, "beside"))
    cloud.plane.fail_next("ensure", Conflict("NameTaken", "somebody has its name"))
    assert cloud.keeper.keep_once() == [cloud.balancers.show("beside").id]
    assert cloud.keeper.keep_once() == [cloud.balancers.show("front").id]
    invariants.check(cloud)


def test_where_its_image_is_missing_that_is_said(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.lose(_name(cloud))
    cloud.engine.ensure_image_removed(cloud.builder.reference("balancer"))
    cloud.plane.fail_next("ensure", NotFound("EngineObjectMissing", "no such image"))
    with pytest.raises(Unavailable, match="BalancerImageMissing"):
        cloud.fleet.apply(cloud.balancers.show("front").id)
    cloud.plane.fail_next("ensure", NotFound("EngineObjectMissing", "no such image"))
    assert cloud.keeper.keep_once() == []


def test_what_an_operation_holds_is_left_alone(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    kept: list[list[str]] = []

    def look() -> None:
        cloud.plane.lose(_name(cloud))
        kept.append(cloud.keeper.keep_once())

    cloud.on_moment([Moment("remove-container", "started")], look)
    cloud.succeed(cloud.balancers.delete("front"))
    assert kept == [[]]
    invariants.check(cloud)


def test_what_an_operation_changes_is_its_own_to_mend(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    with cloud.store.write() as transaction:
        transaction.claims.take([cloud.balancers.show("front").id], "op-other")
    cloud.plane.lose(_name(cloud))
    assert cloud.keeper.keep_once() == []


def test_a_balancer_that_is_being_made_is_left_alone(cloud: Cloud) -> None:
    kept: list[list[str]] = []
    moments = [Moment("create-container", "started"), Moment("configure", "started")]
    cloud.on_moment(moments, lambda: kept.append(cloud.keeper.keep_once()))
    cloud.balance("front")
    assert kept == [[], []]


def test_without_an_engine_nothing_is_mended(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.fail_next("is_there", EngineUnreachable("gone"))
    with pytest.raises(EngineUnreachable):
        cloud.keeper.keep_once()


def test_the_loop_mends_and_survives_a_defect(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.lose(_name(cloud))
    cloud.plane.fail_next("is_there", RuntimeError("a defect"))
    cloud.plane.fail_next("is_there", EngineUnreachable("gone"))
    cloud.keeper.start()
    name = _name(cloud)
    cloud.wait_until(lambda: bool(cloud.plane.seen().get(name)), cloud.keeper.wake)
    cloud.keeper.stop()
    invariants.check(cloud)


# What the reconciler finds of machines, their balancers are told.


@pytest.mark.parametrize(
    ("happens", "mode", "state"),
    [
        (lambda cloud, name: cloud.engine.kill(name), TargetMode.HELD, TargetState.UNUSED),
        (lambda cloud, name: cloud.engine.remove(name), None, None),
    ],
)
def test_a_machine_that_died_is_left_out_at_once(
    make_cloud: MakeCloud,
    happens: Callable[[Cloud, str], None],
    mode: TargetMode | None,
    state: TargetState | None,
) -> None:
    cloud = make_cloud(balanced)
    machine = cloud.instances.show("web")
    target = f"{cloud.target_groups.show('front').id}/{machine.id}:80"
    happens(cloud, machine.container_name)
    cloud.reconciler.reconcile_once()
    assert cloud.plane.modes(_name(cloud)).get(target) is mode
    assert {h.target_id: h.state for h in cloud.balancers.health("front")}.get(target) is state
    invariants.check(cloud)


def test_a_machine_started_behind_our_back_serves_again(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.stop("web")
    cloud.engine.ensure_started(cloud.instances.show("web").container_name)
    cloud.reconciler.reconcile_once()
    assert set(cloud.plane.modes(_name(cloud)).values()) == {TargetMode.ACTIVE}
    invariants.check(cloud)


def test_a_balancer_that_cannot_be_told_does_not_keep_a_death_from_being_recorded(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    cloud.engine.remove(cloud.instances.show("web").container_name)
    cloud.plane.fail_next("apply", Unavailable("BalancerFailed", "no"))
    assert len(cloud.reconciler.reconcile_once()) == 1
    assert len(cloud.keeper.keep_once()) == 1
    invariants.check(cloud)


def test_a_machine_registered_while_it_is_launched_serves_when_it_runs(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    cloud.on_moment(
        [Moment("start-and-publish", "started")], lambda: cloud.register("front", "third")
    )
    cloud.launch("third")
    assert TargetMode.HELD in cloud.plane.modes(_name(cloud)).values()
    cloud.keeper.keep_once()
    invariants.check(cloud)


JOINING = [s for s in SCENARIOS if s.name in {"start-in-group", "reboot-in-group"}]


@pytest.mark.parametrize("scenario", JOINING, ids=lambda scenario: scenario.name)
def test_a_machine_does_not_wait_for_a_balancer_that_cannot_be_told_it_is_back(
    make_cloud: MakeCloud, scenario: Scenario
) -> None:
    cloud = make_cloud(scenario.prepare)
    last = Moment(scenario.definition.step_names[-1], "started")
    broken = Unavailable("BalancerFailed", "no")
    cloud.on_moment([last], lambda: cloud.plane.fail_next("apply", broken))
    cloud.succeed(scenario.ask(cloud))
    assert cloud.plane.has_fired
    assert cloud.keeper.keep_once() == [cloud.balancers.show("front").id]
    invariants.check(cloud)


def test_a_machine_that_runs_is_not_given_up_for_a_defect_in_telling_of_it(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    cloud.stop("web")
    cloud.plane.fail_next("apply", RuntimeError("a defect"))
    ended = cloud.finish(cloud.instances.start("web"))[0]
    assert ended.status is OperationStatus.FAILED
    assert cloud.instances.show("web").state is InstanceState.RUNNING
    cloud.keeper.keep_once()
    invariants.check(cloud)
