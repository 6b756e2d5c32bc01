"""Target groups' attributes, as boto3 asks of them."""

from __future__ import annotations

import pytest

from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import (
    Elbv2World,
    attributes,
    world_of,
)


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


COMMON = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "stickiness.enabled": "false",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
HTTP = {
    **COMMON,
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
}
TCP = {
    **COMMON,
    "deregistration_delay.connection_termination.enabled": "false",
    "preserve_client_ip.enabled": "false",
    "proxy_protocol_v2.enabled": "false",
    "stickiness.type": "source_ip",
}


@pytest.mark.parametrize(("protocol", "expected"), [("HTTP", HTTP), ("TCP", TCP)])
def test_a_new_groups_attributes(
    world: Elbv2World, protocol: str, expected: dict[str, str]
) -> None:
    arn = world.group(Protocol=protocol)["TargetGroupArn"]
    told = world.client.describe_target_group_attributes(TargetGroupArn=arn)
    assert attributes(told) == expected
    before = invariants.snapshot(world.cloud)
    again = world.client.modify_target_group_attributes(
        TargetGroupArn=arn, Attributes=told["Attributes"]
    )
    assert attributes(again) == expected
    assert invariants.snapshot(world.cloud) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"deregistration_delay.timeout_seconds": "0"},
        {"slow_start.duration_seconds": "30"},
        {"load_balancing.algorithm.type": "least_outstanding_requests"},
        {"stickiness.enabled": "true"},
        {"stickiness.enabled": "true", "stickiness.lb_cookie.duration_seconds": "7"},
        # What is off is read back as it was set, too.
        {"stickiness.enabled": "false", "stickiness.lb_cookie.duration_seconds": "7"},
        {"stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": "604800"},
    ],
)
def test_what_is_set_is_read_back(world: Elbv2World, changes: dict[str, str]) -> None:
    arn = world.group()["TargetGroupArn"]
    given = [{"Key": key, "Value": value} for key, value in changes.items()]
    answer = world.client.modify_target_group_attributes(TargetGroupArn=arn, Attributes=given)
    assert attributes(answer) == HTTP | changes
    told = world.client.describe_target_group_attributes(TargetGroupArn=arn)
    assert attributes(told) == HTTP | changes


def test_stickiness_that_is_turned_on_again_lasts_as_long_as_before(world: Elbv2World) -> None:
    arn = world.group()["TargetGroupArn"]
    for key, value in (
        ("stickiness.lb_cookie.duration_seconds", "60"),
        ("stickiness.enabled", "true"),
        ("stickiness.enabled", "false"),
        ("stickiness.enabled", "true"),
    ):
        answer = world.client.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}]
        )
        assert attributes(answer)["stickiness.lb_cookie.duration_seconds"] == "60"
    assert world.cloud.target_groups.show("web").stickiness_s == 60


@pytest.mark.parametrize(
    ("protocol", "key", "value", "code"),
    [
        ("HTTP", "deregistration_delay.timeout_seconds", "3601", "ValidationError"),
        ("HTTP", "slow_start.duration_seconds", "29", "ValidationError"),
        ("HTTP", "stickiness.lb_cookie.duration_seconds", "0", "ValidationError"),
        ("HTTP", "stickiness.type", "app_cookie", "InvalidConfigurationRequest"),
        ("HTTP", "load_balancing.algorithm.type", "weighted_random", "ValidationError"),
        ("HTTP", "preserve_client_ip.enabled", "true", "ValidationError"),
        ("TCP", "preserve_client_ip.enabled", "true", "InvalidConfigurationRequest"),
        ("TCP", "stickiness.enabled", "true", "InvalidConfigurationRequest"),
        ("TCP", "slow_start.duration_seconds", "30", "ValidationError"),
    ],
)
def test_a_value_that_would_not_be_true_is_refused(
    world: Elbv2World, protocol: str, key: str, value: str, code: str
) -> None:
    arn = world.group(Protocol=protocol)["TargetGroupArn"]
    given = [{"Key": key, "Value": value}]
    refusal = world.refused("modify_target_group_attributes", TargetGroupArn=arn, Attributes=given)
    assert refusal[0] == code


def test_slow_start_and_another_algorithm_contradict_each_other(world: Elbv2World) -> None:
    arn = world.group()["TargetGroupArn"]
    given = [
        {"Key": "slow_start.duration_seconds", "Value": "30"},
        {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"},
    ]
    refusal = world.refused("modify_target_group_attributes", TargetGroupArn=arn, Attributes=given)
    assert refusal[0] == "InvalidConfigurationRequest"
