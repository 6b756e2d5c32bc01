"""Target groups, as boto3 asks of them."""

from __future__ import annotations

from typing import Any

import pytest

from minicloud.domain.derived_ids import cloud_ids
from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import NOBODY, Elbv2World, fixed, forward, pairs, world_of
from tests.unit.stores import CLOUD_ID

IDS = cloud_ids(CLOUD_ID)
MISSING = f"{NOBODY}:targetgroup/none/0123456789abcdef0"


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


def test_a_group_has_awss_defaults(world: Elbv2World) -> None:
    group = world.group()
    digits = world.cloud.target_groups.show("web").id.removeprefix("tg-")
    assert group == {
        "TargetGroupArn": f"{NOBODY}:targetgroup/web/{digits}",
        "TargetGroupName": "web",
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": IDS.vpc,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": "/",
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [],
        "TargetType": "instance",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }
    assert world.client.describe_target_groups()["TargetGroups"] == [group]
    # As Terraform writes what its user left out.
    assert world.group(ProtocolVersion="") == group


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {"HealthCheckProtocol": "TCP", "HealthCheckTimeoutSeconds": 10}),
        (
            {"HealthCheckProtocol": "HTTP"},
            {
                "HealthCheckTimeoutSeconds": 6,
                "HealthCheckPath": "/",
                "Matcher": {"HttpCode": "200-399"},
            },
        ),
        # An interval that is no longer than the time-out.
        ({"HealthCheckIntervalSeconds": 10}, {"HealthCheckIntervalSeconds": 10}),
    ],
)
def test_a_tcp_group_has_awss_other_defaults(
    world: Elbv2World, members: dict[str, Any], expected: dict[str, Any]
) -> None:
    group = world.group(Protocol="TCP", **members)
    assert expected.items() <= group.items()
    assert "ProtocolVersion" not in group
    assert ("Matcher" in group) is ("HealthCheckPath" in group)
    assert ("Matcher" in group) is (group["HealthCheckProtocol"] == "HTTP")


def test_everything_of_a_health_check_is_read_back(world: Elbv2World) -> None:
    check: dict[str, Any] = {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "8080",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 4,
        "HealthyThresholdCount": 3,
        "UnhealthyThresholdCount": 4,
        "HealthCheckPath": "/up?x=1",
        "Matcher": {"HttpCode": "200,301-302"},
    }
    group = world.group(TargetType="instance", ProtocolVersion="HTTP1", **check)
    assert check.items() <= group.items()
    arn = group["TargetGroupArn"]
    changed = {**check, "HealthCheckPort": "traffic-port", "HealthCheckPath": "/"}
    answer = world.client.modify_target_group(TargetGroupArn=arn, **changed)
    assert changed.items() <= answer["TargetGroups"][0].items()
    one = world.client.modify_target_group(TargetGroupArn=arn, HealthyThresholdCount=10)
    assert one["TargetGroups"] == [{**answer["TargetGroups"][0], "HealthyThresholdCount": 10}]
    found = world.client.describe_target_groups(TargetGroupArns=[arn])
    assert found["TargetGroups"] == one["TargetGroups"]


def test_the_same_again_is_the_same_group(world: Elbv2World) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    group = world.group(HealthCheckPath="/up", Tags=tags)
    assert world.group(HealthCheckPath="/up", Tags=tags) == group
    # Attributes are no settings of its making.
    world.client.modify_target_group_attributes(
        TargetGroupArn=group["TargetGroupArn"],
        Attributes=pairs(deregistration_delay__timeout_seconds="1"),
    )
    assert world.group(HealthCheckPath="/up", Tags=tags) == group
    wanted = {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": IDS.vpc}
    same = {"HealthCheckPath": "/up", "Tags": tags}
    for other in (
        {},
        {**same, "Port": 81},
        {"HealthCheckPath": "/up"},
        {**same, "Protocol": "TCP"},
    ):
        members = {**wanted, **other}
        if members["Protocol"] == "TCP":
            del members["HealthCheckPath"]
        code, message = world.refused("create_target_group", **members)
        assert code == "DuplicateTargetGroupName"
        assert "exists, but with different settings" in message


@pytest.mark.parametrize(
    ("members", "code", "words"),
    [
        ({"Name": "a_b"}, "ValidationError", "name"),
        ({"Protocol": None}, "ValidationError", "A protocol must be specified"),
        ({"Port": None}, "ValidationError", "A port must be specified"),
        ({"VpcId": None}, "ValidationError", "A VPC ID must be specified"),
        ({"VpcId": "vpc-0"}, "ValidationError", "The VPC ID 'vpc-0' is not found"),
        ({"Protocol": "HTTPS"}, "UnsupportedProtocol", "HTTPS"),
        ({"Protocol": "UDP"}, "UnsupportedProtocol", "UDP"),
        ({"ProtocolVersion": "HTTP2"}, "InvalidConfigurationRequest", "HTTP2"),
        ({"ProtocolVersion": "HTTP1", "Protocol": "TCP"}, "InvalidConfigurationRequest", "HTTP1"),
        ({"TargetType": "ip"}, "ValidationError", "'ip' is not supported"),
        ({"TargetType": "lambda"}, "ValidationError", "'lambda' is not supported"),
        ({"IpAddressType": "ipv6"}, "InvalidConfigurationRequest", "ipv6"),
        ({"HealthCheckEnabled": False}, "InvalidConfigurationRequest", "disabled"),
        ({"HealthCheckProtocol": "HTTPS"}, "UnsupportedProtocol", "HTTPS"),
        ({"HealthCheckProtocol": "TCP"}, "InvalidConfigurationRequest", "HTTP"),
        ({"HealthCheckPort": "http"}, "ValidationError", "port"),
        ({"HealthCheckPort": "0"}, "ValidationError", "port"),
        ({"HealthCheckPort": "65536"}, "ValidationError", "port"),
        ({"HealthCheckPath": "up"}, "ValidationError", "path"),
        ({"HealthCheckIntervalSeconds": 5}, "ValidationError", "smaller than the interval"),
        ({"Matcher": {"HttpCode": "500"}}, "ValidationError", "codes"),
        ({"Matcher": {"GrpcCode": "0"}}, "ValidationError", "GrpcCode"),
        ({"Protocol": "TCP", "HealthCheckPath": "/"}, "InvalidConfigurationRequest", "path"),
        (
            {"Protocol": "TCP", "HealthCheckIntervalSeconds": 5},
            "ValidationError",
            "smaller than or equal to the interval",
        ),
        ({"TargetControlPort": 80}, "ValidationError", "TargetControlPort"),
    ],
)
def test_what_a_group_cannot_be_is_refused(
    world: Elbv2World, members: dict[str, Any], code: str, words: str
) -> None:
    wanted = {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": IDS.vpc, **members}
    given = {key: value for key, value in wanted.items() if value is not None}
    said = world.refused("create_target_group", **given)
    assert said[0] == code
    assert words.lower() in said[1].lower()


def test_what_a_group_cannot_become_is_refused(world: Elbv2World) -> None:
    web = world.group()["TargetGroupArn"]
    tcp = world.group("db", Protocol="TCP")["TargetGroupArn"]
    for arn, members, code in (
        (MISSING, {}, "TargetGroupNotFound"),
        ("web", {}, "ValidationError"),
        (web, {"HealthCheckEnabled": False}, "InvalidConfigurationRequest"),
        (web, {"HealthCheckTimeoutSeconds": 30}, "ValidationError"),
        (web, {"HealthCheckProtocol": "TCP"}, "InvalidConfigurationRequest"),
        (tcp, {"HealthCheckPath": "/"}, "InvalidConfigurationRequest"),
    ):
        assert world.refused("modify_target_group", TargetGroupArn=arn, **members)[0] == code


def test_groups_are_found_by_arns_names_and_balancer_and_page_by_page(world: Elbv2World) -> None:
    groups = [world.group(name) for name in ("a", "b", "c")]
    balancer = world.balancer()
    listener = world.listener(balancer, forward(groups[1]))
    describe = world.client.describe_target_groups
    arn = balancer["LoadBalancerArn"]
    assert _names(describe(LoadBalancerArn=arn)) == ["b"]
    assert describe(Names=["b"])["TargetGroups"][0]["LoadBalancerArns"] == [arn]
    assert _names(describe(TargetGroupArns=[groups[2]["TargetGroupArn"]])) == ["c"]
    pages = world.client.get_paginator("describe_target_groups").paginate(
        PaginationConfig={"PageSize": 2}
    )
    assert [_names(page) for page in pages] == [["a", "b"], ["c"]]
    for members, code in (
        ({"TargetGroupArns": [MISSING]}, "TargetGroupNotFound"),
        ({"Names": ["none"]}, "TargetGroupNotFound"),
        ({"Names": ["a"], "LoadBalancerArn": arn}, "ValidationError"),
        (
            {"LoadBalancerArn": f"{NOBODY}:loadbalancer/app/none/0123456789abcdef0"},
            "LoadBalancerNotFound",
        ),
    ):
        assert world.refused("describe_target_groups", **members)[0] == code
    # In use it stays; what nothing sends to goes, and is no error once it has gone.
    in_use = groups[1]["TargetGroupArn"]
    code, message = world.refused("delete_target_group", TargetGroupArn=in_use)
    assert code == "ResourceInUse"
    assert message == f"Target group '{in_use}' is currently in use by a listener or a rule"
    world.client.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[fixed()])
    for _ in range(2):
        world.client.delete_target_group(TargetGroupArn=in_use)
    assert _names(describe()) == ["a", "c"]
    assert world.refused("delete_target_group", TargetGroupArn="x")[0] == "ValidationError"
    invariants.check(world.cloud)


def _names(answer: Any) -> list[str]:
    return [each["TargetGroupName"] for each in answer["TargetGroups"]]
