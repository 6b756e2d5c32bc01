"""Tags of EC2's resources, as boto3 asks of them."""

from __future__ import annotations

from typing import Any

import pytest

from minicloud.domain.derived_ids import cloud_ids, interface_id, snapshot_id, volume_id
from minicloud.services.prices import BookChoice
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import filters, refused, tags
from tests.unit.cloud import Cloud
from tests.unit.stores import CLOUD_ID

IDS = cloud_ids(CLOUD_ID)


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return aws(cloud).client("ec2")


def told(ec2: Any, **wanted: str | list[str]) -> list[tuple[str, str, str, str]]:
    """The tags that pass these filters: identifier, type, key and value."""
    found = ec2.describe_tags(Filters=filters(**wanted))["Tags"]
    return [(t["ResourceId"], t["ResourceType"], t["Key"], t["Value"]) for t in found]


def one_of_each(cloud: Cloud) -> dict[str, str]:
    """A resource of every type that can be tagged, by AWS's name for its type."""
    machine, address = cloud.launch(), cloud.allocate()
    image_id = cloud.create_image("web", "golden")
    bought = cloud.reservations.buy(BookChoice(), "t3.micro:1y:no-upfront:standard", 1)
    return {
        "instance": machine.id,
        "elastic-ip": address.allocation_id,
        "image": image_id,
        "reserved-instances": bought.id,
        "volume": volume_id(machine.id),
        "network-interface": interface_id(machine.id),
        "snapshot": snapshot_id(image_id),
        "vpc": IDS.vpc,
        "subnet": IDS.subnet,
        "security-group": IDS.security_group,
        "security-group-rule": IDS.ingress_rule,
        "route-table": IDS.route_table,
        "internet-gateway": IDS.internet_gateway,
        "network-acl": IDS.network_acl,
    }


def test_whatever_can_be_tagged_is_and_tells_it(cloud: Cloud, ec2: Any) -> None:
    there = one_of_each(cloud)
    ec2.create_tags(Resources=list(there.values()), Tags=tags({"team": "red", "note": ""}))
    for resource_type, resource_id in there.items():
        assert told(ec2, resource_id=resource_id, key=["team", "note"]) == [
            (resource_id, resource_type, "team", "red"),
            (resource_id, resource_type, "note", ""),
        ]
    wanted = {"Filters": filters(**{"tag:team": "red"})}
    described = {
        "vpc": ec2.describe_vpcs(**wanted)["Vpcs"][0]["VpcId"],
        "subnet": ec2.describe_subnets(**wanted)["Subnets"][0]["SubnetId"],
        "security-group": ec2.describe_security_groups(**wanted)["SecurityGroups"][0]["GroupId"],
        "security-group-rule": ec2.describe_security_group_rules(**wanted)["SecurityGroupRules"][0][
            "SecurityGroupRuleId"
        ],
        "route-table": ec2.describe_route_tables(**wanted)["RouteTables"][0]["RouteTableId"],
        "internet-gateway": ec2.describe_internet_gateways(**wanted)["InternetGateways"][0][
            "InternetGatewayId"
        ],
        "network-acl": ec2.describe_network_acls(**wanted)["NetworkAcls"][0]["NetworkAclId"],
        "volume": ec2.describe_volumes(**wanted)["Volumes"][0]["VolumeId"],
        "snapshot": ec2.describe_snapshots(**wanted)["Snapshots"][0]["SnapshotId"],
        "elastic-ip": ec2.describe_addresses(**wanted)["Addresses"][0]["AllocationId"],
        "network-interface": ec2.describe_network_interfaces(**wanted)["NetworkInterfaces"][0][
            "NetworkInterfaceId"
        ],
        "reserved-instances": ec2.describe_reserved_instances(**wanted)["ReservedInstances"][0][
            "ReservedInstancesId"
        ],
    }
    assert described == {name: there[name] for name in described}


def test_a_key_that_is_there_is_overwritten(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    ec2.create_tags(Resources=[machine.id], Tags=tags({"a": "1", "b": "1"}))
    ec2.create_tags(Resources=[machine.id, machine.id], Tags=tags({"b": "2", "Name": "web / 2"}))
    assert cloud.instances.show(machine.id).tags == {"Name": "web / 2", "a": "1", "b": "2"}


def test_two_machines_may_have_one_name(cloud: Cloud, ec2: Any) -> None:
    one, two = cloud.launch("one"), cloud.launch("two")
    ec2.create_tags(Resources=[one.id, two.id], Tags=tags({"Name": "twin"}))
    assert {cloud.instances.show(each.id).name for each in (one, two)} == {"twin"}


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
        ("i-web", "InvalidInstanceID.Malformed"),
        ("ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
        ("eipalloc-0123456789abcdef0", "InvalidAllocationID.NotFound"),
        ("vol-0123456789abcdef0", "InvalidVolume.NotFound"),
        ("eni-0123456789abcdef0", "InvalidNetworkInterfaceID.NotFound"),
        ("snap-0123456789abcdef0", "InvalidSnapshot.NotFound"),
        ("vpc-00000000000000000", "InvalidVpcID.NotFound"),
        ("subnet-00000000000000000", "InvalidSubnetID.NotFound"),
        ("sg-00000000000000000", "InvalidGroup.NotFound"),
        ("ri-0123456789abcdef0", "InvalidReservedInstancesId"),
        ("web", "InvalidID"),
        ("lb-0123456789abcdef0", "InvalidID"),
        ("eni-attach-0123456789abcdef0", "InvalidID"),
        ("", "InvalidID"),
    ],
)
def test_one_that_is_not_there_and_none_is_tagged(
    cloud: Cloud, ec2: Any, missing: str, code: str
) -> None:
    machine = cloud.launch()
    of_both = {"Resources": [machine.id, volume_id(machine.id), missing]}
    refused(ec2.create_tags, code, **of_both, Tags=tags({"a": "1"}))
    refused(ec2.delete_tags, code, **of_both, Tags=[{"Key": "Name"}])
    assert cloud.instances.show(machine.id).tags == {"Name": "web"}
    assert told(ec2, resource_type="volume") == []


def test_awss_limits_hold(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    own = volume_id(machine.id)
    ec2.create_tags(Resources=[own], Tags=tags({f"k{n}": "" for n in range(50)}))
    refused(ec2.create_tags, "TagLimitExceeded", Resources=[own], Tags=tags({"one more": ""}))
    ec2.create_tags(Resources=[own], Tags=tags({"k1": "x" * 256}))
    for bad in ({"aws:x": ""}, {"AWS:x": ""}, {"k" * 129: ""}, {"k1": "x" * 257}, {"": ""}):
        refused(ec2.create_tags, "InvalidParameterValue", Resources=[own], Tags=tags(bad))
    twice = [{"Key": "k2", "Value": "1"}, {"Key": "k2", "Value": "2"}]
    refused(ec2.create_tags, "InvalidParameterValue", Resources=[own], Tags=twice)
    refused(ec2.create_tags, "MissingParameter", Resources=[own], Tags=[])
    refused(ec2.create_tags, "MissingParameter", Resources=[], Tags=tags({"a": ""}))
    many = {"Resources": [own] + [f"vol-{n:017x}" for n in range(1000)]}
    refused(ec2.create_tags, "InvalidParameterValue", **many, Tags=tags({"a": ""}))
    kept = {key: value for _id, _type, key, value in told(ec2, resource_id=own)}
    assert kept == {f"k{n}": "" for n in range(50)} | {"k1": "x" * 256}


def test_tags_go_by_key_by_value_or_all(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    own = {"Resources": [machine.id, interface_id(machine.id)]}
    given = {"a": "1", "b": "", "c": "3", "d": "4"}
    ec2.create_tags(**own, Tags=tags(given))
    ec2.delete_tags(**own, Tags=[{"Key": "a", "Value": "other"}, {"Key": "c", "Value": ""}])
    assert len(told(ec2, key=list(given))) == 8
    ec2.delete_tags(**own, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    assert {key for _id, _type, key, _value in told(ec2, key=list(given))} == {"c", "d"}
    ec2.delete_tags(**own, Tags=[{"Key": "c"}, {"Key": "nobody has it"}])
    assert {key for _id, _type, key, _value in told(ec2, key=list(given))} == {"d"}
    ec2.delete_tags(**own)
    assert told(ec2, resource_id=own["Resources"]) == []
    assert cloud.instances.show(machine.id).tags == {}


def test_a_dry_run_tags_nothing(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    request = {"Resources": [machine.id], "Tags": tags({"Name": "other"}), "DryRun": True}
    refused(ec2.create_tags, "DryRunOperation", 412, **request)
    refused(ec2.delete_tags, "DryRunOperation", 412, **request)
    assert cloud.instances.show(machine.id).name == "web"


def test_tags_go_with_what_they_are_of(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    image_id = cloud.create_image("web", "golden")
    own = [volume_id(machine.id), interface_id(machine.id), snapshot_id(image_id)]
    ec2.create_tags(Resources=own, Tags=tags({"a": "1"}))
    assert len(told(ec2, key="a")) == 3
    cloud.succeed(cloud.instances.terminate("web"))
    cloud.succeed(cloud.images.delete("golden"))
    assert told(ec2) == [(machine.id, "instance", "Name", "web")]
    cloud.clock.sleep(3600)
    assert told(ec2) == []
    assert cloud.rows("SELECT * FROM resource_tags") == []
    refused(ec2.create_tags, "InvalidVolume.NotFound", Resources=own[:1], Tags=tags({"a": "1"}))
    refused(ec2.create_tags, "InvalidSnapshot.NotFound", Resources=own[2:], Tags=tags({"a": "1"}))


def test_filters_find_tags(cloud: Cloud, ec2: Any) -> None:
    one, two = cloud.launch("one"), cloud.launch("two")
    ec2.create_tags(Resources=[two.id], Tags=tags({"team": "red"}))
    assert [tag[0] for tag in told(ec2, value="red")] == [two.id]
    assert [tag[0] for tag in told(ec2, **{"tag:Name": ["one", "tw?"]})] == [one.id, two.id]
    assert told(ec2, **{"tag:team": "blue"}) == []
    assert [tag[2] for tag in told(ec2, resource_id=two.id)] == ["Name", "team"]
    assert told(ec2, resource_type="volume") == []
    refused(ec2.describe_tags, "InvalidParameterValue", Filters=filters(colour="red"))


def test_tags_come_in_pages(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    ec2.create_tags(Resources=[machine.id], Tags=tags({f"k{n:02}": str(n) for n in range(12)}))
    pages = list(ec2.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Tags"]) for page in pages] == [5, 5, 3]
    keys = [tag["Key"] for page in pages for tag in page["Tags"]]
    assert keys == ["Name", *(f"k{n:02}" for n in range(12))]
    for size in (4, 1001):
        refused(ec2.describe_tags, "InvalidParameterValue", MaxResults=size)
