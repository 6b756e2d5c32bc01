"""What leaves a target group finishes what it has in flight, and nobody's machine goes before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from minicloud.domain.balancer import BalancerState
from minicloud.domain.errors import Unavailable
from minicloud.domain.instance import InstanceState
from minicloud.domain.operation import Operation, OperationStatus
from minicloud.domain.target import Registration
from minicloud.operations import membership
from minicloud.operations.definition import Run
from minicloud.ports.balancer_plane import TargetMode
from minicloud.services.images import ImageRequest
from minicloud.services.scaling import ScaleUpRequest
from minicloud.services.target_groups import GroupSettings, ModifyTargetGroup, TargetRef
from tests.fakes.balancer_plane import HEALTHY
from tests.unit import invariants
from tests.unit.balancing_scenarios import balanced, balanced_with_address
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud

UNREACHABLE = Unavailable("BalancerUnreachable", "it does not answer")


def _target(cloud: Cloud, instance: str, port: int = 80) -> str:
    instance_id = cloud.instances.show(instance).id
    return f"{cloud.target_groups.show('front').id}/{instance_id}:{port}"


def _modes(cloud: Cloud) -> dict[str, TargetMode]:
    return cloud.plane.modes(cloud.balancers.show("front").container_name)


def _deregister(cloud: Cloud, instance: str, port: int | None = None) -> list[Operation]:
    return cloud.target_groups.deregister("front", [TargetRef(instance, port)])


def _register(cloud: Cloud, instance: str) -> list[Operation]:
    return cloud.target_groups.register("front", [TargetRef(instance)])


def _registrations(cloud: Cloud) -> dict[str, Registration]:
    return {target.id: target.registration for target in invariants.records_of(cloud).targets}


def _await_draining(cloud: Cloud) -> None:
    """Wait until an operation has begun to ask what is in flight."""
    asked = cloud.plane.calls.count("in_flight")
    cloud.wait_until(lambda: cloud.plane.calls.count("in_flight") > asked + 1, lambda: None)


@dataclass
class Scene:
    """What was true of a machine and its balancer at each look at what is in flight."""

    was_up: list[bool] = field(default_factory=list)
    was_reached: list[bool] = field(default_factory=list)
    modes: list[TargetMode] = field(default_factory=list)


def _watch(cloud: Cloud, instance: str) -> Scene:
    scene = Scene()
    machine = cloud.instances.show(instance)
    target, public_ip = _target(cloud, instance), cloud.public_ip(instance) or ""

    def look(method: str) -> None:
        if method == "in_flight":
            container = cloud.engine.container(machine.container_name)
            scene.was_up.append(container is not None and container.is_up)
            scene.was_reached.append(cloud.edge.target(public_ip) == machine.private_ip)
            scene.modes.append(_modes(cloud)[target])

    cloud.plane.on_call = look
    return scene


TAKING_DOWN: dict[str, Callable[[Cloud], list[Operation]]] = {
    "stop": lambda cloud: cloud.instances.stop("web"),
    "terminate": lambda cloud: cloud.instances.terminate("web"),
    "reboot": lambda cloud: cloud.instances.reboot("web"),
    "image": lambda cloud: [cloud.images.create(ImageRequest("web", "golden"))[1]],
    "image-without-reboot": lambda cloud: [
        cloud.images.create(ImageRequest("web", "golden", reboot=False))[1]
    ],
    "scale-up": lambda cloud: cloud.scaling.scale_up(ScaleUpRequest("web", "t3.large")),
    "scale-up-without-reboot": lambda cloud: cloud.scaling.scale_up(
        ScaleUpRequest("web", "t3.large", reboot=False)
    ),
}


@pytest.mark.parametrize("name", TAKING_DOWN)
def test_a_machine_serves_on_until_what_it_has_in_flight_is_done(
    make_cloud: MakeCloud, name: str
) -> None:
    cloud = make_cloud(balanced_with_address)
    cloud.plane.carry(_target(cloud, "web"), 3, 2, 1, 0)
    scene = _watch(cloud, "web")

    cloud.succeed(TAKING_DOWN[name](cloud))

    assert scene.modes[:4] == [TargetMode.HELD] * 4
    assert scene.was_up[:4] == [True] * 4
    # Its address leads to it until then, unless another machine has taken it over.
    assert scene.was_reached[:4] == [name != "scale-up-without-reboot"] * 4
    invariants.check(cloud)


@pytest.mark.parametrize("name", TAKING_DOWN)
def test_nothing_of_this_is_asked_of_the_world_for_a_machine_in_no_group(
    make_cloud: MakeCloud, name: str
) -> None:
    cloud = make_cloud(balanced)
    cloud.deregister("front", "web")
    before = len(cloud.plane.calls)
    cloud.succeed(TAKING_DOWN[name](cloud))
    assert cloud.plane.calls[before:] == []
    invariants.check(cloud)


def test_a_machine_that_no_balancer_can_be_told_of_is_not_stopped(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.fail_next("apply", Unavailable("BalancerFailed", "no"), 50)
    ended = cloud.finish(cloud.instances.stop("web"))[0]
    assert ended.status is OperationStatus.FAILED
    assert "ensure_stopped" not in cloud.engine.calls
    cloud.plane.forget_failures()
    cloud.reconciler.reconcile_once()
    assert cloud.instances.show("web").state is InstanceState.RUNNING
    invariants.check(cloud)


def test_a_balancer_that_was_lost_is_made_again_before_a_machine_leaves(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.lose(cloud.balancers.show("front").container_name)
    cloud.stop("web")
    invariants.check(cloud)


@pytest.mark.parametrize("harm", ["lose", "kill"])
def test_what_a_dead_balancer_carried_is_waited_for_no_longer_than_its_time(
    make_cloud: MakeCloud, harm: str
) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.carry(_target(cloud, "web"), 1)
    name = cloud.balancers.show("front").container_name

    def strike(method: str) -> None:
        if method == "in_flight":
            if name in cloud.plane.seen():
                getattr(cloud.plane, harm)(name)
            cloud.clock.sleep(200)

    cloud.plane.on_call = strike
    ended = cloud.succeed(_deregister(cloud, "web"))[0]
    assert ended.result["left"] == {}
    assert 300_000 <= ended.result["waited_ms"] < 500_000
    assert cloud.keeper.keep_once() == ([] if name in cloud.plane.seen() else [name])
    invariants.check(cloud)


def test_what_is_in_flight_past_the_delay_is_let_go_and_told(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    settings = ModifyTargetGroup(GroupSettings(deregistration_delay_s=60))
    cloud.succeed(cloud.target_groups.modify("front", settings)[1])
    target = _target(cloud, "web")
    cloud.plane.carry(target, 5)

    def look(method: str) -> None:
        if method == "in_flight":
            cloud.clock.sleep(25)

    cloud.plane.on_call = look
    ended = cloud.succeed(_deregister(cloud, "web"))[0]
    assert ended.result["left"] == {target: 5}
    assert 60_000 <= ended.result["waited_ms"] < 90_000
    invariants.check(cloud)


def test_a_delay_of_nothing_is_over_at_once(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    settings = ModifyTargetGroup(GroupSettings(deregistration_delay_s=0))
    cloud.succeed(cloud.target_groups.modify("front", settings)[1])
    cloud.plane.carry(_target(cloud, "web"), 5)
    cloud.deregister("front", "web")
    assert "in_flight" not in cloud.plane.calls
    invariants.check(cloud)


def test_targets_of_one_group_drain_side_by_side(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    slow, quick = _target(cloud, "web", 8080), _target(cloud, "other")
    cloud.plane.carry(slow, 1)
    first = _deregister(cloud, "web", 8080)
    _await_draining(cloud)

    cloud.succeed(_deregister(cloud, "other"))

    assert cloud.operations.show(first[0].id).status is OperationStatus.RUNNING
    assert _modes(cloud)[slow] is TargetMode.DRAINING
    assert quick not in _modes(cloud)
    cloud.plane.carry(slow, 0)
    cloud.succeed(first)
    invariants.check(cloud)


def test_no_new_request_reaches_a_target_while_it_drains(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    target = _target(cloud, "web", 8080)
    cloud.plane.carry(target, 1)
    asked = _deregister(cloud, "web", 8080)
    _await_draining(cloud)
    cloud.register("front", "other")
    assert _modes(cloud)[target] is TargetMode.DRAINING
    assert cloud.target_groups.deregister("front", [TargetRef("web", 8080)])[0].id == asked[0].id
    cloud.plane.carry(target, 0)
    cloud.succeed(asked)
    invariants.check(cloud)


def test_a_target_that_is_registered_again_while_it_drains_stays(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    target = _target(cloud, "web")
    cloud.plane.carry(target, 1)
    draining = _deregister(cloud, "web", 80)
    _await_draining(cloud)

    cloud.succeed(_register(cloud, "web"))

    assert cloud.succeed(draining)[0].result["left"] == {}
    assert _registrations(cloud)[target] is Registration.REGISTERED
    assert _modes(cloud)[target] is TargetMode.ACTIVE
    invariants.check(cloud)


def test_an_earlier_drain_forgets_nothing_that_a_later_one_drains(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    target, other = _target(cloud, "web"), _target(cloud, "other")
    cloud.plane.carry(target, 1)
    cloud.plane.carry(other, 1)
    earlier = cloud.target_groups.deregister("front", [TargetRef("web", 80), TargetRef("other")])
    _await_draining(cloud)
    cloud.succeed(_register(cloud, "web"))
    later = _deregister(cloud, "web", 80)
    cloud.plane.carry(other, 0)
    _await_draining(cloud)
    assert _registrations(cloud)[target] is Registration.DRAINING
    cloud.plane.carry(target, 0)
    cloud.succeed([*earlier, *later])
    assert _registrations(cloud) == {_target(cloud, "web", 8080): Registration.REGISTERED}
    invariants.check(cloud)


def test_a_machine_waits_for_those_of_its_targets_that_drain_already(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    target = _target(cloud, "web")
    with cloud.store.write() as transaction:
        for each in transaction.targets.of_instance(cloud.instances.show("web").id):
            membership.record_draining(transaction, each, "op-other", cloud.clock.now())
    cloud.plane.carry(target, 2, 1, 0)
    scene = _watch(cloud, "web")
    cloud.succeed(cloud.instances.terminate("web"))
    assert scene.modes == [TargetMode.DRAINING] * 3
    assert scene.was_up == [True] * 3
    invariants.check(cloud)


def test_a_machine_that_ends_while_its_target_drains_ends_with_it(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    target = _target(cloud, "web")
    cloud.plane.carry(target, 1)
    draining = _deregister(cloud, "web")
    _await_draining(cloud)
    ending = cloud.instances.terminate("web")
    _await_draining(cloud)
    cloud.plane.carry(target, 0)
    cloud.succeed([*draining, *ending])
    invariants.check(cloud)


def test_a_deregistration_that_fails_gives_a_target_back_to_who_held_it(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.carry(_target(cloud, "web"), 1)
    rebooting = cloud.instances.reboot("web")
    _await_draining(cloud)
    cloud.plane.fail_next("apply", Unavailable("BalancerFailed", "no"))
    failed = cloud.finish(_deregister(cloud, "web"))[0]
    assert failed.status is OperationStatus.FAILED
    assert _modes(cloud)[_target(cloud, "web")] is TargetMode.HELD
    cloud.plane.carry(_target(cloud, "web"), 0)
    cloud.succeed(rebooting)
    invariants.check(cloud)


def test_a_server_that_stops_amid_a_drain_leaves_it_to_the_next(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    target = _target(cloud, "web")
    cloud.plane.carry(target, 1)
    asked = _deregister(cloud, "web", 80)
    _await_draining(cloud)
    until = _drain_until(cloud, target)
    cloud.runner.stop()
    assert cloud.operations.show(asked[0].id).status is OperationStatus.RUNNING
    assert _drain_until(cloud, target) == until
    cloud.plane.carry(target, 0)
    assert cloud.restart()[0].status is OperationStatus.SUCCEEDED
    invariants.check(cloud)


def _drain_until(cloud: Cloud, target: str) -> object:
    return next(t.drain_until for t in invariants.records_of(cloud).targets if t.id == target)


@pytest.mark.parametrize("name", ["stop", "scale-up-without-reboot"])
def test_a_restart_amid_a_drain_does_not_begin_its_time_anew(
    make_cloud: MakeCloud, name: str
) -> None:
    ask = TAKING_DOWN[name]
    cloud = make_cloud(balanced)
    target = _target(cloud, "web")
    cloud.plane.carry(target, 1)
    ask(cloud)
    _await_draining(cloud)
    until = _drain_until(cloud, target)
    cloud.runner.stop()
    cloud.clock.sleep(100)
    seen: list[object] = []
    cloud.plane.on_call = lambda method: _note(cloud, target, method, seen)
    cloud.restart()
    assert set(seen) == {until}
    invariants.check(cloud)


def _note(cloud: Cloud, target: str, method: str, seen: list[object]) -> None:
    if method == "in_flight":
        seen.append(_drain_until(cloud, target))
        cloud.plane.carry(target, 0)


def test_in_a_scale_up_without_reboot_the_old_machine_leaves_when_the_new_one_was_checked(
    make_cloud: MakeCloud,
) -> None:
    cloud = make_cloud(balanced)
    old = _target(cloud, "web")
    told: list[dict[str, TargetMode]] = []

    def look(method: str) -> None:
        if method == "apply":
            told.append(_modes(cloud))

    # Two targets, told of and asked about twice before they have been checked.
    answers = iter([None] * 6)
    cloud.plane.answer = lambda _target: next(answers, HEALTHY)
    cloud.plane.on_called = look
    asked_before = cloud.plane.calls.count("status")
    cloud.scale_up("web", reboot=False)
    new = _target(cloud, "web")
    assert new != old
    assert cloud.plane.calls.count("status") - asked_before == 3
    # At no time was there neither of the two.
    assert [(modes.get(old), modes.get(new)) for modes in told] == [
        (TargetMode.ACTIVE, TargetMode.ACTIVE),
        (TargetMode.HELD, TargetMode.ACTIVE),
        (None, TargetMode.ACTIVE),
    ]
    invariants.check(cloud)


def test_what_a_balancer_on_its_way_out_carries_is_not_waited_for(make_cloud: MakeCloud) -> None:
    cloud = make_cloud(balanced)
    cloud.plane.carry(_target(cloud, "web"), 1)
    _deregister(cloud, "web")
    _await_draining(cloud)
    cloud.runner.stop()
    balancer = cloud.balancers.show("front")
    with cloud.store.write() as transaction:
        transaction.balancers.save(replace(balancer, state=BalancerState.DELETING))
    cloud.plane.lose(balancer.container_name)

    def wait(_delay_s: float) -> None:
        raise AssertionError("it waits")

    run = Run("op-1", {}, cloud.world, lambda _message, _part: None, pause=wait)
    assert cloud.fleet.await_drained([_target(cloud, "web")], run)["left"] == {}
