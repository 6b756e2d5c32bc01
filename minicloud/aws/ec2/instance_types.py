"""Instance types: what the catalogue knows of each, where they are to be had, and their credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.instance_shapes import VIRTUALIZATION
from minicloud.aws.ec2.listing import Filters, at
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import select
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.domain.catalog import InstanceType, instance_types
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeInstanceTypeOfferingsRequestTypeDef,
        DescribeInstanceTypesRequestTypeDef,
    )

_PAGING = Paging("DescribeInstanceTypes", 5, 100, standard=100)
_OFFERING_PAGING = Paging("DescribeInstanceTypeOfferings", 5, 1000, standard=1000)
_XEN_FAMILIES = frozenset({"t2"})


def describe_instance_types(
    backend: AwsBackend, request: DescribeInstanceTypesRequestTypeDef
) -> Shape:
    """The types that can be launched."""
    types = {each.name: each for each in instance_types()}
    names = list(dict.fromkeys(request.get("InstanceTypes") or types))
    unknown = [name for name in names if name not in types]
    if unknown:
        listed = shown(", ".join(unknown), 400).strip("'")
        raise AwsFailure(
            "InvalidInstanceType",
            f"The following supplied instance types do not exist: [{listed}]",
        )
    shapes = [_type_shape(types[name]) for name in names]
    chosen = select(shapes, request.get("Filters"), _FILTERS)
    page = _PAGING.page(backend, request, chosen, lambda shape: str(shape["InstanceType"]))
    return {"InstanceTypes": page.records, "NextToken": page.next_token}


def describe_instance_type_offerings(
    backend: AwsBackend, request: DescribeInstanceTypeOfferingsRequestTypeDef
) -> Shape:
    """Where the types are to be had: all of them in the cloud's region, and in its zone."""
    region = backend.region
    locations = {
        "region": region.name,
        "availability-zone": region.zone,
        "availability-zone-id": region.zone_id,
    }
    kind: str = request.get("LocationType", "region")
    if kind not in locations:
        # An outpost; there is none.
        return {"InstanceTypeOfferings": []}
    shapes: list[Shape] = [
        {"InstanceType": each.name, "LocationType": kind, "Location": locations[kind]}
        for each in instance_types()
    ]
    chosen = select(shapes, request.get("Filters"), _OFFERING_FILTERS)
    page = _OFFERING_PAGING.page(backend, request, chosen, lambda s: str(s["InstanceType"]))
    return {"InstanceTypeOfferings": page.records, "NextToken": page.next_token}


def _type_shape(its_type: InstanceType) -> Shape:
    return {
        "InstanceType": its_type.name,
        "CurrentGeneration": True,
        "BareMetal": False,
        "Hypervisor": "xen" if its_type.family in _XEN_FAMILIES else "nitro",
        "SupportedUsageClasses": ["on-demand"],
        "SupportedRootDeviceTypes": ["ebs"],
        "SupportedVirtualizationTypes": [VIRTUALIZATION],
        "ProcessorInfo": {
            "SupportedArchitectures": [its_type.architecture],
            "Manufacturer": its_type.processor.partition(" ")[0],
        },
        "VCpuInfo": {"DefaultVCpus": its_type.vcpus},
        "MemoryInfo": {"SizeInMiB": its_type.memory_mib},
        "InstanceStorageSupported": False,
        "NetworkInfo": {
            "MaximumNetworkInterfaces": 1,
            "MaximumNetworkCards": 1,
            "DefaultNetworkCardIndex": 0,
            "Ipv4AddressesPerInterface": 1,
            "Ipv6AddressesPerInterface": 0,
            "Ipv6Supported": False,
            "EnaSupport": "unsupported",
            "EfaSupported": False,
        },
        "EbsInfo": {"EbsOptimizedSupport": "unsupported", "EncryptionSupport": "unsupported"},
        "HibernationSupported": False,
        "BurstablePerformanceSupported": its_type.burstable,
        "DedicatedHostsSupported": False,
        "AutoRecoverySupported": False,
    }


_FILTERS: Filters = {
    "auto-recovery-supported": at("AutoRecoverySupported"),
    "bare-metal": at("BareMetal"),
    "burstable-performance-supported": at("BurstablePerformanceSupported"),
    "current-generation": at("CurrentGeneration"),
    "dedicated-hosts-supported": at("DedicatedHostsSupported"),
    "ebs-info.ebs-optimized-support": at("EbsInfo.EbsOptimizedSupport"),
    "ebs-info.encryption-support": at("EbsInfo.EncryptionSupport"),
    "hibernation-supported": at("HibernationSupported"),
    "hypervisor": at("Hypervisor"),
    "instance-storage-supported": at("InstanceStorageSupported"),
    "instance-type": at("InstanceType"),
    "memory-info.size-in-mib": at("MemoryInfo.SizeInMiB"),
    "network-info.efa-supported": at("NetworkInfo.EfaSupported"),
    "network-info.ena-support": at("NetworkInfo.EnaSupport"),
    "network-info.ipv4-addresses-per-interface": at("NetworkInfo.Ipv4AddressesPerInterface"),
    "network-info.ipv6-addresses-per-interface": at("NetworkInfo.Ipv6AddressesPerInterface"),
    "network-info.ipv6-supported": at("NetworkInfo.Ipv6Supported"),
    "network-info.maximum-network-cards": at("NetworkInfo.MaximumNetworkCards"),
    "network-info.maximum-network-interfaces": at("NetworkInfo.MaximumNetworkInterfaces"),
    "processor-info.supported-architecture": at("ProcessorInfo.SupportedArchitectures"),
    "supported-root-device-type": at("SupportedRootDeviceTypes"),
    "supported-usage-class": at("SupportedUsageClasses"),
    "supported-virtualization-type": at("SupportedVirtualizationTypes"),
    "vcpu-info.default-vcpus": at("VCpuInfo.DefaultVCpus"),
}
_OFFERING_FILTERS: Filters = {"instance-type": at("InstanceType"), "location": at("Location")}
OPERATIONS = (
    Operation(
        "DescribeInstanceTypes",
        describe_instance_types,
        carried=frozenset({"InstanceTypes", "Filters", "MaxResults", "NextToken"}),
    ),
    Operation(
        "DescribeInstanceTypeOfferings",
        describe_instance_type_offerings,
        carried=frozenset({"LocationType", "Filters", "MaxResults", "NextToken"}),
    ),
)
