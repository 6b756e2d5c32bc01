"""The network that machines lie in, as boto3 asks of it: what is there, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from minicloud.domain.derived_ids import cloud_ids, interface_attachment_id, interface_id
from minicloud.services.launching import LaunchRequest
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import filters, refused
from tests.unit.cloud import Cloud
from tests.unit.stores import CLOUD_ID

IDS = cloud_ids(CLOUD_ID)
LISTINGS = {
    "describe_vpcs": ("Vpcs", "VpcIds", IDS.vpc, "InvalidVpcID.NotFound"),
    "describe_subnets": ("Subnets", "SubnetIds", IDS.subnet, "InvalidSubnetID.NotFound"),
    "describe_security_groups": (
        "SecurityGroups",
        "GroupIds",
        IDS.security_group,
        "InvalidGroup.NotFound",
    ),
    "describe_security_group_rules": (
        "SecurityGroupRules",
        "SecurityGroupRuleIds",
        IDS.egress_rule,
        "InvalidSecurityGroupRuleId.NotFound",
    ),
    "describe_route_tables": (
        "RouteTables",
        "RouteTableIds",
        IDS.route_table,
        "InvalidRouteTableID.NotFound",
    ),
    "describe_internet_gateways": (
        "InternetGateways",
        "InternetGatewayIds",
        IDS.internet_gateway,
        "InvalidInternetGatewayID.NotFound",
    ),
    "describe_network_acls": (
        "NetworkAcls",
        "NetworkAclIds",
        IDS.network_acl,
        "InvalidNetworkAclID.NotFound",
    ),
}
FILTERED = [
    *LISTINGS,
    "describe_availability_zones",
    "describe_key_pairs",
    "describe_network_interfaces",
    "describe_regions",
    "describe_reserved_instances",
    "describe_reserved_instances_offerings",
    "describe_snapshots",
    "describe_tags",
    "describe_addresses",
    "describe_volumes",
]


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return aws(cloud).client("ec2")


@pytest.mark.parametrize("call", LISTINGS)
def test_what_is_named_is_told_and_an_unknown_name_is_refused(ec2: Any, call: str) -> None:
    answers, ids_member, own_id, code = LISTINGS[call]
    (told,) = getattr(ec2, call)(**{ids_member: [own_id]})[answers]
    assert own_id in told.values()
    unknown = own_id.rpartition("-")[0] + "-00000000000000000"
    refused(getattr(ec2, call), code, **{ids_member: [own_id, unknown]})


@pytest.mark.parametrize("call", [*LISTINGS, "describe_network_interfaces", "describe_volumes"])
def test_pages_are_held_to_awss_sizes(ec2: Any, call: str) -> None:
    assert "NextToken" not in getattr(ec2, call)(MaxResults=5)
    refused(getattr(ec2, call), "InvalidParameterValue", MaxResults=1001)
    refused(getattr(ec2, call), "InvalidNextToken", NextToken="made up")


@pytest.mark.parametrize("call", FILTERED)
def test_every_filter_that_aws_documents_is_known_and_no_other(ec2: Any, call: str) -> None:
    operation = ec2.meta.method_to_api_mapping[call]
    shape = ec2.meta.service_model.operation_model(operation).input_shape.members["Filters"]
    names = re.findall(r"<li> ?<p> ?<code>([a-z0-9.-]+)(?::?<[^/]*>)?</code>", shape.documentation)
    assert len(names) >= 2
    for name in set(names) - {"tag"}:
        getattr(ec2, call)(Filters=[{"Name": name, "Values": ["nothing has this"]}])
    refused(
        getattr(ec2, call), "InvalidParameterValue", Filters=[{"Name": "colour", "Values": ["red"]}]
    )


def test_the_network_is_a_default_vpc(ec2: Any) -> None:
    (vpc,) = ec2.describe_vpcs(Filters=filters(is_default="true", cidr="172.31.0.0/16"))["Vpcs"]
    assert (vpc["VpcId"], vpc["IsDefault"], vpc["State"]) == (IDS.vpc, True, "available")
    assert vpc["CidrBlockAssociationSet"][0]["CidrBlockState"] == {"State": "associated"}
    assert ec2.describe_vpcs(Filters=filters(is_default="false"))["Vpcs"] == []
    for attribute, member, value in (
        ("enableDnsSupport", "EnableDnsSupport", True),
        ("enableDnsHostnames", "EnableDnsHostnames", True),
        ("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", False),
    ):
        told = ec2.describe_vpc_attribute(VpcId=IDS.vpc, Attribute=attribute)
        assert told[member] == {"Value": value}
    unknown = {"VpcId": "vpc-00000000000000000", "Attribute": "enableDnsSupport"}
    refused(ec2.describe_vpc_attribute, "InvalidVpcID.NotFound", **unknown)
    refused(ec2.describe_vpc_attribute, "InvalidParameterValue", VpcId=IDS.vpc, Attribute="colour")


def test_the_subnet_tells_how_many_addresses_are_left(cloud: Cloud, ec2: Any) -> None:
    def left() -> int:
        (subnet,) = ec2.describe_subnets(Filters=filters(default_for_az="true"))["Subnets"]
        count: int = subnet["AvailableIpAddressCount"]
        return count

    before = left()
    cloud.launch()
    assert left() == before - 1
    cloud.balance("front", "web")
    assert left() == before - 2
    cloud.succeed(cloud.instances.terminate("web"))
    assert left() == before - 1


def test_the_subnet_is_where_machines_are(cloud: Cloud, ec2: Any) -> None:
    (subnet,) = ec2.describe_subnets(SubnetIds=[IDS.subnet])["Subnets"]
    assert subnet["CidrBlock"] == str(cloud.infrastructure.place().subnet)
    assert subnet["VpcId"] == IDS.vpc
    assert subnet["AvailabilityZone"] == "us-east-1a"
    assert subnet["SubnetArn"] == f"arn:aws:ec2:us-east-1:123456789012:subnet/{IDS.subnet}"
    assert subnet["MapPublicIpOnLaunch"] is True
    assert ec2.describe_subnets(Filters=filters(vpc_id="vpc-1"))["Subnets"] == []


def test_the_subnet_of_a_cloud_that_has_no_network_yet_is_made() -> None:
    cloud = Cloud()
    try:
        refused(aws(cloud).client("ec2").describe_subnets, "Unavailable", 503)
        cloud.build()
        (subnet,) = aws(cloud).client("ec2").describe_subnets()["Subnets"]
        assert subnet["CidrBlock"] == str(cloud.infrastructure.place().subnet)
    finally:
        cloud.close()


def test_the_default_group_lets_everything_pass(ec2: Any) -> None:
    (group,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    everything = [
        {
            "IpProtocol": "-1",
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": [],
        }
    ]
    assert group["IpPermissions"] == group["IpPermissionsEgress"] == everything
    refused(ec2.describe_security_groups, "InvalidGroup.NotFound", GroupNames=["web"])
    refused(ec2.describe_security_groups, "InvalidGroupId.Malformed", GroupIds=["web"])
    wanted = {"ip-permission.cidr": "0.0.0.0/0", "egress.ip-permission.protocol": "-1"}
    assert ec2.describe_security_groups(Filters=filters(**wanted))["SecurityGroups"] == [group]
    wanted = {"ip-permission.from-port": "22"}
    assert ec2.describe_security_groups(Filters=filters(**wanted))["SecurityGroups"] == []

    rules = ec2.describe_security_group_rules(Filters=filters(group_id=IDS.security_group))
    told = [(r["SecurityGroupRuleId"], r["IsEgress"]) for r in rules["SecurityGroupRules"]]
    assert told == [(IDS.ingress_rule, False), (IDS.egress_rule, True)]
    assert all(r["CidrIpv4"] == "0.0.0.0/0" for r in rules["SecurityGroupRules"])


def test_the_way_out_is_told(ec2: Any) -> None:
    wanted = {"association.main": "true", "vpc-id": IDS.vpc}
    (table,) = ec2.describe_route_tables(Filters=filters(**wanted))["RouteTables"]
    routes = {r["DestinationCidrBlock"]: r["GatewayId"] for r in table["Routes"]}
    assert routes == {"172.31.0.0/16": "local", "0.0.0.0/0": IDS.internet_gateway}
    wanted = {"attachment.vpc-id": IDS.vpc}
    (gateway,) = ec2.describe_internet_gateways(Filters=filters(**wanted))["InternetGateways"]
    assert gateway["Attachments"] == [{"State": "available", "VpcId": IDS.vpc}]
    (acl,) = ec2.describe_network_acls(Filters=filters(default="true"))["NetworkAcls"]
    assert acl["Associations"][0]["SubnetId"] == IDS.subnet
    numbers = [(e["Egress"], e["RuleNumber"], e["RuleAction"]) for e in acl["Entries"]]
    assert numbers == [
        (True, 100, "allow"),
        (True, 32767, "deny"),
        (False, 100, "allow"),
        (False, 32767, "deny"),
    ]


def test_a_machines_interface_tells_its_addresses(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()

    def interface() -> dict[str, Any]:
        wanted = {"attachment.instance-id": machine.id}
        told = ec2.describe_network_interfaces(Filters=filters(**wanted))["NetworkInterfaces"]
        (only,) = told
        assert only["PrivateIpAddresses"][0].get("Association") == only.get("Association")
        shape: dict[str, Any] = only
        return shape

    told = interface()
    assert told["NetworkInterfaceId"] == interface_id(machine.id)
    assert told["PrivateIpAddress"] == machine.private_ip
    assert told["PrivateDnsName"] == f"ip-{machine.private_ip.replace('.', '-')}.ec2.internal"
    assert told["Groups"] == [{"GroupId": IDS.security_group, "GroupName": "default"}]
    assert told["Attachment"]["AttachmentId"] == interface_attachment_id(machine.id)
    assert told["Association"] == {
        "IpOwnerId": "amazon",
        "PublicDnsName": machine.public_ip,
        "PublicIp": machine.public_ip,
    }
    address = cloud.allocate()
    cloud.associate(address, machine)
    elastic = cloud.addresses.show(address.allocation_id)
    assert interface()["Association"] == {
        "AllocationId": elastic.allocation_id,
        "AssociationId": elastic.association_id,
        "IpOwnerId": "123456789012",
        "PublicDnsName": elastic.public_ip,
        "PublicIp": elastic.public_ip,
    }
    cloud.succeed(cloud.addresses.disassociate(elastic.public_ip))
    cloud.stop("web")
    assert "Association" not in interface()
    cloud.succeed(cloud.instances.terminate("web"))
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    refused(
        ec2.describe_network_interfaces,
        "InvalidNetworkInterfaceID.NotFound",
        NetworkInterfaceIds=[interface_id(machine.id)],
    )


def test_of_two_addresses_the_interface_tells_the_first_associated(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    earlier, later = cloud.allocate(), cloud.allocate()
    cloud.associate(later, machine)
    cloud.associate(earlier, machine)
    (told,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert told["Association"]["PublicIp"] == later.public_ip


def test_interfaces_come_in_pages(cloud: Cloud, ec2: Any) -> None:
    made, operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "fleet", 6))
    cloud.succeed(operations)
    paginator = ec2.get_paginator("describe_network_interfaces")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["NetworkInterfaces"]) for page in pages] == [5, 1]
    told = [each["Attachment"]["InstanceId"] for p in pages for each in p["NetworkInterfaces"]]
    assert told == [machine.id for machine in made]


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("create_vpc", {"CidrBlock": "10.0.0.0/16"}),
        ("create_subnet", {"VpcId": IDS.vpc, "CidrBlock": "172.31.64.0/20"}),
        ("create_security_group", {"GroupName": "web", "Description": "web"}),
        ("create_volume", {"AvailabilityZone": "us-east-1a", "Size": 1}),
        ("create_key_pair", {"KeyName": "mine"}),
        ("create_network_interface", {"SubnetId": IDS.subnet}),
    ],
)
def test_what_cannot_be_made_is_refused(ec2: Any, operation: str, request_: dict[str, Any]) -> None:
    refused(getattr(ec2, operation), "InvalidAction", **request_)
