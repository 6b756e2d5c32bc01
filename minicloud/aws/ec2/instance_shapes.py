"""How EC2 tells of a machine."""

from __future__ import annotations

from datetime import UTC

from minicloud.aws.ec2.network_interfaces import association_shape
from minicloud.aws.ec2.security_groups import DEFAULT_GROUP_NAME
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.ec2.volumes import ROOT_DEVICE
from minicloud.aws.operation import Shape
from minicloud.aws.tags import tag_list
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.catalog import instance_type
from minicloud.domain.derived_ids import interface_attachment_id, interface_id, volume_id
from minicloud.domain.instance import Instance, InstanceState

PLATFORM = "Linux/UNIX"
USAGE_OPERATION = "RunInstances"
# EC2 says so of its Nitro machines, too.
HYPERVISOR = "xen"
VIRTUALIZATION = "hvm"
SHUTDOWN_BEHAVIOR = "stop"
TENANCY = "default"
# No machine has a metadata service.
METADATA_OPTIONS: Shape = {
    "State": "applied",
    "HttpEndpoint": "disabled",
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": 1,
}
_DNS_OPTIONS: Shape = {
    "HostnameType": "ip-name",
    "EnableResourceNameDnsARecord": False,
    "EnableResourceNameDnsAAAARecord": False,
}
_USER_INITIATED = "Client.UserInitiatedShutdown"
_STATE_SHAPES = {state: {"Code": state.code, "Name": state.value} for state in InstanceState}


def state_shape(state: InstanceState) -> Shape:
    """A state, as AWS writes it."""
    return _STATE_SHAPES[state]


def groups_shape(around: Surroundings) -> list[Shape]:
    """The security groups that every machine is in."""
    return [{"GroupId": around.ids.security_group, "GroupName": DEFAULT_GROUP_NAME}]


def instance_shape(instance: Instance, around: Surroundings) -> Shape:
    """A machine, with its disk and its network for as long as it has them."""
    reason = instance.state_reason
    elastic = around.elastic.get(instance.id)
    slot = instance.public_slot if elastic is None else elastic.slot
    return {
        "InstanceId": instance.id,
        "ImageId": instance.image_id,
        "InstanceType": instance.type_name,
        "State": _STATE_SHAPES[instance.state],
        "StateTransitionReason": _transition_reason(instance),
        "StateReason": None if reason is None else {"Code": reason.code, "Message": reason.message},
        "AmiLaunchIndex": instance.launch_index,
        "ClientToken": instance.client_token or "",
        "LaunchTime": instance.launched_at,
        "UsageOperation": USAGE_OPERATION,
        "UsageOperationUpdateTime": instance.launched_at,
        "Placement": {
            "AvailabilityZone": instance.zone,
            "AvailabilityZoneId": around.region.zone_id,
            "GroupName": "",
            "Tenancy": TENANCY,
        },
        "Architecture": instance_type(instance.type_name).architecture,
        "Hypervisor": HYPERVISOR,
        "VirtualizationType": VIRTUALIZATION,
        "PlatformDetails": PLATFORM,
        "Monitoring": {"State": "disabled"},
        "ProductCodes": [],
        "RootDeviceName": ROOT_DEVICE,
        "RootDeviceType": "ebs",
        "EbsOptimized": False,
        "EnclaveOptions": {"Enabled": False},
        "HibernationOptions": {"Configured": False},
        "MetadataOptions": METADATA_OPTIONS,
        "Tags": tag_list(around.whereabouts.with_host_ports(instance.tags, slot)),
        **(_live_members(instance, around) if instance.is_live else _GONE_MEMBERS),
    }


def device_mappings(instance: Instance) -> list[Shape]:
    """The machine's only disk."""
    return [
        {
            "DeviceName": ROOT_DEVICE,
            "Ebs": {
                "VolumeId": volume_id(instance.id),
                "Status": "attached",
                "AttachTime": instance.launched_at,
                "DeleteOnTermination": True,
            },
        }
    ]


def reservation_shape(launch_id: str, instances: list[Shape]) -> Shape:
    """A launch. ``Groups`` are those of EC2-Classic, which is no more."""
    return {
        "ReservationId": launch_id,
        "OwnerId": ACCOUNT_ID,
        "Groups": [],
        "Instances": instances,
    }


_GONE_MEMBERS: Shape = {
    "PrivateDnsName": "",
    "PublicDnsName": "",
    "BlockDeviceMappings": [],
    "NetworkInterfaces": [],
    "SecurityGroups": [],
}


def _live_members(instance: Instance, around: Surroundings) -> Shape:
    found = association_shape(instance, around)
    return {
        "PrivateIpAddress": instance.private_ip,
        "PrivateDnsName": around.region.private_name(instance.private_ip),
        "PrivateDnsNameOptions": _DNS_OPTIONS,
        "PublicIpAddress": None if found is None else found["PublicIp"],
        "PublicDnsName": "" if found is None else found["PublicDnsName"],
        "VpcId": around.ids.vpc,
        "SubnetId": around.ids.subnet,
        "SecurityGroups": groups_shape(around),
        "SourceDestCheck": True,
        "BlockDeviceMappings": device_mappings(instance),
        "NetworkInterfaces": [_interface_shape(instance, around, found)],
    }


def _interface_shape(instance: Instance, around: Surroundings, found: Shape | None) -> Shape:
    """The machine's interface, as the machine tells of it: without what its own answer has more."""
    association = found and {
        "IpOwnerId": found["IpOwnerId"],
        "PublicDnsName": found["PublicDnsName"],
        "PublicIp": found["PublicIp"],
    }
    private = {
        "PrivateIpAddress": instance.private_ip,
        "PrivateDnsName": around.region.private_name(instance.private_ip),
        "Association": association,
    }
    return {
        **private,
        "PrivateIpAddresses": [{"Primary": True, **private}],
        "NetworkInterfaceId": interface_id(instance.id),
        "OwnerId": ACCOUNT_ID,
        "Description": "",
        "Status": "in-use",
        "InterfaceType": "interface",
        "SourceDestCheck": True,
        "VpcId": around.ids.vpc,
        "SubnetId": around.ids.subnet,
        "Groups": groups_shape(around),
        "Ipv6Addresses": [],
        "Attachment": {
            "AttachmentId": interface_attachment_id(instance.id),
            "AttachTime": instance.launched_at,
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "NetworkCardIndex": 0,
            "Status": "attached",
        },
    }


def _transition_reason(instance: Instance) -> str:
    """Why and when, in EC2's words, where a person has stopped or terminated it."""
    reason, at = instance.state_reason, instance.state_changed_at
    if reason is None or reason.code != _USER_INITIATED or at is None:
        return ""
    return f"User initiated ({at.astimezone(UTC):%Y-%m-%d %H:%M:%S} GMT)"
