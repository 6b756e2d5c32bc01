"""The cloud's network as EC2 tells of it: the default VPC of an account, which has no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, at
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.network import PRIVATE_NETWORK
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeVpcAttributeRequestTypeDef,
        DescribeVpcsRequestTypeDef,
    )

# Machines resolve names, and have public ones; nobody counts the addresses that are in use.
_ATTRIBUTES = {
    "enableDnsSupport": ("EnableDnsSupport", True),
    "enableDnsHostnames": ("EnableDnsHostnames", True),
    "enableNetworkAddressUsageMetrics": ("EnableNetworkAddressUsageMetrics", False),
}


def describe_vpcs(backend: AwsBackend, request: DescribeVpcsRequestTypeDef) -> Shape:
    """The default VPC. Its block is AWS's; the cloud has the subnet of it that it tells."""
    return _LISTING.answer(backend, request, [_vpc_shape(Surroundings.of(backend))])


def describe_vpc_attribute(
    backend: AwsBackend, request: DescribeVpcAttributeRequestTypeDef
) -> Shape:
    """One attribute of the VPC."""
    around = Surroundings.of(backend)
    _LISTING.named([request["VpcId"]], [_vpc_shape(around)])
    if request["Attribute"] not in _ATTRIBUTES:
        raise AwsFailure(
            "InvalidParameterValue",
            f"Value ( {shown(request['Attribute'])} ) for parameter attribute is invalid.",
        )
    member, value = _ATTRIBUTES[request["Attribute"]]
    return {"VpcId": around.ids.vpc, member: {"Value": value}}


def _vpc_shape(around: Surroundings) -> Shape:
    cidr = str(PRIVATE_NETWORK)
    return {
        "VpcId": around.ids.vpc,
        "OwnerId": ACCOUNT_ID,
        "State": "available",
        "CidrBlock": cidr,
        "CidrBlockAssociationSet": [
            {
                "AssociationId": around.ids.vpc_cidr_association,
                "CidrBlock": cidr,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "Ipv6CidrBlockAssociationSet": [],
        # EC2's word for a network without a set of options.
        "DhcpOptionsId": "default",
        "InstanceTenancy": "default",
        "IsDefault": True,
        "Tags": tag_list(around.resource_tags.get(around.ids.vpc, {})),
    }


_LISTING = Listing(
    kind=resource_kind.VPC,
    answers="Vpcs",
    id_member="VpcId",
    ids_member="VpcIds",
    paging=Paging("DescribeVpcs", 5, 1000),
    filters={
        "cidr": at("CidrBlock"),
        "cidr-block-association.association-id": at("CidrBlockAssociationSet.AssociationId"),
        "cidr-block-association.cidr-block": at("CidrBlockAssociationSet.CidrBlock"),
        "cidr-block-association.state": at("CidrBlockAssociationSet.CidrBlockState.State"),
        "dhcp-options-id": at("DhcpOptionsId"),
        **{
            f"ipv6-cidr-block-association.{name}": at(f"Ipv6CidrBlockAssociationSet.{path}")
            for name, path in (
                ("association-id", "AssociationId"),
                ("ipv6-cidr-block", "Ipv6CidrBlock"),
                ("ipv6-pool", "Ipv6Pool"),
                ("state", "Ipv6CidrBlockState.State"),
            )
        },
        "is-default": at("IsDefault"),
        # An older name of it, which Ansible and Terraform still write.
        "isDefault": at("IsDefault"),
        "owner-id": at("OwnerId"),
        "state": at("State"),
        "vpc-id": at("VpcId"),
    },
)
OPERATIONS = (
    Operation("DescribeVpcs", describe_vpcs, carried=_LISTING.carried),
    Operation(
        "DescribeVpcAttribute",
        describe_vpc_attribute,
        carried=frozenset({"VpcId"}),
        checked={"Attribute": ", ".join(_ATTRIBUTES)},
    ),
)
