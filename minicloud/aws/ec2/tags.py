"""Tags of everything that EC2 lets be tagged: create, delete, describe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import Values, select
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tags_from
from minicloud.services.tags import Tag

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        ClientCreateTagsRequestTypeDef,
        ClientDeleteTagsRequestTypeDef,
        DescribeTagsRequestTypeDef,
    )

_RESOURCES_MAX = 1000
_PAGING = Paging("DescribeTags", 5, 1000, standard=1000)


def create_tags(backend: AwsBackend, request: ClientCreateTagsRequestTypeDef) -> Shape:
    """Put tags on resources, on all of them or none."""
    tags = tags_from(request.get("Tags"))
    if not tags:
        raise AwsFailure("MissingParameter", "The request must contain the parameter tag")
    backend.tags.create(_resources(request.get("Resources")), tags)
    return {}


def delete_tags(backend: AwsBackend, request: ClientDeleteTagsRequestTypeDef) -> Shape:
    """Take tags off resources.

    A key without a value goes whatever its value is, one with a value (an empty one, too) only
    where it has that; without any tags in the request all of them go.
    """
    given = request.get("Tags")
    # Held to the rules of tags, and to each key coming once, as those that are created.
    tags_from(given)
    tags = {tag.get("Key", ""): tag.get("Value") for tag in given} if given else None
    backend.tags.delete(_resources(request.get("Resources")), tags)
    return {}


def describe_tags(backend: AwsBackend, request: DescribeTagsRequestTypeDef) -> Shape:
    """Every tag, resource by resource."""
    chosen = select(
        backend.tags.list_all(), request.get("Filters"), _FILTERS, lambda tag: {tag.key: tag.value}
    )
    page = _PAGING.page(backend, request, chosen, lambda tag: f"{tag.resource_id} {tag.key}")
    return {"Tags": [_tag_shape(tag) for tag in page.records], "NextToken": page.next_token}


def _resources(given: Sequence[str] | None) -> Sequence[str]:
    resources = list(dict.fromkeys(given or ()))
    if not resources:
        raise AwsFailure("MissingParameter", "The request must contain the parameter resourceIdSet")
    if len(resources) > _RESOURCES_MAX:
        raise AwsFailure(
            "InvalidParameterValue",
            f"{len(resources)} resources; no more than {_RESOURCES_MAX} can be tagged at a time",
        )
    return resources


def _tag_shape(tag: Tag) -> Shape:
    return {
        "ResourceId": tag.resource_id,
        "ResourceType": tag.resource_type,
        "Key": tag.key,
        "Value": tag.value,
    }


_FILTERS: dict[str, Values[Tag]] = {
    "key": lambda tag: (tag.key,),
    "resource-id": lambda tag: (tag.resource_id,),
    "resource-type": lambda tag: (tag.resource_type,),
    "value": lambda tag: (tag.value,),
}
OPERATIONS = (
    Operation("CreateTags", create_tags, carried=frozenset({"Resources", "Tags"}), changes=True),
    Operation("DeleteTags", delete_tags, carried=frozenset({"Resources", "Tags"}), changes=True),
    Operation(
        "DescribeTags", describe_tags, carried=frozenset({"Filters", "MaxResults", "NextToken"})
    ),
)
