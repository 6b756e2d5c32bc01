"""A target group's health check, as requests and answers have it, with AWS's defaults.

Source of the defaults: AWS's reference of ``CreateTargetGroup``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Shape
from minicloud.domain.health_check import CheckProtocol, HealthCheck
from minicloud.domain.tags import shown
from minicloud.domain.target_group import GroupProtocol
from minicloud.services.target_groups import TRAFFIC_PORT, HealthCheckChange

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CreateTargetGroupInputTypeDef,
        ModifyTargetGroupInputTypeDef,
    )

_TRAFFIC_PORT = "traffic-port"
_PORT_DIGITS_MAX = 5
_PROTOCOLS = {protocol.value: protocol for protocol in CheckProtocol}
_DEFAULTS = {
    (GroupProtocol.HTTP, CheckProtocol.HTTP): HealthCheck(),
    (GroupProtocol.TCP, CheckProtocol.HTTP): HealthCheck(matcher="200-399", timeout_s=6),
    (GroupProtocol.TCP, CheckProtocol.TCP): HealthCheck(CheckProtocol.TCP, timeout_s=10),
    # Refused by the group, in its own words.
    (GroupProtocol.HTTP, CheckProtocol.TCP): HealthCheck(CheckProtocol.TCP),
}
CARRIED = frozenset(
    {
        "HealthCheckPort",
        "HealthCheckPath",
        "HealthCheckIntervalSeconds",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "Matcher.HttpCode",
    }
)
CHECKED = {
    "HealthCheckProtocol": ", ".join(_PROTOCOLS),
    "HealthCheckEnabled": "true",
}


def new_check(group: GroupProtocol, request: CreateTargetGroupInputTypeDef) -> HealthCheck:
    """The check of a new group."""
    usual = CheckProtocol.TCP if group is GroupProtocol.TCP else CheckProtocol.HTTP
    change = change_of(usual, request)
    return change.applied_to(_DEFAULTS[group, change.protocol or usual])


def change_of(
    protocol: CheckProtocol,
    request: CreateTargetGroupInputTypeDef | ModifyTargetGroupInputTypeDef,
) -> HealthCheckChange:
    """What a request says of the check, which speaks ``protocol`` unless the request says else."""
    if request.get("HealthCheckEnabled") is False:
        raise AwsFailure(
            "InvalidConfigurationRequest",
            "Health checks cannot be disabled for target groups with target type 'instance'",
        )
    given = request.get("HealthCheckProtocol")
    if given is not None and given not in _PROTOCOLS:
        raise AwsFailure(
            "UnsupportedProtocol",
            f"The health check protocol {shown(given)} is not supported by minicloud",
        )
    asked = None if given is None else _PROTOCOLS[given]
    path, matcher = request.get("HealthCheckPath"), request.get("Matcher", {}).get("HttpCode")
    if (asked or protocol) is CheckProtocol.TCP and (path is not None or matcher is not None):
        raise AwsFailure(
            "InvalidConfigurationRequest",
            "A path and a matcher cannot be specified for health checks with protocol 'TCP'",
        )
    port = request.get("HealthCheckPort")
    return HealthCheckChange(
        protocol=asked,
        path=path,
        port=None if port is None else _port(port),
        matcher=matcher,
        interval_s=request.get("HealthCheckIntervalSeconds"),
        timeout_s=request.get("HealthCheckTimeoutSeconds"),
        healthy_threshold=request.get("HealthyThresholdCount"),
        unhealthy_threshold=request.get("UnhealthyThresholdCount"),
    )


def shape_of(check: HealthCheck) -> Shape:
    """The check's members of a target group's answer."""
    is_http = check.protocol is CheckProtocol.HTTP
    return {
        "HealthCheckProtocol": check.protocol.value,
        "HealthCheckPort": _TRAFFIC_PORT if check.port is None else str(check.port),
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": check.interval_s,
        "HealthCheckTimeoutSeconds": check.timeout_s,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "HealthCheckPath": check.path if is_http else None,
        "Matcher": {"HttpCode": check.matcher} if is_http else None,
    }


def _port(text: str) -> int:
    if text == _TRAFFIC_PORT:
        return TRAFFIC_PORT
    if text.isascii() and text.isdigit() and 0 < len(text) <= _PORT_DIGITS_MAX and int(text):
        return int(text)
    raise AwsFailure(
        "ValidationError",
        f"Health check port {shown(text)} must be '{_TRAFFIC_PORT}' or a number from 1 to 65535",
    )
