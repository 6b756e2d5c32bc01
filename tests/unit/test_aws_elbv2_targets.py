"""Targets, as boto3 asks of them: in, out, and how they are."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from minicloud.aws.elbv2.targets import describe_target_health
from minicloud.domain.target import TargetState
from minicloud.operations.deregister_targets import STOP_SENDING
from tests.unit import invariants
from tests.unit.aws_client import backend_of
from tests.unit.cloud import HANG_S, Cloud, Moment
from tests.unit.conftest import MakeCloud
from tests.unit.elbv2_world import AT_ONCE, NOBODY, Elbv2World, forward, world_of
from tests.unit.scenario import serve

MISSING = f"{NOBODY}:targetgroup/none/0123456789abcdef0"
NOT_REGISTERED = {
    "State": "unused",
    "Reason": "Target.NotRegistered",
    "Description": "Target is not registered to the target group",
}


def _two(cloud: Cloud) -> None:
    serve(cloud)
    cloud.launch("one")
    cloud.launch("two")


@pytest.fixture
def world(make_cloud: MakeCloud) -> Elbv2World:
    return world_of(make_cloud(_two))


def _targets(world: Elbv2World) -> list[dict[str, Any]]:
    return [{"Id": each.id} for each in world.cloud.instances.list_all(include_terminated=False)]


def _health(world: Elbv2World, group: Any, *targets: dict[str, Any]) -> list[Any]:
    named = {"Targets": list(targets)} if targets else {}
    answer = world.client.describe_target_health(TargetGroupArn=group["TargetGroupArn"], **named)
    return list(answer["TargetHealthDescriptions"])


def test_the_whole_life_of_a_target(world: Elbv2World) -> None:
    one, two = _targets(world)
    group = world.group()
    arn = group["TargetGroupArn"]
    world.client.register_targets(TargetGroupArn=arn, Targets=[one, two])
    assert [each["TargetHealth"] for each in _health(world, group)] == [
        {
            "State": "unused",
            "Reason": "Target.NotInUse",
            "Description": "Target group is not configured to receive traffic from the load"
            " balancer",
        }
    ] * 2
    world.listener(world.balancer(), forward(group))
    waiter = world.client.get_waiter("target_in_service")
    waiter.wait(TargetGroupArn=arn, Targets=[one, two], WaiterConfig=AT_ONCE)
    assert _health(world, group, one) == [
        {
            "Target": {"Id": one["Id"], "Port": 80},
            "HealthCheckPort": "80",
            "TargetHealth": {"State": "healthy"},
        }
    ]
    world.client.deregister_targets(TargetGroupArn=arn, Targets=[one])
    waiter = world.client.get_waiter("target_deregistered")
    waiter.wait(TargetGroupArn=arn, Targets=[one], WaiterConfig=AT_ONCE)
    assert _health(world, group, one)[0]["TargetHealth"] == NOT_REGISTERED
    assert [each["Target"]["Id"] for each in _health(world, group)] == [two["Id"]]
    # As on AWS, what is not registered is no error.
    world.client.deregister_targets(TargetGroupArn=arn, Targets=[one])
    world.cloud.finish(world.cloud.operations.list_recent(10))
    invariants.check(world.cloud)


def test_a_target_that_is_leaving_is_draining_from_the_first_moment(world: Elbv2World) -> None:
    one, _ = _targets(world)
    group = world.group()
    world.listener(world.balancer(), forward(group))
    world.client.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[one])
    world.cloud.finish(world.cloud.operations.list_recent(10))
    seen: list[Any] = []

    def look(method: str) -> None:
        if method == "apply" and not seen:
            # On this thread, which has the fake's lock.
            request: Any = {"TargetGroupArn": group["TargetGroupArn"]}
            told = describe_target_health(backend_of(world.cloud), request)
            seen.extend(each["TargetHealth"] for each in told["TargetHealthDescriptions"])

    world.cloud.plane.on_call = look
    world.client.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[one])
    world.cloud.finish(world.cloud.operations.list_recent(1))
    assert seen == [
        {
            "State": "draining",
            "Reason": "Target.DeregistrationInProgress",
            "Description": "Target deregistration is in progress",
        }
    ]


def test_a_target_gets_nothing_new_once_its_leaving_is_answered(world: Elbv2World) -> None:
    one, two = _targets(world)
    group = world.group()
    world.listener(world.balancer(), forward(group))
    world.client.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[one, two])
    world.cloud.finish(world.cloud.operations.list_recent(10))
    may_go_on = threading.Event()
    world.cloud.on_moment([Moment("drain", "started")], lambda: _wait(may_go_on))
    world.client.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[one])
    (operation,) = world.cloud.operations.list_recent(1)
    may_go_on.set()
    assert operation.is_done(STOP_SENDING)
    assert not operation.status.has_ended
    world.cloud.succeed([operation])


def _wait(event: threading.Event) -> None:
    assert event.wait(HANG_S)


def test_a_target_that_fails_its_check_says_why(world: Elbv2World) -> None:
    world.cloud.plane.answer = lambda _target: (TargetState.UNHEALTHY, "Target.Timeout")
    one, _ = _targets(world)
    group = world.group(HealthCheckPort="8080")
    world.client.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[one])
    world.listener(world.balancer(), forward(group))
    (health,) = _health(world, group)
    assert health["TargetHealth"] == {"State": "unhealthy", "Reason": "Target.Timeout"}
    assert health["HealthCheckPort"] == "8080"


def test_a_port_of_its_own(world: Elbv2World) -> None:
    one, two = _targets(world)
    group = world.group()
    arn = group["TargetGroupArn"]
    other = {**one, "Port": 9000}
    world.client.register_targets(TargetGroupArn=arn, Targets=[one, other, two])
    assert {(each["Target"]["Id"], each["HealthCheckPort"]) for each in _health(world, group)} == {
        (one["Id"], "80"),
        (one["Id"], "9000"),
        (two["Id"], "80"),
    }
    # Without a port it is the group's alone.
    world.client.deregister_targets(TargetGroupArn=arn, Targets=[one])
    assert _health(world, group, one)[0]["TargetHealth"] == NOT_REGISTERED
    assert _health(world, group, other)[0]["TargetHealth"]["Reason"] == "Target.NotInUse"


def test_a_stopped_machine_is_unused_and_cannot_be_registered(world: Elbv2World) -> None:
    one, two = _targets(world)
    group = world.group()
    arn = group["TargetGroupArn"]
    world.client.register_targets(TargetGroupArn=arn, Targets=[one])
    world.listener(world.balancer(), forward(group))
    world.cloud.stop("one")
    world.cloud.stop("two")
    assert [each["TargetHealth"] for each in _health(world, group)] == [
        {
            "State": "unused",
            "Reason": "Target.InvalidState",
            "Description": "Target is in the stopped state",
        }
    ]
    code, message = world.refused("register_targets", TargetGroupArn=arn, Targets=[two])
    assert code == "InvalidTarget"
    assert message == (
        f"The following targets are not in a running state and cannot be registered: '{two['Id']}'"
    )
    # It can be taken out.
    world.client.deregister_targets(TargetGroupArn=arn, Targets=[one])
    world.cloud.finish(world.cloud.operations.list_recent(1))
    assert _health(world, group) == []


@pytest.mark.parametrize(
    "method", ["register_targets", "deregister_targets", "describe_target_health"]
)
def test_what_cannot_be_a_target_is_refused(world: Elbv2World, method: str) -> None:
    one, _ = _targets(world)
    arn = world.group()["TargetGroupArn"]
    for group_arn, target, code in (
        (MISSING, one, "TargetGroupNotFound"),
        ("web", one, "ValidationError"),
        (arn, {"Id": "i-0123456789abcdef0"}, "InvalidTarget"),
        (arn, {"Id": "10.0.0.1"}, "InvalidTarget"),
        (arn, {**one, "Port": 65536}, "ValidationError"),
        (arn, {**one, "AvailabilityZone": "all"}, "ValidationError"),
    ):
        refusal = world.refused(method, TargetGroupArn=group_arn, Targets=[one, target])
        assert refusal[0] == code, target


def test_a_balancer_that_does_not_answer_knows_no_health(world: Elbv2World) -> None:
    one, _ = _targets(world)
    group = world.group()
    world.client.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[one])
    world.listener(world.balancer(), forward(group))
    world.cloud.plane.kill(world.cloud.balancers.show("front").container_name)
    with pytest.raises(ClientError) as caught:
        _health(world, group)
    assert caught.value.response["Error"]["Code"] == "HealthUnavailable"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
