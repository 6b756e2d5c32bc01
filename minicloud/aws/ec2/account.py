"""What the account has and may have: the cloud's own limits, under AWS's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.derived_ids import cloud_ids
from minicloud.domain.network import Place
from minicloud.domain.tags import shown
from minicloud.ports.edge import EdgeMode

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeAccountAttributesRequestTypeDef

# Every place has as many.
_ANY_PLACE = Place(0)


def describe_account_attributes(
    backend: AwsBackend, request: DescribeAccountAttributesRequestTypeDef
) -> Shape:
    """All attributes, or those that are named."""
    attributes = _attributes(backend)
    names: Sequence[str] = request.get("AttributeNames") or list(attributes)
    for name in names:
        if name not in attributes:
            raise AwsFailure("InvalidParameterValue", f"Invalid attribute name {shown(name)}")
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": attributes[name]}]}
            for name in names
        ]
    }


def _attributes(backend: AwsBackend) -> dict[str, str]:
    with backend.store.read() as transaction:
        cloud, settings = transaction.cloud(), transaction.settings()
    # A machine that runs has a public address, so there can be no more of them than of these.
    machines_max = _ANY_PLACE.public_slot_count(
        ports_are_published=cloud.edge_mode == EdgeMode.PUBLISHED
    )
    return {
        "supported-platforms": "VPC",
        "default-vpc": cloud_ids(cloud.id).vpc,
        "max-instances": str(machines_max),
        "max-elastic-ips": str(settings.address_limit),
        "vpc-max-elastic-ips": str(settings.address_limit),
        "vpc-max-security-groups-per-interface": "1",
    }


OPERATIONS = (
    Operation(
        "DescribeAccountAttributes",
        describe_account_attributes,
        carried=frozenset({"AttributeNames"}),
    ),
)
