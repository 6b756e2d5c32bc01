"""The subnet that the cloud's machines lie in: the default one of its only zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, at
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID, Arn
from minicloud.domain.network import Place

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeSubnetsRequestTypeDef


def describe_subnets(backend: AwsBackend, request: DescribeSubnetsRequestTypeDef) -> Shape:
    """The subnet, and how many private addresses of it can still be given."""
    with backend.store.read() as transaction:
        around = Surroundings.read(transaction)
        balancer_count = len(transaction.balancers.all())
    machine_count = sum(instance.is_live for instance in around.instances.values())
    place = around.whereabouts.place or backend.cloud.place()
    free_count = place.slot_count - machine_count - balancer_count
    return _LISTING.answer(backend, request, [_subnet_shape(around, place, free_count)])


def _subnet_shape(around: Surroundings, place: Place, free_count: int) -> Shape:
    subnet_id = around.ids.subnet
    return {
        "SubnetId": subnet_id,
        "SubnetArn": str(Arn("ec2", around.region.name, f"subnet/{subnet_id}")),
        "VpcId": around.ids.vpc,
        "OwnerId": ACCOUNT_ID,
        "State": "available",
        "CidrBlock": str(place.subnet),
        "AvailableIpAddressCount": free_count,
        "AvailabilityZone": around.region.zone,
        "AvailabilityZoneId": around.region.zone_id,
        "DefaultForAz": True,
        "MapPublicIpOnLaunch": True,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        "Ipv6CidrBlockAssociationSet": [],
        "EnableDns64": False,
        "Ipv6Native": False,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "Tags": tag_list(around.resource_tags.get(subnet_id, {})),
    }


_LISTING = Listing(
    kind=resource_kind.SUBNET,
    answers="Subnets",
    id_member="SubnetId",
    ids_member="SubnetIds",
    paging=Paging("DescribeSubnets", 5, 1000),
    filters={
        "availability-zone": at("AvailabilityZone"),
        "availabilityZone": at("AvailabilityZone"),
        "availability-zone-id": at("AvailabilityZoneId"),
        "availabilityZoneId": at("AvailabilityZoneId"),
        "available-ip-address-count": at("AvailableIpAddressCount"),
        "cidr": at("CidrBlock"),
        "cidr-block": at("CidrBlock"),
        "cidrBlock": at("CidrBlock"),
        "customer-owned-ipv4-pool": at("CustomerOwnedIpv4Pool"),
        "default-for-az": at("DefaultForAz"),
        "defaultForAz": at("DefaultForAz"),
        "enable-dns64": at("EnableDns64"),
        "enable-lni-at-device-index": at("EnableLniAtDeviceIndex"),
        **{
            f"ipv6-cidr-block-association.{name}": at(f"Ipv6CidrBlockAssociationSet.{path}")
            for name, path in (
                ("association-id", "AssociationId"),
                ("ipv6-cidr-block", "Ipv6CidrBlock"),
                ("state", "Ipv6CidrBlockState.State"),
            )
        },
        "ipv6-native": at("Ipv6Native"),
        "map-customer-owned-ip-on-launch": at("MapCustomerOwnedIpOnLaunch"),
        "map-public-ip-on-launch": at("MapPublicIpOnLaunch"),
        "mapPublicIpOnLaunch": at("MapPublicIpOnLaunch"),
        "owner-id": at("OwnerId"),
        "outpost-arn": at("OutpostArn"),
        **{
            f"private-dns-name-options-on-launch.{name}": at(
                f"PrivateDnsNameOptionsOnLaunch.{member}"
            )
            for name, member in (
                ("hostname-type", "HostnameType"),
                ("enable-resource-name-dns-a-record", "EnableResourceNameDnsARecord"),
                ("enable-resource-name-dns-aaaa-record", "EnableResourceNameDnsAAAARecord"),
            )
        },
        "state": at("State"),
        "subnet-arn": at("SubnetArn"),
        "subnet-id": at("SubnetId"),
        "vpc-id": at("VpcId"),
    },
)
OPERATIONS = (Operation("DescribeSubnets", describe_subnets, carried=_LISTING.carried),)
