"""Where the cloud's machines can send to: to each other, and through the gateway to the world."""

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
from minicloud.domain.network import PRIVATE_NETWORK

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeRouteTablesRequestTypeDef


def describe_route_tables(backend: AwsBackend, request: DescribeRouteTablesRequestTypeDef) -> Shape:
    """The network's main route table."""
    return _LISTING.answer(backend, request, [_table_shape(Surroundings.of(backend))])


def _table_shape(around: Surroundings) -> Shape:
    ids = around.ids
    return {
        "RouteTableId": ids.route_table,
        "VpcId": ids.vpc,
        "OwnerId": ACCOUNT_ID,
        "Associations": [
            {
                "Main": True,
                "RouteTableAssociationId": ids.route_table_association,
                "RouteTableId": ids.route_table,
                "AssociationState": {"State": "associated"},
            }
        ],
        "PropagatingVgws": [],
        "Routes": [
            _route_shape(str(PRIVATE_NETWORK), "local", "CreateRouteTable"),
            _route_shape("0.0.0.0/0", ids.internet_gateway, "CreateRoute"),
        ],
        "Tags": tag_list(around.resource_tags.get(ids.route_table, {})),
    }


def _route_shape(destination: str, gateway: str, origin: str) -> Shape:
    return {
        "DestinationCidrBlock": destination,
        "GatewayId": gateway,
        "Origin": origin,
        "State": "active",
    }


_LISTING = Listing(
    kind=resource_kind.ROUTE_TABLE,
    answers="RouteTables",
    id_member="RouteTableId",
    ids_member="RouteTableIds",
    paging=Paging("DescribeRouteTables", 5, 100),
    filters={
        "association.gateway-id": at("Associations.GatewayId"),
        "association.main": at("Associations.Main"),
        "association.route-table-association-id": at("Associations.RouteTableAssociationId"),
        "association.route-table-id": at("Associations.RouteTableId"),
        "association.subnet-id": at("Associations.SubnetId"),
        "owner-id": at("OwnerId"),
        "route-table-id": at("RouteTableId"),
        "route.destination-cidr-block": at("Routes.DestinationCidrBlock"),
        "route.destination-ipv6-cidr-block": at("Routes.DestinationIpv6CidrBlock"),
        "route.destination-prefix-list-id": at("Routes.DestinationPrefixListId"),
        "route.egress-only-internet-gateway-id": at("Routes.EgressOnlyInternetGatewayId"),
        "route.gateway-id": at("Routes.GatewayId"),
        "route.instance-id": at("Routes.InstanceId"),
        "route.nat-gateway-id": at("Routes.NatGatewayId"),
        "route.origin": at("Routes.Origin"),
        "route.state": at("Routes.State"),
        "route.transit-gateway-id": at("Routes.TransitGatewayId"),
        "route.vpc-peering-connection-id": at("Routes.VpcPeeringConnectionId"),
        "vpc-id": at("VpcId"),
    },
)
OPERATIONS = (Operation("DescribeRouteTables", describe_route_tables, carried=_LISTING.carried),)
