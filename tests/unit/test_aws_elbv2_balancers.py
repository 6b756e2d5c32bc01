"""Load balancers, as boto3 asks of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from minicloud.domain.balancer import BalancerState
from minicloud.domain.derived_ids import cloud_ids
from minicloud.ports.edge import EdgeMode
from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import (
    AT_ONCE,
    NOBODY,
    Elbv2World,
    fixed,
    pairs,
    world_of,
)
from tests.unit.stores import CLOUD_ID

IDS = cloud_ids(CLOUD_ID)
SUBNETS = [IDS.subnet]
MISSING = f"{NOBODY}:loadbalancer/app/none/0123456789abcdef0"


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


def test_a_balancer_is_told_as_it_is(world: Elbv2World) -> None:
    made = world.balancer(Tags=[{"Key": "team", "Value": "a b"}])
    told = world.client.describe_load_balancers()["LoadBalancers"]
    record = world.cloud.balancers.show("front")
    digits = record.id.removeprefix("lb-")
    assert told == [
        {
            "LoadBalancerArn": f"{NOBODY}:loadbalancer/app/front/{digits}",
            "DNSName": record.public_ip,
            "CreatedTime": told[0]["CreatedTime"],
            "LoadBalancerName": "front",
            "Scheme": "internet-facing",
            "VpcId": IDS.vpc,
            "State": {"Code": "active"},
            "Type": "application",
            "AvailabilityZones": [
                {"ZoneName": "us-east-1a", "SubnetId": IDS.subnet, "LoadBalancerAddresses": []}
            ],
            "SecurityGroups": [IDS.security_group],
            "IpAddressType": "ipv4",
        }
    ]
    assert abs((told[0]["CreatedTime"] - record.created_at).total_seconds()) < 1
    assert made["State"]["Code"] in {"provisioning", "active"}
    tags = world.client.describe_tags(ResourceArns=[made["LoadBalancerArn"]])
    assert tags["TagDescriptions"][0]["Tags"] == [{"Key": "team", "Value": "a b"}]
    invariants.check(world.cloud)


def test_a_network_balancer_has_no_security_group(world: Elbv2World) -> None:
    world.balancer(Type="network")
    told = world.client.describe_load_balancers(Names=["front"])["LoadBalancers"][0]
    assert (told["Type"], "SecurityGroups" in told) == ("network", False)
    assert "loadbalancer/net/front/" in told["LoadBalancerArn"]


def test_where_the_edge_is_not_loopback_a_tag_tells_the_ports(world: Elbv2World) -> None:
    made = world.balancer()
    with world.cloud.store.write() as transaction:
        record = transaction.cloud()
        transaction.save_cloud(type(record)(**{**vars(record), "edge_mode": EdgeMode.PUBLISHED}))
    told = world.client.describe_load_balancers()["LoadBalancers"][0]
    assert told["DNSName"] == "127.0.0.1"
    described = world.client.describe_tags(ResourceArns=[made["LoadBalancerArn"]])
    (tag,) = described["TagDescriptions"][0]["Tags"]
    assert tag["Key"] == "minicloud:host-ports"
    assert "80=2" in tag["Value"]


def test_it_is_provisioning_while_it_is_made(world: Elbv2World) -> None:
    seen: list[str] = []

    def look(method: str) -> None:
        if method == "ensure":
            found = world.client.describe_load_balancers()["LoadBalancers"]
            seen.extend(each["State"]["Code"] for each in found)

    world.cloud.plane.on_call = look
    world.balancer()
    assert seen == ["provisioning"]


def test_what_is_asked_of_a_balancer_that_is_being_made_waits_for_it(world: Elbv2World) -> None:
    made = world.client.create_load_balancer(Name="front", Subnets=SUBNETS)["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    world.listener(made, fixed())
    world.client.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=pairs(idle_timeout__timeout_seconds="5")
    )
    world.client.delete_load_balancer(LoadBalancerArn=arn)
    assert world.cloud.balancers.list_all() == []
    invariants.check(world.cloud)


def test_the_same_again_is_the_same_balancer(world: Elbv2World) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    made = world.balancer(Tags=tags)
    again = world.client.create_load_balancer(
        Name="front",
        Subnets=SUBNETS * 2,
        SecurityGroups=[IDS.security_group],
        Scheme="internet-facing",
        Type="application",
        IpAddressType="ipv4",
        Tags=tags,
    )["LoadBalancers"][0]
    assert again["LoadBalancerArn"] == made["LoadBalancerArn"]
    assert len(world.cloud.balancers.list_all()) == 1
    for other in ({"Type": "network", "Tags": tags}, {}):
        code, message = world.refused(
            "create_load_balancer", Name="front", Subnets=SUBNETS, **other
        )
        assert code == "DuplicateLoadBalancerName"
        assert "exists, but with different settings" in message


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"Name": "a b"}, "ValidationError"),
        ({"Name": "internal-a"}, "ValidationError"),
        ({"Subnets": []}, "ValidationError"),
        ({"Subnets": ["subnet-0"]}, "SubnetNotFound"),
        ({"Subnets": [], "SubnetMappings": [{"SubnetId": "subnet-0"}]}, "SubnetNotFound"),
        ({"SubnetMappings": [{"SubnetId": IDS.subnet}]}, "ValidationError"),
        (
            {"SubnetMappings": [{"SubnetId": IDS.subnet, "AllocationId": "eipalloc-0"}]},
            "ValidationError",
        ),
        ({"SecurityGroups": ["sg-0"]}, "InvalidSecurityGroup"),
        (
            {"SecurityGroups": [IDS.security_group], "Type": "network"},
            "InvalidConfigurationRequest",
        ),
        ({"Scheme": "internal"}, "InvalidScheme"),
        ({"Type": "gateway"}, "ValidationError"),
        ({"IpAddressType": "dualstack"}, "InvalidConfigurationRequest"),
        ({"CustomerOwnedIpv4Pool": "ipv4pool-coip-1"}, "ValidationError"),
        ({"Tags": [{"Key": "a", "Value": ""}] * 2}, "DuplicateTagKeys"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "TooManyTags"),
        ({"Tags": [{"Key": "aws:a", "Value": ""}]}, "ValidationError"),
    ],
)
def test_what_a_balancer_cannot_be_is_refused(
    world: Elbv2World, members: dict[str, Any], code: str
) -> None:
    wanted = {"Name": "front", "Subnets": SUBNETS, **members}
    assert world.refused("create_load_balancer", **wanted)[0] == code


def test_subnet_mappings_are_the_other_form(world: Elbv2World) -> None:
    mappings = [{"SubnetId": IDS.subnet}]
    made = world.client.create_load_balancer(Name="front", SubnetMappings=mappings)
    assert made["LoadBalancers"][0]["VpcId"] == IDS.vpc


def test_there_are_as_many_as_the_limit_allows(
    world: Elbv2World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minicloud.services.balancers.BALANCERS_MAX", 1)
    world.balancer("one")
    refusal = world.refused("create_load_balancer", Name="two", Subnets=SUBNETS)
    assert refusal[0] == "TooManyLoadBalancers"
    world.balancer("two", Type="network")


def test_balancers_are_found_by_arns_and_names_and_page_by_page(world: Elbv2World) -> None:
    arns = [world.balancer(name)["LoadBalancerArn"] for name in ("a", "b", "c")]
    describe = world.client.describe_load_balancers
    assert _names(describe(LoadBalancerArns=[arns[2], arns[0]])) == ["c", "a"]
    assert _names(describe(Names=["b"])) == ["b"]
    paginator = world.client.get_paginator("describe_load_balancers")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    assert [_names(page) for page in pages] == [["a", "b"], ["c"]]
    for members, code in (
        ({"LoadBalancerArns": [MISSING]}, "LoadBalancerNotFound"),
        ({"LoadBalancerArns": [arns[0].replace("/a/", "/b/")]}, "LoadBalancerNotFound"),
        ({"LoadBalancerArns": [arns[0].replace("us-east-1", "us-east-2")]}, "ValidationError"),
        ({"LoadBalancerArns": ["front"]}, "ValidationError"),
        ({"Names": ["a", "none"]}, "LoadBalancerNotFound"),
        ({"Names": ["a"], "LoadBalancerArns": arns}, "ValidationError"),
        ({"Marker": "x"}, "ValidationError"),
        ({"PageSize": 401}, "ValidationError"),
    ):
        assert world.refused("describe_load_balancers", **members)[0] == code, members


def _names(answer: Any) -> list[str]:
    return [each["LoadBalancerName"] for each in answer["LoadBalancers"]]


def test_a_deleted_balancer_is_gone(world: Elbv2World) -> None:
    made = world.balancer()
    arn = made["LoadBalancerArn"]
    world.client.delete_load_balancer(LoadBalancerArn=arn)
    waiter = world.client.get_waiter("load_balancers_deleted")
    waiter.wait(LoadBalancerArns=[arn], WaiterConfig=AT_ONCE)
    world.client.delete_load_balancer(LoadBalancerArn=arn)
    assert world.refused("delete_load_balancer", LoadBalancerArn="x")[0] == "ValidationError"
    assert world.refused("describe_listeners", LoadBalancerArn=arn)[0] == "LoadBalancerNotFound"
    assert world.cloud.plane.seen() == {}
    invariants.check(world.cloud)


def test_one_that_is_being_deleted_is_none_any_more(world: Elbv2World) -> None:
    made = world.balancer()
    world.listener(made, fixed())
    with world.cloud.store.write() as transaction:
        (balancer,) = transaction.balancers.all()
        fields = {**vars(balancer), "state": BalancerState.DELETING}
        transaction.balancers.save(type(balancer)(**fields))
    assert world.client.describe_load_balancers()["LoadBalancers"] == []
    with pytest.raises(ClientError, match="LoadBalancerNotFound"):
        world.client.describe_listeners(LoadBalancerArn=made["LoadBalancerArn"])


# What can be set to what it is alone.


def test_the_network_of_a_balancer_stays(world: Elbv2World) -> None:
    arn = world.balancer()["LoadBalancerArn"]
    subnets = world.client.set_subnets(LoadBalancerArn=arn, Subnets=SUBNETS)
    assert subnets["AvailabilityZones"][0]["SubnetId"] == IDS.subnet
    groups = world.client.set_security_groups(
        LoadBalancerArn=arn, SecurityGroups=[IDS.security_group]
    )
    assert groups["SecurityGroupIds"] == [IDS.security_group]
    answer = world.client.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")
    assert answer["IpAddressType"] == "ipv4"
    for method, members, code in (
        ("set_subnets", {"Subnets": ["subnet-1"]}, "SubnetNotFound"),
        ("set_security_groups", {"SecurityGroups": ["sg-1"]}, "InvalidSecurityGroup"),
        ("set_security_groups", {"SecurityGroups": []}, "ValidationError"),
        ("set_ip_address_type", {"IpAddressType": "dualstack"}, "InvalidConfigurationRequest"),
    ):
        assert world.refused(method, LoadBalancerArn=arn, **members)[0] == code
        assert (
            world.refused(method, LoadBalancerArn=MISSING, **members)[0] == "LoadBalancerNotFound"
        )
