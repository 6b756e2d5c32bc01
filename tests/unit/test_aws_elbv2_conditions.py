"""Rules' conditions on the AWS wire: what each may hold, in AWS's own words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import fixed, world_of

_LONG = "X" * 129


@pytest.mark.parametrize(
    ("field", "config", "message"),
    [
        ("host-header", {"Values": [_LONG]}, "The 'host-header' value is too long; the limit"),
        ("path-pattern", {"Values": [_LONG]}, "The 'path-pattern' value is too long; the limit"),
        ("path-pattern", {"Values": []}, "A condition value must be specified"),
        (
            "http-header",
            {"HttpHeaderName": "x" * 41, "Values": ["a"]},
            "The 'HttpHeaderName' value is too long; the limit is '40'",
        ),
        (
            "http-header",
            {"HttpHeaderName": "x", "Values": [_LONG]},
            "The 'http-header' value is too long; the limit is '128'",
        ),
        (
            "http-request-method",
            {"Values": ["X" * 41]},
            "The 'http-request-method' value is too long; the limit is '40'",
        ),
        (
            "http-request-method",
            {"Values": ["get"]},
            "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen"
            " and underscore",
        ),
        (
            "http-request-method",
            None,
            "A 'HttpRequestMethodConfig' must be specified with 'http-request-method'",
        ),
        ("source-ip", {"Values": []}, "A 'source-ip' value must be specified"),
        ("query-string", {"Values": [{"Key": _LONG, "Value": "a"}]}, "The 'Key' value is too long"),
        (
            "query-string",
            {"Values": [{"Value": _LONG}]},
            "The 'Value' value is too long; the limit",
        ),
        (
            "query-string",
            {"Values": [{"Key": "a"}]},
            "A 'Value' must be specified in 'QueryStringKeyValuePair'",
        ),
    ],
)
def test_a_condition_is_refused_in_awss_words(
    cloud: Cloud, field: str, config: dict[str, Any] | None, message: str
) -> None:
    world = world_of(cloud)
    listener = world.listener(world.balancer(), fixed())
    name = "".join(part.capitalize() for part in field.split("-")) + "Config"
    condition = {"Field": field} if config is None else {"Field": field, name: config}
    wanted = {"ListenerArn": listener["ListenerArn"], "Priority": 1, "Actions": [fixed()]}
    code, told = world.refused("create_rule", **wanted, Conditions=[condition])[:2]
    assert code == "ValidationError"
    assert told.startswith(message)
