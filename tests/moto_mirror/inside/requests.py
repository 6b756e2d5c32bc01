"""Members that moto does without and AWS does not, where they are not what a test is about."""

from __future__ import annotations

from typing import Any

_TYPE = "t3.micro"
_CONDITION = {"Field": "path-pattern", "Values": ["/moto"]}
_ACTION = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


def with_type(params: Any, **_rest: Any) -> Any:
    """EC2's m1.small is launched where no type is named: no cloud of today has it."""
    return {"InstanceType": _TYPE, **params}


def with_action(params: Any, **_rest: Any) -> Any:
    """A listener has an action."""
    return params if params.get("DefaultActions") else {**params, "DefaultActions": [_ACTION]}


def with_condition(params: Any, **_rest: Any) -> Any:
    """A rule has a condition, and an action."""
    given = {name: value for name, value in params.items() if value != []}
    return {"Conditions": [_CONDITION], "Actions": [_ACTION], **given}


HANDLERS = (
    ("provide-client-params.ec2.RunInstances", with_type),
    ("provide-client-params.elastic-load-balancing-v2.CreateListener", with_action),
    ("provide-client-params.elastic-load-balancing-v2.CreateRule", with_condition),
)
"""As botocore registers them."""
