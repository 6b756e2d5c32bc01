"""A load balancer's attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import settled
from minicloud.aws.elbv2.attributes import (
    Parser,
    attribute_list,
    changes_of,
    flag,
    parse_choice,
    parse_flag,
    parse_seconds,
)
from minicloud.aws.elbv2.records import Records
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.balancer import Balancer, BalancerType, ForwardedForMode
from minicloud.services.balancers import ModifyBalancer

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        DescribeLoadBalancerAttributesInputTypeDef,
        ModifyLoadBalancerAttributesInputTypeDef,
    )

_NOUN = "Load balancer"
_PROTECTION = "deletion_protection.enabled"
_IDLE_TIMEOUT = "idle_timeout.timeout_seconds"
_HTTP2 = "routing.http2.enabled"
_FORWARDED_FOR = "routing.http.xff_header_processing.mode"
# What can be set: the field that it is, and how it is read.
_SETTABLE: dict[str, tuple[str, Parser]] = {
    _PROTECTION: ("deletion_protection", parse_flag),
    _IDLE_TIMEOUT: ("idle_timeout_s", parse_seconds),
    _HTTP2: ("http2", parse_flag),
    _FORWARDED_FOR: ("forwarded_for", parse_choice(mode.value for mode in ForwardedForMode)),
}
# True of every balancer: nobody takes its logs, there are no other zones, and no gateway.
_FIXED = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "ipv6.deny_all_igw_traffic": "false",
    "zonal_shift.config.enabled": "false",
}
# True of every application balancer: nginx closes a client's connection after an hour, answers 400
# to a request with two lengths, sends no such headers, and has no firewall behind it. What it does
# with ``Host`` and with malformed headers is not AWS's default, so these keys are unknown.
_FIXED_APPLICATION = {
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "waf.fail_open.enabled": "false",
}
_FIXED_NETWORK = {
    "dns_record.client_routing_policy": "any_availability_zone",
    "load_balancing.cross_zone.enabled": "false",
}


def describe_load_balancer_attributes(
    backend: AwsBackend, request: DescribeLoadBalancerAttributesInputTypeDef
) -> Shape:
    """All of a balancer's attributes."""
    balancer = Records.of(backend).balancer(request["LoadBalancerArn"])
    return {"Attributes": attribute_list(_attributes(balancer))}


def modify_load_balancer_attributes(
    backend: AwsBackend, request: ModifyLoadBalancerAttributesInputTypeDef
) -> Shape:
    """Set some; the answer has all."""
    balancer = Records.of(backend).balancer(request["LoadBalancerArn"])
    given = changes_of(_NOUN, _attributes(balancer), _SETTABLE, request["Attributes"])
    fields: dict[str, Any] = {}
    for key, value in given.items():
        field, parse = _SETTABLE[key]
        fields[field] = parse(key, value)
    if "forwarded_for" in fields:
        fields["forwarded_for"] = ForwardedForMode(fields["forwarded_for"])
    changes = ModifyBalancer(**fields)
    changed = settled(backend, lambda: backend.balancers.modify(balancer.id, changes))
    return {"Attributes": attribute_list(_attributes(changed))}


def _attributes(balancer: Balancer) -> dict[str, str]:
    common = {**_FIXED, _PROTECTION: flag(balancer.deletion_protection)}
    if balancer.type is BalancerType.NETWORK:
        return {**common, **_FIXED_NETWORK}
    return {
        **common,
        **_FIXED_APPLICATION,
        _IDLE_TIMEOUT: str(balancer.idle_timeout_s),
        _HTTP2: flag(balancer.http2),
        _FORWARDED_FOR: balancer.forwarded_for.value,
    }


OPERATIONS = (
    Operation(
        "DescribeLoadBalancerAttributes",
        describe_load_balancer_attributes,
        carried=frozenset({"LoadBalancerArn"}),
    ),
    Operation(
        "ModifyLoadBalancerAttributes",
        modify_load_balancer_attributes,
        carried=frozenset({"LoadBalancerArn", "Attributes.Key"}),
        checked={"Attributes.Value": f"any of {', '.join(_SETTABLE)}; as described of all others"},
        changes=True,
    ),
)
