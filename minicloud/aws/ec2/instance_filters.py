"""By what machines, and their statuses, can be filtered.

Names: the API reference of DescribeInstances and DescribeInstanceStatus. Of what no machine here
has (a key pair, a kernel of its own), nothing is ever found.
"""

from __future__ import annotations

from collections.abc import Mapping

from minicloud.aws.ec2.listing import Filters, always, at
from minicloud.aws.filters import Values
from minicloud.aws.operation import Shape
from minicloud.domain.arn import ACCOUNT_ID


def tags_of(shape: Shape) -> Mapping[str, str]:
    """The tags of a shape, for filters."""
    return {tag["Key"]: tag["Value"] for tag in shape["Tags"]}


def _nothing(_shape: Shape) -> tuple[()]:
    return ()


_INTERFACE: Mapping[str, Values[Shape]] = {
    f"network-interface.{name}": at(f"NetworkInterfaces.{path}")
    for name, path in {
        "addresses.association.ip-owner-id": "PrivateIpAddresses.Association.IpOwnerId",
        "addresses.association.public-ip": "PrivateIpAddresses.Association.PublicIp",
        "addresses.primary": "PrivateIpAddresses.Primary",
        "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
        "association.ip-owner-id": "Association.IpOwnerId",
        "association.public-ip": "Association.PublicIp",
        "attachment.attach-time": "Attachment.AttachTime",
        "attachment.attachment-id": "Attachment.AttachmentId",
        "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
        "attachment.device-index": "Attachment.DeviceIndex",
        "attachment.status": "Attachment.Status",
        "description": "Description",
        "group-id": "Groups.GroupId",
        "group-name": "Groups.GroupName",
        "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
        "network-interface-id": "NetworkInterfaceId",
        "owner-id": "OwnerId",
        "private-dns-name": "PrivateDnsName",
        "source-dest-check": "SourceDestCheck",
        "status": "Status",
        "subnet-id": "SubnetId",
        "vpc-id": "VpcId",
    }.items()
}
INSTANCE_FILTERS: Filters = {
    **_INTERFACE,
    "architecture": at("Architecture"),
    "availability-zone": at("Placement.AvailabilityZone"),
    "availability-zone-id": at("Placement.AvailabilityZoneId"),
    "block-device-mapping.attach-time": at("BlockDeviceMappings.Ebs.AttachTime"),
    "block-device-mapping.delete-on-termination": at("BlockDeviceMappings.Ebs.DeleteOnTermination"),
    "block-device-mapping.device-name": at("BlockDeviceMappings.DeviceName"),
    "block-device-mapping.status": at("BlockDeviceMappings.Ebs.Status"),
    "block-device-mapping.volume-id": at("BlockDeviceMappings.Ebs.VolumeId"),
    "client-token": at("ClientToken"),
    "dns-name": at("PublicDnsName"),
    "enclave-options.enabled": at("EnclaveOptions.Enabled"),
    "hibernation-options.configured": at("HibernationOptions.Configured"),
    "hypervisor": at("Hypervisor"),
    "iam-instance-profile.arn": _nothing,
    "iam-instance-profile.id": _nothing,
    "image-id": at("ImageId"),
    "instance-id": at("InstanceId"),
    "instance-lifecycle": _nothing,
    "instance-state-code": at("State.Code"),
    "instance-state-name": at("State.Name"),
    "instance-type": at("InstanceType"),
    "instance.group-id": at("SecurityGroups.GroupId"),
    "instance.group-name": at("SecurityGroups.GroupName"),
    "ip-address": at("PublicIpAddress"),
    "kernel-id": _nothing,
    "key-name": _nothing,
    "launch-index": at("AmiLaunchIndex"),
    "launch-time": at("LaunchTime"),
    "metadata-options.http-endpoint": at("MetadataOptions.HttpEndpoint"),
    "metadata-options.http-put-response-hop-limit": at("MetadataOptions.HttpPutResponseHopLimit"),
    "metadata-options.http-tokens": at("MetadataOptions.HttpTokens"),
    "metadata-options.instance-metadata-tags": at("MetadataOptions.InstanceMetadataTags"),
    "monitoring-state": at("Monitoring.State"),
    "network-interface.availability-zone": at("Placement.AvailabilityZone"),
    "operator.managed": always("false"),
    "outpost-arn": _nothing,
    "owner-id": always(ACCOUNT_ID),
    "placement-group-name": _nothing,
    "placement-partition-number": _nothing,
    "platform": _nothing,
    "platform-details": at("PlatformDetails"),
    "private-dns-name": at("PrivateDnsName"),
    "private-dns-name-options.hostname-type": at("PrivateDnsNameOptions.HostnameType"),
    "private-ip-address": at("PrivateIpAddress"),
    "product-code": _nothing,
    "ramdisk-id": _nothing,
    "reason": at("StateTransitionReason"),
    "requester-id": _nothing,
    "root-device-name": at("RootDeviceName"),
    "root-device-type": at("RootDeviceType"),
    "source-dest-check": at("SourceDestCheck"),
    "spot-instance-request-id": _nothing,
    "state-reason-code": at("StateReason.Code"),
    "state-reason-message": at("StateReason.Message"),
    "subnet-id": at("SubnetId"),
    "tenancy": at("Placement.Tenancy"),
    "usage-operation": at("UsageOperation"),
    "usage-operation-update-time": at("UsageOperationUpdateTime"),
    "virtualization-type": at("VirtualizationType"),
    "vpc-id": at("VpcId"),
}
STATUS_FILTERS: Filters = {
    "availability-zone": at("AvailabilityZone"),
    "availability-zone-id": at("AvailabilityZoneId"),
    "event.code": _nothing,
    "event.description": _nothing,
    "event.instance-event-id": _nothing,
    "event.not-after": _nothing,
    "event.not-before": _nothing,
    "event.not-before-deadline": _nothing,
    "instance-state-code": at("InstanceState.Code"),
    "instance-state-name": at("InstanceState.Name"),
    "instance-status.reachability": at("InstanceStatus.Details.Status"),
    "instance-status.status": at("InstanceStatus.Status"),
    "operator.managed": always("false"),
    "system-status.reachability": at("SystemStatus.Details.Status"),
    "system-status.status": at("SystemStatus.Status"),
}
