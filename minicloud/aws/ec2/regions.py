"""The one region that the cloud plays, and its one zone.

All machines of a cloud share a host, so there is nothing behind another region or zone: AWS's own
lists would send a client to what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import at
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import select
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.region import Region
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeAvailabilityZonesRequestTypeDef,
        DescribeRegionsRequestTypeDef,
    )

_OPT_IN = "opt-in-not-required"


def describe_regions(backend: AwsBackend, request: DescribeRegionsRequestTypeDef) -> Shape:
    """The cloud's region, reached where this very request was answered."""
    with backend.store.read() as transaction:
        endpoint = transaction.aws_endpoint()
    port = None if endpoint is None else endpoint.port
    region: Shape = {
        "RegionName": backend.region.name,
        "Endpoint": "127.0.0.1" if port is None else f"127.0.0.1:{port}",
        "OptInStatus": _OPT_IN,
    }
    _require_known("region name", request.get("RegionNames"), region["RegionName"])
    return {"Regions": select([region], request.get("Filters"), _REGION_FILTERS)}


def describe_availability_zones(
    backend: AwsBackend, request: DescribeAvailabilityZonesRequestTypeDef
) -> Shape:
    """The region's only zone."""
    zone = _zone_shape(backend.region)
    _require_known("availability zone", request.get("ZoneNames"), zone["ZoneName"])
    _require_known("availability zone id", request.get("ZoneIds"), zone["ZoneId"])
    return {"AvailabilityZones": select([zone], request.get("Filters"), _ZONE_FILTERS)}


def _zone_shape(region: Region) -> Shape:
    return {
        "State": "available",
        "OptInStatus": _OPT_IN,
        "Messages": [],
        "RegionName": region.name,
        "ZoneName": region.zone,
        "ZoneId": region.zone_id,
        "GroupName": f"{region.name}-zg-1",
        "NetworkBorderGroup": region.name,
        "ZoneType": "availability-zone",
    }


def _require_known(what: str, given: Sequence[str] | None, known: str) -> None:
    for name in given or ():
        if name != known:
            raise AwsFailure("InvalidParameterValue", f"Invalid {what}: [{shown(name)}]")


_REGION_FILTERS = {
    "endpoint": at("Endpoint"),
    "opt-in-status": at("OptInStatus"),
    "region-name": at("RegionName"),
}
_ZONE_FILTERS = {
    "group-long-name": at("GroupLongName"),
    "group-name": at("GroupName"),
    "message": at("Messages.Message"),
    "opt-in-status": at("OptInStatus"),
    "parent-zone-id": at("ParentZoneId"),
    "parent-zone-name": at("ParentZoneName"),
    "region-name": at("RegionName"),
    "state": at("State"),
    "zone-id": at("ZoneId"),
    "zone-name": at("ZoneName"),
    "zone-type": at("ZoneType"),
}
OPERATIONS = (
    Operation(
        "DescribeRegions",
        describe_regions,
        # Every region is told, opted in or not: there is one.
        carried=frozenset({"AllRegions", "RegionNames", "Filters"}),
    ),
    Operation(
        "DescribeAvailabilityZones",
        describe_availability_zones,
        carried=frozenset({"AllAvailabilityZones", "ZoneNames", "ZoneIds", "Filters"}),
    ),
)
