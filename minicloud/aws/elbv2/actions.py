"""What a listener or a rule does, as requests and answers have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minicloud.aws.elbv2.records import Records
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Shape
from minicloud.domain.action import (
    Action,
    FixedResponseAction,
    ForwardAction,
    RedirectAction,
    WeightedGroup,
)
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import ActionUnionTypeDef

_REDIRECT_PARTS = {
    "Protocol": "protocol",
    "Host": "host",
    "Port": "port",
    "Path": "path",
    "Query": "query",
}
_STATUS_PREFIX = "HTTP_"
CHECKED_TYPES = "forward, redirect, fixed-response; one action"


def carried_below(member: str) -> frozenset[str]:
    """The members of the actions in ``member`` that are carried out."""
    parts = {
        "Order",
        "TargetGroupArn",
        *("ForwardConfig", "RedirectConfig", "FixedResponseConfig"),
    }
    return frozenset(f"{member}.{part}" for part in parts)


def action_from(records: Records, actions: Sequence[ActionUnionTypeDef]) -> Action:
    """The one action of a request; its groups are identifiers."""
    if len(actions) != 1:
        raise AwsFailure(
            "TooManyActions" if actions else "ValidationError",
            "Exactly one action must be specified: minicloud has no actions that authenticate",
        )
    action = actions[0]
    match action["Type"]:
        case "forward":
            return _forward(records, action)
        case "redirect":
            return _redirect(action)
        case "fixed-response":
            return _fixed_response(action)
    raise AwsFailure(
        "InvalidLoadBalancerAction",
        f"The action type {shown(action['Type'])} is not supported by minicloud",
    )


def action_shapes(action: Action, records: Records) -> list[Shape]:
    """The action as answers have it: a list of one."""
    match action:
        case ForwardAction():
            shape = _forward_shape(action, records)
        case RedirectAction():
            parts = {part: getattr(action, name) for part, name in _REDIRECT_PARTS.items()}
            status = f"{_STATUS_PREFIX}{action.status}"
            shape = {"Type": "redirect", "RedirectConfig": {**parts, "StatusCode": status}}
        case FixedResponseAction():
            config: dict[str, str | None] = {
                "StatusCode": str(action.status),
                "ContentType": action.content_type,
                "MessageBody": action.body or None,
            }
            shape = {"Type": "fixed-response", "FixedResponseConfig": config}
    return [{**shape, "Order": action.order}]


def _forward(records: Records, action: ActionUnionTypeDef) -> ForwardAction:
    config: Mapping[str, Any] = action.get("ForwardConfig", {})
    tuples = config.get("TargetGroups", [])
    single = action.get("TargetGroupArn")
    if single is not None and any(each.get("TargetGroupArn") != single for each in tuples):
        raise AwsFailure(
            "InvalidLoadBalancerAction",
            "The target group ARN of a forward action must be that of its only target group",
        )
    groups = [
        WeightedGroup(records.group(each.get("TargetGroupArn", "")).id, each.get("Weight", 1))
        for each in tuples
    ]
    if single is not None and not groups:
        groups = [WeightedGroup(records.group(single).id)]
    if not groups:
        raise AwsFailure("ValidationError", "A target group ARN must be specified")
    stickiness = config.get("TargetGroupStickinessConfig", {})
    is_on, duration_s = stickiness.get("Enabled", False), stickiness.get("DurationSeconds")
    if is_on and duration_s is None:
        raise AwsFailure(
            "ValidationError", "A duration must be specified where stickiness is enabled"
        )
    return ForwardAction(
        groups=tuple(groups),
        stickiness_s=duration_s or 0 if is_on else 0,
        kept_stickiness_s=duration_s,
        order=action.get("Order"),
    )


def _forward_shape(action: ForwardAction, records: Records) -> dict[str, Any]:
    arns = [records.group_arn(records.groups[group.group_id]) for group in action.groups]
    return {
        "Type": "forward",
        "TargetGroupArn": arns[0] if len(arns) == 1 else None,
        "ForwardConfig": {
            "TargetGroups": [
                {"TargetGroupArn": arn, "Weight": group.weight}
                for arn, group in zip(arns, action.groups, strict=True)
            ],
            "TargetGroupStickinessConfig": {
                "Enabled": action.stickiness_s > 0,
                "DurationSeconds": action.stickiness_s or action.kept_stickiness_s,
            },
        },
    }


def _redirect(action: ActionUnionTypeDef) -> RedirectAction:
    if "RedirectConfig" not in action:
        raise AwsFailure("InvalidLoadBalancerAction", "A redirect configuration must be specified")
    config: dict[str, Any] = {**action["RedirectConfig"]}
    status = int(config.pop("StatusCode").removeprefix(_STATUS_PREFIX))
    parts = {_REDIRECT_PARTS[part]: value for part, value in config.items()}
    return RedirectAction(status=status, order=action.get("Order"), **parts)


def _fixed_response(action: ActionUnionTypeDef) -> FixedResponseAction:
    if "FixedResponseConfig" not in action:
        raise AwsFailure(
            "InvalidLoadBalancerAction", "A fixed response configuration must be specified"
        )
    config = action["FixedResponseConfig"]
    status = config["StatusCode"]
    if not (status.isascii() and status.isdigit() and len(status) == 3):
        raise AwsFailure(
            "ValidationError", f"The status code {shown(status)} must be 2xx, 4xx or 5xx"
        )
    defaults = FixedResponseAction()
    return FixedResponseAction(
        status=int(status),
        content_type=config.get("ContentType", defaults.content_type),
        body=config.get("MessageBody", defaults.body),
        order=action.get("Order"),
    )
