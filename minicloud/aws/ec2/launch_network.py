"""What a launch says of its network, held against the one network that there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minicloud.aws.ec2.security_groups import DEFAULT_GROUP_NAME
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure, unsupported
from minicloud.domain import resource_kind
from minicloud.domain.tags import shown

NETWORK_CARRIED = frozenset(
    {
        "NetworkInterfaces.Groups",
        "NetworkInterfaces.SubnetId",
        "Placement.AvailabilityZone",
        "Placement.AvailabilityZoneId",
        "SecurityGroupIds",
        "SecurityGroups",
        "SubnetId",
    }
)
# Each machine has one interface, which has a public address and goes with it.
NETWORK_FIXED: Mapping[str, object] = {
    "NetworkInterfaces.AssociatePublicIpAddress": True,
    "NetworkInterfaces.DeleteOnTermination": True,
    "NetworkInterfaces.Description": "",
    "NetworkInterfaces.DeviceIndex": 0,
    "NetworkInterfaces.InterfaceType": "interface",
    "NetworkInterfaces.NetworkCardIndex": 0,
    "Placement.GroupName": "",
}


def require_network(request: Mapping[str, Any], around: Surroundings) -> None:
    """Refuse a zone, subnet or security group that is not the cloud's, in EC2's words."""
    placement = request.get("Placement", {})
    for name, known in (
        ("AvailabilityZone", around.region.zone),
        ("AvailabilityZoneId", around.region.zone_id),
    ):
        if placement.get(name) not in {None, "", known}:
            raise AwsFailure(
                "InvalidParameterValue", f"Invalid availability zone: [{shown(placement[name])}]"
            )
    interfaces = request.get("NetworkInterfaces") or ()
    if len(interfaces) > 1:
        raise unsupported("More than one network interface")
    for interface in interfaces:
        _require_alone(request)
        _require_subnet(interface.get("SubnetId"), around)
        require_groups(interface.get("Groups"), around)
    _require_subnet(request.get("SubnetId"), around)
    require_groups(request.get("SecurityGroupIds"), around)
    for name in request.get("SecurityGroups") or ():
        if name != DEFAULT_GROUP_NAME:
            raise AwsFailure(
                "InvalidGroup.NotFound",
                f"The security group {shown(name)} does not exist in default VPC"
                f" '{around.ids.vpc}'",
            )


def require_groups(group_ids: Sequence[str] | None, around: Surroundings) -> None:
    """Refuse any other security group than the default one, in which every machine is."""
    for group_id in group_ids or ():
        resource_kind.SECURITY_GROUP.require_well_formed(group_id)
        if group_id != around.ids.security_group:
            raise resource_kind.SECURITY_GROUP.missing(group_id)


def _require_alone(request: Mapping[str, Any]) -> None:
    for member, what in (
        ("SubnetId", "subnet ID"),
        ("SecurityGroupIds", "security groups"),
        ("SecurityGroups", "security groups"),
    ):
        if request.get(member):
            raise AwsFailure(
                "InvalidParameterCombination",
                f"Network interfaces and an instance-level {what} may not be specified on the same"
                " request",
            )


def _require_subnet(subnet_id: str | None, around: Surroundings) -> None:
    if subnet_id and subnet_id != around.ids.subnet:
        raise resource_kind.SUBNET.missing(subnet_id)
