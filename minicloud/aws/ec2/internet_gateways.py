"""The cloud's way out, and in at public addresses: one gateway, attached to its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, at
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeInternetGatewaysRequestTypeDef


def describe_internet_gateways(
    backend: AwsBackend, request: DescribeInternetGatewaysRequestTypeDef
) -> Shape:
    """The network's gateway."""
    around = Surroundings.of(backend)
    gateway_id = around.ids.internet_gateway
    gateway: Shape = {
        "InternetGatewayId": gateway_id,
        "OwnerId": ACCOUNT_ID,
        "Attachments": [{"State": "available", "VpcId": around.ids.vpc}],
        "Tags": tag_list(around.resource_tags.get(gateway_id, {})),
    }
    return _LISTING.answer(backend, request, [gateway])


_LISTING = Listing(
    kind=resource_kind.INTERNET_GATEWAY,
    answers="InternetGateways",
    id_member="InternetGatewayId",
    ids_member="InternetGatewayIds",
    paging=Paging("DescribeInternetGateways", 5, 1000),
    filters={
        "attachment.state": at("Attachments.State"),
        "attachment.vpc-id": at("Attachments.VpcId"),
        "internet-gateway-id": at("InternetGatewayId"),
        "owner-id": at("OwnerId"),
    },
)
OPERATIONS = (
    Operation("DescribeInternetGateways", describe_internet_gateways, carried=_LISTING.carried),
)
