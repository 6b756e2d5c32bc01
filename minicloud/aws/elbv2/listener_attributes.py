"""A listener's attributes.

They can be read alone. A network balancer's idle time-out is the whole balancer's, so one listener
cannot have another; headers are passed on as targets send them, and no other is told or set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.elbv2.attributes import attribute_list
from minicloud.aws.elbv2.records import Records
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.balancer import BalancerType

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import DescribeListenerAttributesInputTypeDef

_APPLICATION = {"routing.http.response.server.enabled": "true"}


def describe_listener_attributes(
    backend: AwsBackend, request: DescribeListenerAttributesInputTypeDef
) -> Shape:
    """All of a listener's attributes."""
    records = Records.of(backend)
    listener = records.listener(request["ListenerArn"])
    balancer = records.balancers[listener.balancer_id]
    told = _APPLICATION
    if balancer.type is BalancerType.NETWORK:
        told = {"tcp.idle_timeout.seconds": str(balancer.idle_timeout_s)}
    return {"Attributes": attribute_list(told)}


OPERATIONS = (
    Operation(
        "DescribeListenerAttributes",
        describe_listener_attributes,
        carried=frozenset({"ListenerArn"}),
    ),
)
