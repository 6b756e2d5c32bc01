"""Tags of balancers, target groups, listeners and rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import begun
from minicloud.aws.elbv2.records import Records
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.tags import tag_list, tags_from
from minicloud.domain import arn
from minicloud.domain.balancer import Balancer
from minicloud.domain.ids import IdKind
from minicloud.domain.listener import Listener
from minicloud.domain.rule import Rule
from minicloud.domain.tags import shown
from minicloud.domain.target_group import TargetGroup
from minicloud.operations.configure_balancer import RecordKind
from minicloud.services.balancing_tags import Tagged

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        AddTagsInputTypeDef,
        DescribeTagsInputTypeDef,
        RemoveTagsInputTypeDef,
        TagTypeDef,
    )

_ARNS_MAX = 20
_KINDS = {
    Balancer: RecordKind.BALANCER,
    TargetGroup: RecordKind.TARGET_GROUP,
    Listener: RecordKind.LISTENER,
    Rule: RecordKind.RULE,
}
_Resource = Balancer | TargetGroup | Listener | Rule


def tags_given(given: Sequence[TagTypeDef] | None) -> dict[str, str]:
    """Tags as requests have them; ``DuplicateTagKeys`` where a key comes twice."""
    keys = [tag["Key"] for tag in given or ()]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise AwsFailure(
            "DuplicateTagKeys", f"Tag key was specified more than once: {shown(twice)}"
        )
    return tags_from(given)


def add_tags(backend: AwsBackend, request: AddTagsInputTypeDef) -> Shape:
    """Add tags, or give them other values."""
    tags = tags_given(request["Tags"])
    resources = _tagged(backend, request["ResourceArns"])
    begun(backend, lambda: backend.balancing_tags.add(resources, tags))
    return {}


def remove_tags(backend: AwsBackend, request: RemoveTagsInputTypeDef) -> Shape:
    """Remove tags by their keys."""
    resources = _tagged(backend, request["ResourceArns"])
    begun(backend, lambda: backend.balancing_tags.remove(resources, request["TagKeys"]))
    return {}


def describe_tags(backend: AwsBackend, request: DescribeTagsInputTypeDef) -> Shape:
    """Each resource's tags; a default rule has none."""
    records = Records.of(backend)
    return {
        "TagDescriptions": [
            {"ResourceArn": each, "Tags": tag_list(_tags(records, each))}
            for each in _few(request["ResourceArns"])
        ]
    }


def _tags(records: Records, resource_arn: str) -> Mapping[str, str]:
    if arn.kind_of(resource_arn) is IdKind.RULE and records.listener_of_default_rule(resource_arn):
        return {}
    resource = _resource(records, resource_arn)
    if isinstance(resource, Balancer):
        return records.whereabouts.with_host_ports(resource.tags, resource.public_slot)
    return resource.tags


def _tagged(backend: AwsBackend, arns: Sequence[str]) -> list[Tagged]:
    records = Records.of(backend)
    found = [_resource(records, each) for each in _few(arns)]
    return [Tagged(_KINDS[type(resource)], resource.id) for resource in found]


def _resource(records: Records, resource_arn: str) -> _Resource:
    find: dict[IdKind, Callable[[str], _Resource]] = {
        IdKind.BALANCER: records.balancer,
        IdKind.TARGET_GROUP: records.group,
        IdKind.LISTENER: records.listener,
        IdKind.RULE: records.rule,
    }
    kind = arn.kind_of(resource_arn)
    if kind is None:
        raise AwsFailure("ValidationError", f"{shown(resource_arn, 200)} is not a valid ARN")
    return find[kind](resource_arn)


def _few(arns: Sequence[str]) -> Sequence[str]:
    if len(arns) > _ARNS_MAX:
        raise AwsFailure(
            "ValidationError", f"You can specify up to {_ARNS_MAX} resources in a single call"
        )
    return arns


OPERATIONS = (
    Operation("AddTags", add_tags, carried=frozenset({"ResourceArns", "Tags"}), changes=True),
    Operation(
        "RemoveTags", remove_tags, carried=frozenset({"ResourceArns", "TagKeys"}), changes=True
    ),
    Operation("DescribeTags", describe_tags, carried=frozenset({"ResourceArns"})),
)
