"""Tags on the wire, both ways: lists of ``Key`` and ``Value``, and EC2's tag specifications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minicloud.aws.failures import AwsFailure
from minicloud.domain.tags import shown


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as answers have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_from(given: Iterable[Any] | None) -> dict[str, str]:
    """Tags as requests have them; a tag without a value has an empty one.

    ``InvalidParameterValue`` where a key comes twice; the services check all else.
    """
    tags: dict[str, str] = {}
    for tag in given or ():
        key = tag.get("Key") or ""
        if key in tags:
            raise AwsFailure("InvalidParameterValue", f"Duplicate tag key {shown(key)} specified.")
        tags[key] = tag.get("Value") or ""
    return tags


def specified_tags(specifications: Sequence[Any] | None, resource_type: str) -> dict[str, str]:
    """The tags that ``TagSpecifications`` give to what is being made, of ``resource_type``.

    ``InvalidParameterValue`` for any other type of resource, and for two specifications of one.
    """
    tags: dict[str, str] | None = None
    for specification in specifications or ():
        kind = specification.get("ResourceType") or ""
        if kind != resource_type:
            raise AwsFailure(
                "InvalidParameterValue",
                f"{shown(kind)} is not a valid taggable resource type for this operation.",
            )
        if tags is not None:
            raise AwsFailure(
                "InvalidParameterValue",
                f"The same resource type may not be specified more than once: {kind}",
            )
        tags = tags_from(specification.get("Tags"))
    return tags or {}
