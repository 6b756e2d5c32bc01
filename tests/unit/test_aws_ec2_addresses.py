"""Elastic IPs, as boto3 asks of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from minicloud.domain.derived_ids import interface_id
from minicloud.domain.instance import InstanceState
from minicloud.ports.edge import EdgeMode
from tests.unit import invariants
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import filters, refused, specification, tags
from tests.unit.cloud import Cloud

NOBODY = "eipalloc-0123456789abcdef0"


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return aws(cloud).client("ec2")


def test_the_life_of_an_address(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    made = ec2.allocate_address(
        Domain="vpc", TagSpecifications=specification("elastic-ip", {"Name": "front door"})
    )
    allocation_id = made["AllocationId"]
    assert cloud.edge.target(made["PublicIp"]) is None

    association_id = ec2.associate_address(AllocationId=allocation_id, InstanceId=machine.id)[
        "AssociationId"
    ]
    assert cloud.edge.target(made["PublicIp"]) == machine.private_ip
    (told,) = ec2.describe_addresses()["Addresses"]
    assert told == {
        "PublicIp": made["PublicIp"],
        "AllocationId": allocation_id,
        "AssociationId": association_id,
        "Domain": "vpc",
        "InstanceId": machine.id,
        "NetworkInterfaceId": interface_id(machine.id),
        "NetworkInterfaceOwnerId": "123456789012",
        "PrivateIpAddress": machine.private_ip,
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": "us-east-1",
        "Tags": tags({"Name": "front door"}),
    }

    ec2.disassociate_address(AssociationId=association_id)
    assert cloud.edge.target(made["PublicIp"]) is None
    (told,) = ec2.describe_addresses(AllocationIds=[allocation_id])["Addresses"]
    assert "InstanceId" not in told
    assert "AssociationId" not in told

    ec2.release_address(AllocationId=allocation_id)
    assert ec2.describe_addresses()["Addresses"] == []
    assert made["PublicIp"] not in cloud.edge.seen()
    invariants.check(cloud)


def test_what_is_allocated_is_told(ec2: Any) -> None:
    made = ec2.allocate_address()
    assert made["Domain"] == "vpc"
    assert made["NetworkBorderGroup"] == "us-east-1"
    assert made["PublicIp"].startswith("127.31.")


def test_two_addresses_may_have_one_name_of_any_text(cloud: Cloud, ec2: Any) -> None:
    for _ in range(2):
        ec2.allocate_address(TagSpecifications=specification("elastic-ip", {"Name": "a / ü"}))
    assert [address.name for address in cloud.addresses.list_all()] == ["a / ü"] * 2


def test_the_limit_is_awss(ec2: Any) -> None:
    for _ in range(5):
        ec2.allocate_address()
    refused(ec2.allocate_address, "AddressLimitExceeded")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Address": "127.31.0.20"}, "UnsupportedOperation"),
        ({"PublicIpv4Pool": "ipv4pool-ec2-1"}, "UnsupportedOperation"),
        ({"CustomerOwnedIpv4Pool": "coip"}, "UnsupportedOperation"),
        ({"IpamPoolId": "ipam-pool-1"}, "UnsupportedOperation"),
        ({"Domain": "standard"}, "InvalidParameterValue"),
        ({"NetworkBorderGroup": "us-east-1-wl1"}, "UnsupportedOperation"),
        ({"TagSpecifications": specification("instance", {"a": "b"})}, "InvalidParameterValue"),
        (
            {"TagSpecifications": specification("elastic-ip", {"aws:a": "b"})},
            "InvalidParameterValue",
        ),
    ],
)
def test_an_allocation_that_cannot_be_meant_changes_nothing(
    cloud: Cloud, ec2: Any, request_: dict[str, Any], code: str
) -> None:
    refused(ec2.allocate_address, code, **request_)
    assert cloud.addresses.list_all() == []


def test_associating_again_gives_the_same_association(cloud: Cloud, ec2: Any) -> None:
    machine, made = cloud.launch(), ec2.allocate_address()
    first = ec2.associate_address(PublicIp=made["PublicIp"], InstanceId=machine.id)
    again = ec2.associate_address(
        AllocationId=made["AllocationId"],
        NetworkInterfaceId=interface_id(machine.id),
        PrivateIpAddress=machine.private_ip,
    )
    assert again["AssociationId"] == first["AssociationId"]


def test_an_address_moves_only_where_that_is_allowed(cloud: Cloud, ec2: Any) -> None:
    one, other = cloud.launch("one"), cloud.launch("other")
    made = ec2.allocate_address()
    chosen = {"AllocationId": made["AllocationId"], "InstanceId": other.id}
    ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=one.id)
    for not_allowed in ({}, {"AllowReassociation": False}):
        refused(ec2.associate_address, "Resource.AlreadyAssociated", **chosen, **not_allowed)
    assert cloud.edge.target(made["PublicIp"]) == one.private_ip
    ec2.associate_address(**chosen, AllowReassociation=True)
    assert cloud.edge.target(made["PublicIp"]) == other.private_ip
    invariants.check(cloud)


def test_a_second_address_takes_the_place_of_the_first(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    first, second = ec2.allocate_address(), ec2.allocate_address()
    ec2.associate_address(AllocationId=first["AllocationId"], InstanceId=machine.id)
    ec2.associate_address(AllocationId=second["AllocationId"], InstanceId=machine.id)
    assert cloud.edge.target(first["PublicIp"]) is None
    assert cloud.edge.target(second["PublicIp"]) == machine.private_ip
    told = ec2.describe_addresses(Filters=filters(instance_id=machine.id))["Addresses"]
    assert [address["AllocationId"] for address in told] == [second["AllocationId"]]
    invariants.check(cloud)


def test_what_is_not_there_has_awss_own_codes(cloud: Cloud, ec2: Any) -> None:
    machine, made = cloud.launch(), ec2.allocate_address()
    own, real = made["AllocationId"], made["PublicIp"]
    associate, release = ec2.associate_address, ec2.release_address
    for ref in (NOBODY, "eipalloc-xyz", "front"):
        refused(associate, "InvalidAllocationID.NotFound", AllocationId=ref, InstanceId=machine.id)
        refused(release, "InvalidAllocationID.NotFound", AllocationId=ref)
        refused(ec2.describe_addresses, "InvalidAllocationID.NotFound", AllocationIds=[own, ref])
    refused(ec2.describe_addresses, "InvalidAddress.NotFound", PublicIps=[real, "127.31.0.99"])
    refused(release, "InvalidAddress.NotFound", PublicIp="127.31.0.99")
    refused(
        associate,
        "InvalidInstanceID.NotFound",
        AllocationId=own,
        InstanceId="i-0123456789abcdef0",
    )
    refused(associate, "InvalidInstanceID.Malformed", AllocationId=own, InstanceId="web")
    refused(
        associate,
        "InvalidNetworkInterfaceID.NotFound",
        AllocationId=own,
        NetworkInterfaceId="eni-0123456789abcdef0",
    )
    refused(
        ec2.disassociate_address,
        "InvalidAssociationID.NotFound",
        AssociationId="eipassoc-0123456789abcdef0",
    )
    refused(ec2.disassociate_address, "InvalidAssociationID.NotFound", PublicIp=real)


def test_a_machine_that_is_gone_is_given_no_address(cloud: Cloud, ec2: Any) -> None:
    machine, made = cloud.launch(), ec2.allocate_address()
    cloud.succeed(cloud.instances.terminate("web"))
    own = {"AllocationId": made["AllocationId"]}
    refused(ec2.associate_address, "IncorrectInstanceState", **own, InstanceId=machine.id)
    refused(
        ec2.associate_address,
        "InvalidNetworkInterfaceID.NotFound",
        **own,
        NetworkInterfaceId=interface_id(machine.id),
    )


def test_a_machine_that_is_pending_is_given_no_address_yet(cloud: Cloud, ec2: Any) -> None:
    machine, made = cloud.launch(), ec2.allocate_address()
    with cloud.store.write() as transaction:
        transaction.instances.save(replace(machine, state=InstanceState.PENDING))
    own = {"AllocationId": made["AllocationId"]}
    refused(ec2.associate_address, "InvalidInstanceID", **own, InstanceId=machine.id)


def test_a_machines_own_address_is_no_elastic_ip(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    refused(ec2.release_address, "AuthFailure", PublicIp=machine.public_ip)
    refused(ec2.associate_address, "AuthFailure", PublicIp=machine.public_ip, InstanceId=machine.id)


def test_an_address_in_use_is_not_released(cloud: Cloud, ec2: Any) -> None:
    machine, made = cloud.launch(), ec2.allocate_address()
    ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=machine.id)
    refused(ec2.release_address, "InvalidIPAddress.InUse", AllocationId=made["AllocationId"])
    assert cloud.edge.target(made["PublicIp"]) == machine.private_ip
    ec2.disassociate_address(PublicIp=made["PublicIp"])
    ec2.release_address(PublicIp=made["PublicIp"])
    assert cloud.addresses.list_all() == []


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("associate_address", {"InstanceId": "i-0123456789abcdef0"}, "MissingParameter"),
        ("associate_address", {"AllocationId": "*"}, "MissingParameter"),
        (
            "associate_address",
            {"AllocationId": "*", "InstanceId": "i-1", "NetworkInterfaceId": "eni-1"},
            "InvalidParameterCombination",
        ),
        (
            "associate_address",
            {"AllocationId": "*", "PublicIp": "127.31.0.10", "InstanceId": "i-1"},
            "InvalidParameterCombination",
        ),
        ("disassociate_address", {}, "MissingParameter"),
        (
            "disassociate_address",
            {"AssociationId": "eipassoc-1", "PublicIp": "127.31.0.10"},
            "InvalidParameterCombination",
        ),
        ("release_address", {}, "MissingParameter"),
        (
            "release_address",
            {"AllocationId": "*", "PublicIp": "127.31.0.10"},
            "InvalidParameterCombination",
        ),
        (
            "release_address",
            {"AllocationId": "*", "NetworkBorderGroup": "us-east-1-wl1"},
            "UnsupportedOperation",
        ),
        ("describe_addresses", {"Filters": filters(color="red")}, "InvalidParameterValue"),
        ("describe_addresses_attribute", {"MaxResults": 1001}, "InvalidParameterValue"),
    ],
)
def test_requests_that_contradict_themselves(
    ec2: Any, operation: str, request_: dict[str, Any], code: str
) -> None:
    own = ec2.allocate_address()["AllocationId"]
    given = {k: own if v == "*" else v for k, v in request_.items()}
    refused(getattr(ec2, operation), code, **given)


def test_another_private_address_is_refused(cloud: Cloud, ec2: Any) -> None:
    machine, made = cloud.launch(), ec2.allocate_address()
    refused(
        ec2.associate_address,
        "InvalidParameterValue",
        AllocationId=made["AllocationId"],
        InstanceId=machine.id,
        PrivateIpAddress="172.31.0.99",
    )


def test_a_dry_run_changes_nothing(cloud: Cloud, ec2: Any) -> None:
    machine, made = cloud.launch(), ec2.allocate_address()
    own = made["AllocationId"]
    refused(ec2.allocate_address, "DryRunOperation", 412, DryRun=True)
    refused(
        ec2.associate_address,
        "DryRunOperation",
        412,
        AllocationId=own,
        InstanceId=machine.id,
        DryRun=True,
    )
    refused(ec2.release_address, "DryRunOperation", 412, AllocationId=own, DryRun=True)
    assert len(cloud.addresses.list_all()) == 1
    assert cloud.edge.target(made["PublicIp"]) is None


def test_filters_find_what_is_told(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    free = ec2.allocate_address(TagSpecifications=specification("elastic-ip", {"team": "red"}))
    used = ec2.allocate_address(TagSpecifications=specification("elastic-ip", {"team": "blue"}))
    ec2.associate_address(AllocationId=used["AllocationId"], InstanceId=machine.id)
    (told,) = ec2.describe_addresses(AllocationIds=[used["AllocationId"]])["Addresses"]

    def found(**wanted: str | list[str]) -> list[str]:
        answer = ec2.describe_addresses(Filters=filters(**wanted))
        return [address["AllocationId"] for address in answer["Addresses"]]

    both, only_used = [free["AllocationId"], used["AllocationId"]], [used["AllocationId"]]
    assert found(domain="vpc") == found(network_border_group="us-*") == both
    assert found(public_ip="127.31.*") == found(tag_key="team") == both
    assert found(allocation_id=used["AllocationId"]) == only_used
    assert found(association_id=told["AssociationId"]) == only_used
    assert found(instance_id="i-*") == found(private_ip_address=machine.private_ip) == only_used
    assert found(network_interface_id=told["NetworkInterfaceId"]) == only_used
    assert found(network_interface_owner_id="123456789012") == only_used
    assert found(public_ip=[used["PublicIp"], "8.8.8.8"]) == only_used
    assert found(domain="vpc", tag_value="re?") == both[:1]
    assert found(**{"tag:team": "blue"}) == only_used
    assert found(domain="standard") == []


def test_the_same_address_named_twice_is_told_once(ec2: Any) -> None:
    made = ec2.allocate_address()
    answer = ec2.describe_addresses(
        AllocationIds=[made["AllocationId"]], PublicIps=[made["PublicIp"]]
    )
    assert len(answer["Addresses"]) == 1


def test_no_address_has_a_reverse_name(ec2: Any) -> None:
    made = ec2.allocate_address()
    attribute = {"Attribute": "domain-name", "AllocationIds": [made["AllocationId"]]}
    assert ec2.describe_addresses_attribute(**attribute)["Addresses"] == []
    attribute["AllocationIds"] = [NOBODY]
    refused(ec2.describe_addresses_attribute, "InvalidAllocationID.NotFound", **attribute)


def test_where_the_edge_is_elsewhere_a_tag_tells_the_ports(cloud: Cloud, ec2: Any) -> None:
    ec2.allocate_address()
    (address,) = cloud.addresses.list_all()
    with cloud.store.write() as transaction:
        published = replace(transaction.cloud(), edge_mode=EdgeMode.PUBLISHED.value)
        transaction.save_cloud(published)
    (told,) = ec2.describe_addresses()["Addresses"]
    ports = cloud.infrastructure.place().host_ports(address.slot)
    expected = " ".join(f"{port}={host_port}" for host_port, port in ports.items())
    assert told["Tags"] == tags({"minicloud:host-ports": expected})
