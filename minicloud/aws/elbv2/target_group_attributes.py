"""A target group's attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import settled
from minicloud.aws.elbv2.attributes import (
    Given,
    attribute_list,
    changes_of,
    flag,
    parse_choice,
    parse_flag,
    parse_seconds,
)
from minicloud.aws.elbv2.records import Records
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.target_group import (
    STICKINESS_DEFAULT_S,
    Algorithm,
    GroupProtocol,
    TargetGroup,
)
from minicloud.services.target_groups import GroupSettings, ModifyTargetGroup

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        DescribeTargetGroupAttributesInputTypeDef,
        ModifyTargetGroupAttributesInputTypeDef,
    )

_NOUN = "Target group"
_DELAY = "deregistration_delay.timeout_seconds"
_SLOW_START = "slow_start.duration_seconds"
_ALGORITHM = "load_balancing.algorithm.type"
_STICKY = "stickiness.enabled"
_STICKY_S = "stickiness.lb_cookie.duration_seconds"
_STICKY_TYPE = "stickiness.type"
_SETTABLE = {
    GroupProtocol.HTTP: frozenset({_DELAY, _SLOW_START, _ALGORITHM, _STICKY, _STICKY_S}),
    GroupProtocol.TCP: frozenset({_DELAY}),
}
# True of every group: where no target is healthy all get traffic, and there are no other zones.
_FIXED = {
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
_FIXED_HTTP = {
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": str(STICKINESS_DEFAULT_S),
    _STICKY_TYPE: "lb_cookie",
}
# A connection is carried on by the balancer, whose address the target sees.
_FIXED_TCP = {
    "deregistration_delay.connection_termination.enabled": "false",
    "preserve_client_ip.enabled": "false",
    "proxy_protocol_v2.enabled": "false",
    _STICKY: "false",
    _STICKY_TYPE: "source_ip",
}


def describe_target_group_attributes(
    backend: AwsBackend, request: DescribeTargetGroupAttributesInputTypeDef
) -> Shape:
    """All of a group's attributes."""
    group = Records.of(backend).group(request["TargetGroupArn"])
    return {"Attributes": attribute_list(_attributes(group))}


def modify_target_group_attributes(
    backend: AwsBackend, request: ModifyTargetGroupAttributesInputTypeDef
) -> Shape:
    """Set some; the answer has all."""
    group = Records.of(backend).group(request["TargetGroupArn"])
    settable = _SETTABLE[group.protocol]
    given = changes_of(_NOUN, _attributes(group), settable, request["Attributes"])
    changes = ModifyTargetGroup(_settings(group, given))
    changed = settled(backend, lambda: backend.target_groups.modify(group.id, changes))
    return {"Attributes": attribute_list(_attributes(changed))}


def _settings(group: TargetGroup, given: Given) -> GroupSettings:
    fields: dict[str, Any] = {}
    for key, field in ((_DELAY, "deregistration_delay_s"), (_SLOW_START, "slow_start_s")):
        if key in given:
            fields[field] = parse_seconds(key, given[key])
    if _ALGORITHM in given:
        parse = parse_choice(algorithm.value for algorithm in Algorithm)
        fields["algorithm"] = Algorithm(parse(_ALGORITHM, given[_ALGORITHM]))
    if _STICKY in given or _STICKY_S in given:
        is_on, duration_s = group.stickiness_s > 0, _stickiness_s(group)
        if _STICKY in given:
            is_on = parse_flag(_STICKY, given[_STICKY])
        if _STICKY_S in given:
            duration_s = parse_seconds(_STICKY_S, given[_STICKY_S])
        fields["kept_stickiness_s"] = duration_s
        fields["stickiness_s"] = duration_s if is_on else 0
    return GroupSettings(**fields)


def _attributes(group: TargetGroup) -> dict[str, str]:
    common = {**_FIXED, _DELAY: str(group.deregistration_delay_s)}
    if group.protocol is GroupProtocol.TCP:
        return {**common, **_FIXED_TCP}
    return {
        **common,
        **_FIXED_HTTP,
        _SLOW_START: str(group.slow_start_s),
        _ALGORITHM: group.algorithm.value,
        _STICKY: flag(group.stickiness_s > 0),
        _STICKY_S: str(_stickiness_s(group)),
    }


def _stickiness_s(group: TargetGroup) -> int:
    return group.stickiness_s or group.kept_stickiness_s


OPERATIONS = (
    Operation(
        "DescribeTargetGroupAttributes",
        describe_target_group_attributes,
        carried=frozenset({"TargetGroupArn"}),
    ),
    Operation(
        "ModifyTargetGroupAttributes",
        modify_target_group_attributes,
        carried=frozenset({"TargetGroupArn", "Attributes.Key"}),
        checked={
            "Attributes.Value": f"any of {', '.join(sorted(_SETTABLE[GroupProtocol.HTTP]))}"
            " (TCP: the first alone); as described of all others"
        },
        changes=True,
    ),
)
