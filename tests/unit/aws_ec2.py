"""What tests of EC2 on the wire have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit import invariants
from tests.unit.cloud import Cloud


def filters(**wanted: str | list[str]) -> list[dict[str, Any]]:
    """EC2's ``Filters``; an underscore is a hyphen, two are a dot."""
    return [
        {
            "Name": name.replace("__", ".").replace("_", "-"),
            "Values": [value] if isinstance(value, str) else value,
        }
        for name, value in wanted.items()
    ]


def tags(given: Mapping[str, str]) -> list[dict[str, str]]:
    """A list of tags."""
    return [{"Key": key, "Value": value} for key, value in given.items()]


def specification(resource_type: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """``TagSpecifications`` of one resource type."""
    return [{"ResourceType": resource_type, "Tags": tags(given)}]


def refused(call: Any, code: str, status: int = 400, /, **request: Any) -> str:
    """Make a call that must be refused with this code and HTTP status; its message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    response = caught.value.response
    assert response["Error"]["Code"] == code, response["Error"]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    message: str = response["Error"]["Message"]
    return message


def check_at_rest(cloud: Cloud) -> None:
    """Check what is true of every cloud, once what has been answered for has ended."""
    with cloud.store.read() as transaction:
        unfinished = transaction.operations.unfinished()
    cloud.finish(unfinished)
    invariants.check(cloud)
