"""Load balancers' attributes, as boto3 asks of them."""

from __future__ import annotations

import pytest

from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud
from tests.unit.elbv2_world import (
    Elbv2World,
    attributes,
    front_of,
    fronted,
    pairs,
    world_of,
)


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


APPLICATION = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
NETWORK = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "false",
    "zonal_shift.config.enabled": "false",
}


@pytest.mark.parametrize(
    ("balancer_type", "expected"), [("application", APPLICATION), ("network", NETWORK)]
)
def test_a_new_balancer_has_awss_defaults(
    world: Elbv2World, balancer_type: str, expected: dict[str, str]
) -> None:
    arn = world.balancer(Type=balancer_type)["LoadBalancerArn"]
    told = world.client.describe_load_balancer_attributes(LoadBalancerArn=arn)
    assert attributes(told) == expected
    # To set what is so already, as Terraform does with all of them, changes nothing.
    before = invariants.snapshot(world.cloud)
    again = world.client.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=told["Attributes"]
    )
    assert attributes(again) == expected
    assert invariants.snapshot(world.cloud) == before


def test_what_is_set_is_read_back_and_followed(world: Elbv2World) -> None:
    arn = world.balancer()["LoadBalancerArn"]
    changes = {
        "deletion_protection.enabled": "true",
        "idle_timeout.timeout_seconds": "4000",
        "routing.http.xff_header_processing.mode": "remove",
        "routing.http2.enabled": "false",
    }
    answer = world.client.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": k, "Value": v} for k, v in changes.items()]
    )
    assert attributes(answer) == APPLICATION | changes
    told = world.client.describe_load_balancer_attributes(LoadBalancerArn=arn)
    assert attributes(told) == APPLICATION | changes
    (document,) = world.cloud.plane.seen().values()
    assert document is not None
    assert (document["idle_timeout_s"], document["xff"]) == (4000, "remove")
    code, message = world.refused("delete_load_balancer", LoadBalancerArn=arn)
    assert code == "OperationNotPermitted"
    assert "deletion protection is enabled" in message
    invariants.check(world.cloud)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("idle_timeout.timeout_seconds", "0", "ValidationError"),
        ("idle_timeout.timeout_seconds", "4001", "ValidationError"),
        ("idle_timeout.timeout_seconds", "x", "ValidationError"),
        ("idle_timeout.timeout_seconds", "-1", "ValidationError"),
        ("routing.http2.enabled", "maybe", "ValidationError"),
        ("routing.http.xff_header_processing.mode", "keep", "ValidationError"),
        ("access_logs.s3.enabled", "true", "InvalidConfigurationRequest"),
        ("client_keep_alive.seconds", "60", "InvalidConfigurationRequest"),
        ("routing.http.desync_mitigation_mode", "strictest", "InvalidConfigurationRequest"),
        ("waf.fail_open.enabled", "true", "InvalidConfigurationRequest"),
        ("load_balancing.cross_zone.enabled", "false", "InvalidConfigurationRequest"),
    ],
)
def test_a_value_that_would_not_be_true_is_refused(
    make_cloud: MakeCloud, key: str, value: str, code: str
) -> None:
    world = world_of(make_cloud(fronted))
    arn = front_of(world)[0]["LoadBalancerArn"]
    # With one that could be set: all of a request is carried out, or nothing.
    given = [{"Key": "deletion_protection.enabled", "Value": "true"}, {"Key": key, "Value": value}]
    refusal = world.refused(
        "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=given
    )
    assert refusal[0] == code


def test_an_unknown_key_is_refused_in_the_words_that_terraform_knows(world: Elbv2World) -> None:
    arn = world.balancer()["LoadBalancerArn"]
    for key in (
        "x.y",
        "routing.http.preserve_host_header.enabled",
        "dns_record.client_routing_policy",
    ):
        code, message = world.refused(
            "modify_load_balancer_attributes",
            LoadBalancerArn=arn,
            Attributes=[{"Key": key, "Value": "true"}],
        )
        assert code == "ValidationError"
        assert message == f"Load balancer attribute key '{key}' is not recognized"
    twice = pairs(routing__http2__enabled="true") * 2
    refusal = world.refused(
        "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=twice
    )
    assert refusal[0] == "ValidationError"
