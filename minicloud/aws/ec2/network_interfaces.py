"""Network interfaces: every machine has one, made and gone with it, and no other is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, always, at
from minicloud.aws.ec2.security_groups import DEFAULT_GROUP_NAME
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.derived_ids import interface_attachment_id, interface_id
from minicloud.domain.instance import Instance

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeNetworkInterfacesRequestTypeDef

_AMAZON = "amazon"


def describe_network_interfaces(
    backend: AwsBackend, request: DescribeNetworkInterfacesRequestTypeDef
) -> Shape:
    """The machines' interfaces."""
    around = Surroundings.of(backend)
    machines = [instance for instance in around.instances.values() if instance.is_live]
    return _LISTING.answer(backend, request, [_interface_shape(m, around) for m in machines])


def association_shape(instance: Instance, around: Surroundings) -> Shape | None:
    """The public address at which a machine is reached, an Elastic IP before its own; or none."""
    elastic = around.elastic.get(instance.id)
    if elastic is not None:
        return {
            "AllocationId": elastic.allocation_id,
            "AssociationId": elastic.association_id,
            "IpOwnerId": ACCOUNT_ID,
            "PublicDnsName": around.whereabouts.public_name(elastic.public_ip),
            "PublicIp": elastic.public_ip,
        }
    if instance.public_ip is None:
        return None
    return {
        "IpOwnerId": _AMAZON,
        "PublicDnsName": around.whereabouts.public_name(instance.public_ip),
        "PublicIp": instance.public_ip,
    }


def _interface_shape(instance: Instance, around: Surroundings) -> Shape:
    own_id = interface_id(instance.id)
    private_name = around.region.private_name(instance.private_ip)
    association = association_shape(instance, around)
    return {
        "NetworkInterfaceId": own_id,
        "OwnerId": ACCOUNT_ID,
        "Status": "in-use",
        "InterfaceType": "interface",
        "Description": "",
        "RequesterManaged": False,
        "SourceDestCheck": True,
        "VpcId": around.ids.vpc,
        "SubnetId": around.ids.subnet,
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": around.region.zone_id,
        "Groups": [{"GroupId": around.ids.security_group, "GroupName": DEFAULT_GROUP_NAME}],
        "Ipv6Addresses": [],
        "PrivateIpAddress": instance.private_ip,
        "PrivateDnsName": private_name,
        "PrivateIpAddresses": [
            {
                "Primary": True,
                "PrivateIpAddress": instance.private_ip,
                "PrivateDnsName": private_name,
                "Association": association,
            }
        ],
        "Association": association,
        "Attachment": {
            "AttachmentId": interface_attachment_id(instance.id),
            "AttachTime": instance.launched_at,
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "NetworkCardIndex": 0,
            "InstanceId": instance.id,
            "InstanceOwnerId": ACCOUNT_ID,
            "Status": "attached",
        },
        "TagSet": tag_list(around.resource_tags.get(own_id, {})),
    }


_LISTING = Listing(
    kind=resource_kind.INTERFACE,
    answers="NetworkInterfaces",
    id_member="NetworkInterfaceId",
    ids_member="NetworkInterfaceIds",
    tags_member="TagSet",
    paging=Paging("DescribeNetworkInterfaces", 5, 1000),
    filters={
        "addresses.association.owner-id": at("PrivateIpAddresses.Association.IpOwnerId"),
        "addresses.association.public-ip": at("PrivateIpAddresses.Association.PublicIp"),
        "addresses.primary": at("PrivateIpAddresses.Primary"),
        "addresses.private-ip-address": at("PrivateIpAddresses.PrivateIpAddress"),
        "association.allocation-id": at("Association.AllocationId"),
        "association.association-id": at("Association.AssociationId"),
        "association.ip-owner-id": at("Association.IpOwnerId"),
        "association.public-dns-name": at("Association.PublicDnsName"),
        "association.public-ip": at("Association.PublicIp"),
        "attachment.attach-time": at("Attachment.AttachTime"),
        "attachment.attachment-id": at("Attachment.AttachmentId"),
        "attachment.delete-on-termination": at("Attachment.DeleteOnTermination"),
        "attachment.device-index": at("Attachment.DeviceIndex"),
        "attachment.instance-id": at("Attachment.InstanceId"),
        "attachment.instance-owner-id": at("Attachment.InstanceOwnerId"),
        "attachment.status": at("Attachment.Status"),
        "availability-zone": at("AvailabilityZone"),
        "availability-zone-id": at("AvailabilityZoneId"),
        "description": at("Description"),
        "group-id": at("Groups.GroupId"),
        "group-name": at("Groups.GroupName"),
        "interface-type": at("InterfaceType"),
        "ipv6-addresses.ipv6-address": at("Ipv6Addresses.Ipv6Address"),
        "mac-address": at("MacAddress"),
        "network-interface-id": at("NetworkInterfaceId"),
        "operator.managed": always("false"),
        "operator.principal": at("Operator.Principal"),
        "owner-id": at("OwnerId"),
        "private-dns-name": at("PrivateDnsName"),
        "private-ip-address": at("PrivateIpAddress"),
        "requester-id": at("RequesterId"),
        "requester-managed": at("RequesterManaged"),
        "source-dest-check": at("SourceDestCheck"),
        "status": at("Status"),
        "subnet-id": at("SubnetId"),
        "vpc-id": at("VpcId"),
    },
)
OPERATIONS = (
    Operation("DescribeNetworkInterfaces", describe_network_interfaces, carried=_LISTING.carried),
)
