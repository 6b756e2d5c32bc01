"""What there can be of load balancing in a cloud: limits, TLS policies, reserved capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.elbv2.paging import paging_of
from minicloud.aws.elbv2.records import Records
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.action import GROUPS_PER_ACTION_MAX
from minicloud.domain.balancer import BALANCERS_MAX, BalancerType
from minicloud.domain.listener import LISTENERS_PER_BALANCER_MAX, TlsPolicy
from minicloud.domain.rule import (
    RULES_PER_BALANCER_MAX,
    VALUES_PER_RULE_MAX,
    WILDCARDS_PER_RULE_MAX,
)
from minicloud.domain.tags import shown
from minicloud.domain.target_group import GROUPS_MAX, TARGETS_PER_BALANCER_MAX

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        DescribeAccountLimitsInputTypeDef,
        DescribeCapacityReservationInputTypeDef,
        DescribeSSLPoliciesInputTypeDef,
    )

_LIMITS_PAGING = paging_of("DescribeAccountLimits")
_POLICIES_PAGING = paging_of("DescribeSSLPolicies")
_LIMITS = {
    "application-load-balancers": BALANCERS_MAX,
    "network-load-balancers": BALANCERS_MAX,
    "target-groups": GROUPS_MAX,
    "target-groups-per-action-on-application-load-balancer": GROUPS_PER_ACTION_MAX,
    "target-groups-per-action-on-network-load-balancer": 1,
    "targets-per-application-load-balancer": TARGETS_PER_BALANCER_MAX,
    "targets-per-network-load-balancer": TARGETS_PER_BALANCER_MAX,
    "targets-per-target-group": TARGETS_PER_BALANCER_MAX,
    "listeners-per-application-load-balancer": LISTENERS_PER_BALANCER_MAX,
    "listeners-per-network-load-balancer": LISTENERS_PER_BALANCER_MAX,
    "rules-per-application-load-balancer": RULES_PER_BALANCER_MAX,
    "condition-values-per-alb-rule": VALUES_PER_RULE_MAX,
    "condition-wildcards-per-alb-rule": WILDCARDS_PER_RULE_MAX,
}
_TLS_VERSIONS = {
    TlsPolicy.TLS12_13: ["TLSv1.2", "TLSv1.3"],
    TlsPolicy.TLS13: ["TLSv1.3"],
}


def describe_account_limits(
    backend: AwsBackend, request: DescribeAccountLimitsInputTypeDef
) -> Shape:
    """The limits that a cloud holds its balancers to."""
    limits = list(_LIMITS.items())
    page = _LIMITS_PAGING.page(backend, request, limits, lambda limit: limit[0])
    return {
        "Limits": [{"Name": name, "Max": str(most)} for name, most in page.records],
        "NextMarker": page.next_token,
    }


def describe_ssl_policies(backend: AwsBackend, request: DescribeSSLPoliciesInputTypeDef) -> Shape:
    """The policies that an HTTPS listener can have; their ciphers are nginx's to choose."""
    by_name = {policy.value: policy for policy in TlsPolicy}
    names = request.get("Names") or list(by_name)
    for name in names:
        if name not in by_name:
            raise AwsFailure("SSLPolicyNotFound", f"SSL policy {shown(name)} not found")
    is_asked_of = request.get("LoadBalancerType", BalancerType.APPLICATION.value)
    chosen = [by_name[name] for name in dict.fromkeys(names)]
    if is_asked_of != BalancerType.APPLICATION.value:
        chosen = []
    page = _POLICIES_PAGING.page(backend, request, chosen, lambda policy: policy.value)
    return {
        "SslPolicies": [
            {
                "Name": policy.value,
                "SslProtocols": _TLS_VERSIONS[policy],
                "SupportedLoadBalancerTypes": [BalancerType.APPLICATION.value],
            }
            for policy in page.records
        ],
        "NextMarker": page.next_token,
    }


def describe_capacity_reservation(
    backend: AwsBackend, request: DescribeCapacityReservationInputTypeDef
) -> Shape:
    """None is ever reserved."""
    Records.of(backend).balancer(request["LoadBalancerArn"])
    return {"CapacityReservationState": []}


OPERATIONS = (
    Operation(
        "DescribeAccountLimits",
        describe_account_limits,
        carried=frozenset({"Marker", "PageSize"}),
    ),
    Operation(
        "DescribeSSLPolicies",
        describe_ssl_policies,
        carried=frozenset({"Names", "LoadBalancerType", "Marker", "PageSize"}),
    ),
    Operation(
        "DescribeCapacityReservation",
        describe_capacity_reservation,
        carried=frozenset({"LoadBalancerArn"}),
    ),
)
