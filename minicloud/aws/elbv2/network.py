"""Where a balancer may lie: in the cloud's own network, of which there is one of each part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.elbv2.records import Records
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Shape
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import SubnetMappingTypeDef

IP_ADDRESS_TYPE = "ipv4"
SCHEME = "internet-facing"


def require_subnets(
    records: Records,
    subnet_ids: Sequence[str] | None,
    mappings: Sequence[SubnetMappingTypeDef] | None,
) -> None:
    """Refuse all but the cloud's subnet, named at least once, in one of the two forms."""
    if subnet_ids and mappings:
        raise AwsFailure("ValidationError", "Subnets and subnet mappings cannot both be specified")
    named = [*(subnet_ids or ()), *(each.get("SubnetId", "") for each in mappings or ())]
    if not named:
        raise AwsFailure("ValidationError", "At least one subnet must be specified")
    for subnet_id in named:
        if subnet_id != records.ids.subnet:
            raise AwsFailure("SubnetNotFound", f"The subnet ID {shown(subnet_id)} does not exist")


def require_security_groups(records: Records, group_ids: Sequence[str] | None) -> None:
    """Refuse all but the network's default security group."""
    for group_id in group_ids or ():
        if group_id != records.ids.security_group:
            raise AwsFailure(
                "InvalidSecurityGroup", f"The security group ID {shown(group_id)} does not exist"
            )


def require_ip_address_type(given: str | None) -> None:
    """Refuse all but IPv4."""
    if given not in {None, IP_ADDRESS_TYPE}:
        raise AwsFailure(
            "InvalidConfigurationRequest",
            f"The IP address type {shown(str(given))} is not supported by minicloud;"
            f" it is '{IP_ADDRESS_TYPE}'",
        )


def zones_shape(records: Records) -> list[Shape]:
    """The only zone, as balancers' answers have it."""
    return [
        {
            "ZoneName": records.region.zone,
            "SubnetId": records.ids.subnet,
            "LoadBalancerAddresses": [],
        }
    ]
