"""Limits and the like, as boto3 asks of them."""

from __future__ import annotations

import pytest

from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import (
    NOBODY,
    Elbv2World,
    world_of,
)


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


MISSING = f"{NOBODY}:loadbalancer/app/none/0123456789abcdef0"


def test_the_limits_are_those_that_are_held(world: Elbv2World) -> None:
    told = world.client.describe_account_limits()["Limits"]
    limits = {limit["Name"]: limit["Max"] for limit in told}
    assert limits["application-load-balancers"] == "20"
    assert limits["rules-per-application-load-balancer"] == "100"
    pages = world.client.get_paginator("describe_account_limits").paginate(
        PaginationConfig={"PageSize": 5}
    )
    assert [limit for page in pages for limit in page["Limits"]] == told


def test_there_are_two_tls_policies(world: Elbv2World) -> None:
    policies = world.client.describe_ssl_policies()["SslPolicies"]
    assert {policy["Name"]: policy["SslProtocols"] for policy in policies} == {
        "ELBSecurityPolicy-TLS13-1-2-2021-06": ["TLSv1.2", "TLSv1.3"],
        "ELBSecurityPolicy-TLS13-1-3-2021-06": ["TLSv1.3"],
    }
    named = world.client.describe_ssl_policies(Names=[policies[1]["Name"]])["SslPolicies"]
    assert named == policies[1:]
    network = world.client.describe_ssl_policies(LoadBalancerType="network")
    assert network["SslPolicies"] == []
    refusal = world.refused("describe_ssl_policies", Names=["ELBSecurityPolicy-2016-08"])
    assert refusal[0] == "SSLPolicyNotFound"


def test_no_capacity_is_reserved(world: Elbv2World) -> None:
    arn = world.balancer()["LoadBalancerArn"]
    answer = world.client.describe_capacity_reservation(LoadBalancerArn=arn)
    assert answer["CapacityReservationState"] == []
    assert "MinimumLoadBalancerCapacity" not in answer
    refusal = world.refused("describe_capacity_reservation", LoadBalancerArn=MISSING)
    assert refusal[0] == "LoadBalancerNotFound"
