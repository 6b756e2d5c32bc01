"""By what images can be filtered; names: the API reference of DescribeImages."""

from __future__ import annotations

from minicloud.aws.ec2.listing import Filters, at

IMAGE_FILTERS: Filters = {
    "architecture": at("Architecture"),
    "block-device-mapping.delete-on-termination": at("BlockDeviceMappings.Ebs.DeleteOnTermination"),
    "block-device-mapping.device-name": at("BlockDeviceMappings.DeviceName"),
    "block-device-mapping.encrypted": at("BlockDeviceMappings.Ebs.Encrypted"),
    "block-device-mapping.snapshot-id": at("BlockDeviceMappings.Ebs.SnapshotId"),
    "block-device-mapping.volume-size": at("BlockDeviceMappings.Ebs.VolumeSize"),
    "block-device-mapping.volume-type": at("BlockDeviceMappings.Ebs.VolumeType"),
    "creation-date": at("CreationDate"),
    "description": at("Description"),
    "ena-support": at("EnaSupport"),
    "hypervisor": at("Hypervisor"),
    "image-id": at("ImageId"),
    "image-type": at("ImageType"),
    "is-public": at("Public"),
    "kernel-id": at("KernelId"),
    "manifest-location": at("ImageLocation"),
    "name": at("Name"),
    "owner-alias": at("ImageOwnerAlias"),
    "owner-id": at("OwnerId"),
    "platform": at("Platform"),
    "platform-details": at("PlatformDetails"),
    "product-code": at("ProductCodes.ProductCodeId"),
    "ramdisk-id": at("RamdiskId"),
    "root-device-name": at("RootDeviceName"),
    "root-device-type": at("RootDeviceType"),
    "source-image-id": at("SourceImageId"),
    "source-image-region": at("SourceImageRegion"),
    "source-instance-id": at("SourceInstanceId"),
    "sriov-net-support": at("SriovNetSupport"),
    "state": at("State"),
    "state-reason-code": at("StateReason.Code"),
    "state-reason-message": at("StateReason.Message"),
    "usage-operation": at("UsageOperation"),
    "virtualization-type": at("VirtualizationType"),
}
