"""The kinds of EC2's resources that a person may tag, and how AWS says that there is none.

Codes: the page "Error codes for the Amazon EC2 API"; the messages are EC2's own. Of resources that
have no ``Malformed`` code there, an identifier that cannot be one is simply not found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from minicloud.domain.derived_ids import DerivedKind
from minicloud.domain.errors import InvalidRequest, NotFound
from minicloud.domain.ids import IdKind
from minicloud.domain.tags import shown


@dataclass(frozen=True)
class ResourceKind:
    """A kind. ``type`` is AWS's name for it among tags, ``subject`` what its messages call it.

    ``is_listed``: they show one that is missing as a list, in brackets.
    """

    prefix: str
    type: str
    not_found_code: str
    subject: str
    malformed_code: str | None = None
    is_listed: bool = False

    def require_well_formed(self, resource_id: str) -> None:
        """Refuse what cannot be an identifier of this kind, with AWS's code."""
        if self.malformed_code is not None and not self._is_well_formed(resource_id):
            given = shown(resource_id).strip("'")
            raise InvalidRequest(
                self.malformed_code, f'Invalid id: "{given}" (expecting "{self.prefix}-...")'
            )

    def missing(self, resource_id: str) -> NotFound:
        """AWS's error for an identifier that nothing has."""
        missing = f"[{resource_id}]" if self.is_listed else resource_id
        return NotFound(self.not_found_code, f"{self.subject} {shown(missing)} does not exist")

    def _is_well_formed(self, resource_id: str) -> bool:
        # Those of before 2016 had eight digits.
        digits = "[0-9a-f]{8}(?:[0-9a-f]{9})?"
        return re.fullmatch(f"{self.prefix}-{digits}", resource_id) is not None


INSTANCE = ResourceKind(
    IdKind.INSTANCE,
    "instance",
    "InvalidInstanceID.NotFound",
    "The instance ID",
    "InvalidInstanceID.Malformed",
)
IMAGE = ResourceKind(
    IdKind.IMAGE,
    "image",
    "InvalidAMIID.NotFound",
    "The image id",
    "InvalidAMIID.Malformed",
    is_listed=True,
)
ADDRESS = ResourceKind(
    IdKind.ALLOCATION, "elastic-ip", "InvalidAllocationID.NotFound", "The allocation ID"
)
RESERVATION = ResourceKind(
    IdKind.RESERVATION,
    "reserved-instances",
    "InvalidReservedInstancesId",
    "The reserved instances ID",
)
VOLUME = ResourceKind(DerivedKind.VOLUME, "volume", "InvalidVolume.NotFound", "The volume")
INTERFACE = ResourceKind(
    DerivedKind.INTERFACE,
    "network-interface",
    "InvalidNetworkInterfaceID.NotFound",
    "The networkInterface ID",
)
SNAPSHOT = ResourceKind(
    DerivedKind.SNAPSHOT, "snapshot", "InvalidSnapshot.NotFound", "The snapshot"
)
VPC = ResourceKind(DerivedKind.VPC, "vpc", "InvalidVpcID.NotFound", "The vpc ID")
SUBNET = ResourceKind(DerivedKind.SUBNET, "subnet", "InvalidSubnetID.NotFound", "The subnet ID")
SECURITY_GROUP = ResourceKind(
    DerivedKind.SECURITY_GROUP,
    "security-group",
    "InvalidGroup.NotFound",
    "The security group",
    "InvalidGroupId.Malformed",
)
SECURITY_GROUP_RULE = ResourceKind(
    DerivedKind.SECURITY_GROUP_RULE,
    "security-group-rule",
    "InvalidSecurityGroupRuleId.NotFound",
    "The security group rule ID",
)
ROUTE_TABLE = ResourceKind(
    DerivedKind.ROUTE_TABLE, "route-table", "InvalidRouteTableID.NotFound", "The routeTable ID"
)
INTERNET_GATEWAY = ResourceKind(
    DerivedKind.INTERNET_GATEWAY,
    "internet-gateway",
    "InvalidInternetGatewayID.NotFound",
    "The internetGateway ID",
)
NETWORK_ACL = ResourceKind(
    DerivedKind.NETWORK_ACL, "network-acl", "InvalidNetworkAclID.NotFound", "The networkAcl ID"
)
_KINDS = {
    kind.prefix: kind
    for kind in (
        INSTANCE,
        IMAGE,
        ADDRESS,
        RESERVATION,
        VOLUME,
        INTERFACE,
        SNAPSHOT,
        VPC,
        SUBNET,
        SECURITY_GROUP,
        SECURITY_GROUP_RULE,
        ROUTE_TABLE,
        INTERNET_GATEWAY,
        NETWORK_ACL,
    )
}


def kind_of(resource_id: str) -> ResourceKind:
    """The kind that an identifier's prefix says; AWS's ``InvalidID`` where it says none."""
    prefix = resource_id.rpartition("-")[0]
    if prefix not in _KINDS:
        raise NotFound("InvalidID", f"The ID {shown(resource_id)} is not valid")
    return _KINDS[prefix]
