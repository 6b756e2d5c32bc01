"""Key pairs: a cloud has none, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import at
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import select
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeKeyPairsRequestTypeDef


def describe_key_pairs(_backend: AwsBackend, request: DescribeKeyPairsRequestTypeDef) -> Shape:
    """No key pairs; AWS's error for whichever is asked for."""
    for name in request.get("KeyNames") or ():
        raise AwsFailure("InvalidKeyPair.NotFound", f"The key pair {shown(name)} does not exist")
    for key_pair_id in request.get("KeyPairIds") or ():
        raise AwsFailure(
            "InvalidKeyPair.NotFound", f"The key pair ID {shown(key_pair_id)} does not exist"
        )
    return {"KeyPairs": select([], request.get("Filters"), _FILTERS, lambda _pair: {})}


_FILTERS = {
    "fingerprint": at("KeyFingerprint"),
    "key-name": at("KeyName"),
    "key-pair-id": at("KeyPairId"),
}
OPERATIONS = (
    Operation(
        "DescribeKeyPairs",
        describe_key_pairs,
        carried=frozenset({"KeyNames", "KeyPairIds", "Filters", "IncludePublicKey"}),
    ),
)
