"""Elastic IPs: allocate, associate, disassociate, release, describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import begun
from minicloud.aws.ec2.chosen_addresses import (
    associated_address,
    chosen_address,
    named_addresses,
    target_instance,
)
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure, unsupported
from minicloud.aws.filters import Values, select
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import specified_tags, tag_list
from minicloud.domain import resource_kind
from minicloud.domain.address import Address
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.derived_ids import interface_id
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AllocateAddressRequestTypeDef,
        AssociateAddressRequestTypeDef,
        DescribeAddressesAttributeRequestTypeDef,
        DescribeAddressesRequestTypeDef,
        DisassociateAddressRequestTypeDef,
        ReleaseAddressRequestTypeDef,
    )

_DOMAIN = "vpc"
_POOL = "amazon"


def allocate_address(backend: AwsBackend, request: AllocateAddressRequestTypeDef) -> Shape:
    """Allocate one of the cloud's public addresses."""
    domain = request.get("Domain", _DOMAIN)
    if domain != _DOMAIN:
        raise AwsFailure("InvalidParameterValue", f"Invalid value {shown(domain)} for domain.")
    region = backend.region
    _require_border_group(request.get("NetworkBorderGroup", region.name), region.name)
    tags = specified_tags(request.get("TagSpecifications"), resource_kind.ADDRESS.type)
    address, operation = begun(backend, lambda: backend.addresses.allocate(None, tags))
    backend.finish([operation])
    return {
        "PublicIp": address.public_ip,
        "AllocationId": address.allocation_id,
        "PublicIpv4Pool": _POOL,
        "NetworkBorderGroup": region.name,
        "Domain": _DOMAIN,
    }


def associate_address(backend: AwsBackend, request: AssociateAddressRequestTypeDef) -> Shape:
    """Lead an address to a machine; the machine's earlier Elastic IP leads nowhere from then on.

    Without ``AllowReassociation`` an address that leads elsewhere stays: what AWS does, though
    its reference calls reassociation automatic.
    """
    around = Surroundings.of(backend)
    address = chosen_address(around, request.get("AllocationId"), request.get("PublicIp"))
    instance_id = target_instance(around, request)
    operations = begun(
        backend,
        lambda: backend.addresses.associate(
            address.allocation_id,
            instance_id,
            reassociation_allowed=request.get("AllowReassociation", False),
            takes_all_places=True,
        ),
    )
    backend.finish(operations)
    return {"AssociationId": backend.addresses.show(address.allocation_id).association_id}


def disassociate_address(backend: AwsBackend, request: DisassociateAddressRequestTypeDef) -> Shape:
    """Let an address lead nowhere."""
    around = Surroundings.of(backend)
    association_id, public_ip = request.get("AssociationId"), request.get("PublicIp")
    if association_id and public_ip:
        raise AwsFailure(
            "InvalidParameterCombination",
            "You may specify public IP or association id, but not both in the same call",
        )
    if association_id:
        address = associated_address(around, association_id)
    else:
        address = chosen_address(around, None, public_ip)
    backend.finish(begun(backend, lambda: backend.addresses.disassociate(address.allocation_id)))
    return {}


def release_address(backend: AwsBackend, request: ReleaseAddressRequestTypeDef) -> Shape:
    """Give an address back."""
    around = Surroundings.of(backend)
    address = chosen_address(around, request.get("AllocationId"), request.get("PublicIp"))
    _require_border_group(request.get("NetworkBorderGroup", around.region.name), around.region.name)
    backend.finish(begun(backend, lambda: backend.addresses.release(address.allocation_id)))
    return {}


def describe_addresses(backend: AwsBackend, request: DescribeAddressesRequestTypeDef) -> Shape:
    """The Elastic IPs that are allocated."""
    around = Surroundings.of(backend)
    chosen = named_addresses(around, request.get("AllocationIds"), request.get("PublicIps"))
    passing = select(chosen, request.get("Filters"), _filters(around), lambda a: a.tags)
    return {"Addresses": [_address_shape(address, around) for address in passing]}


def describe_addresses_attribute(
    backend: AwsBackend, request: DescribeAddressesAttributeRequestTypeDef
) -> Shape:
    """The reverse names of addresses: none has one, and EC2 leaves out those that have none."""
    attribute = request.get("Attribute", "domain-name")
    if attribute != "domain-name":
        raise AwsFailure("InvalidParameterValue", f"Invalid attribute {shown(attribute)}.")
    named_addresses(Surroundings.of(backend), request.get("AllocationIds"), None)
    page = _ATTRIBUTE_PAGING.page(backend, request, (), str)
    return {"Addresses": page.records, "NextToken": page.next_token}


def _address_shape(address: Address, around: Surroundings) -> Shape:
    shape = {
        "PublicIp": address.public_ip,
        "AllocationId": address.allocation_id,
        "Domain": _DOMAIN,
        "PublicIpv4Pool": _POOL,
        "NetworkBorderGroup": around.region.name,
        "Tags": tag_list(around.whereabouts.with_host_ports(address.tags, address.slot)),
    }
    if address.instance_id is None:
        return shape
    return {
        **shape,
        "InstanceId": address.instance_id,
        "AssociationId": address.association_id,
        "NetworkInterfaceId": interface_id(address.instance_id),
        "NetworkInterfaceOwnerId": ACCOUNT_ID,
        "PrivateIpAddress": around.instances[address.instance_id].private_ip,
    }


def _filters(around: Surroundings) -> Mapping[str, Values[Address]]:
    def if_associated(value: Callable[[str], str]) -> Values[Address]:
        return lambda a: () if a.instance_id is None else (value(a.instance_id),)

    return {
        "allocation-id": lambda a: (a.allocation_id,),
        "association-id": lambda a: () if a.association_id is None else (a.association_id,),
        "domain": lambda _address: (_DOMAIN,),
        "instance-id": if_associated(str),
        "network-border-group": lambda _address: (around.region.name,),
        "network-interface-id": if_associated(interface_id),
        "network-interface-owner-id": if_associated(lambda _instance_id: ACCOUNT_ID),
        "private-ip-address": if_associated(lambda i: around.instances[i].private_ip),
        "public-ip": lambda a: (a.public_ip,),
    }


def _require_border_group(given: str, region: str) -> None:
    if given != region:
        raise unsupported(f"The network border group {shown(given)}")


_ATTRIBUTE_PAGING = Paging("DescribeAddressesAttribute", 1, 1000)
OPERATIONS = (
    Operation(
        "AllocateAddress",
        allocate_address,
        carried=frozenset({"TagSpecifications"}),
        checked={"Domain": _DOMAIN, "NetworkBorderGroup": "the cloud's region"},
        changes=True,
    ),
    Operation(
        "AssociateAddress",
        associate_address,
        carried=frozenset(
            {"AllocationId", "PublicIp", "InstanceId", "NetworkInterfaceId", "AllowReassociation"}
        ),
        checked={"PrivateIpAddress": "the machine's own"},
        changes=True,
    ),
    Operation(
        "DisassociateAddress",
        disassociate_address,
        carried=frozenset({"AssociationId", "PublicIp"}),
        changes=True,
    ),
    Operation(
        "ReleaseAddress",
        release_address,
        carried=frozenset({"AllocationId", "PublicIp"}),
        checked={"NetworkBorderGroup": "the cloud's region"},
        changes=True,
    ),
    Operation(
        "DescribeAddresses",
        describe_addresses,
        carried=frozenset({"AllocationIds", "PublicIps", "Filters"}),
    ),
    Operation(
        "DescribeAddressesAttribute",
        describe_addresses_attribute,
        carried=frozenset({"AllocationIds", "MaxResults", "NextToken"}),
        checked={"Attribute": "domain-name"},
    ),
)
