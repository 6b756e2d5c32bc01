"""Every operation that is carried out, by service: botocore's names of them."""

from __future__ import annotations

from collections.abc import Mapping

from minicloud.aws.ce import forecasts, usage
from minicloud.aws.ec2 import (
    account,
    addresses,
    console,
    image_attributes,
    images,
    instance_attributes,
    instance_credits,
    instance_states,
    instance_types,
    instances,
    internet_gateways,
    key_pairs,
    launches,
    network_acls,
    network_interfaces,
    regions,
    reserved_instances,
    route_tables,
    security_groups,
    snapshots,
    subnets,
    tags,
    volumes,
    vpcs,
)
from minicloud.aws.elbv2 import (
    balancer_attributes,
    balancers,
    limits,
    listener_attributes,
    listeners,
    rules,
    target_group_attributes,
    target_groups,
    targets,
)
from minicloud.aws.elbv2 import tags as balancing_tags
from minicloud.aws.operation import Operation
from minicloud.aws.pricing import products
from minicloud.aws.ssm import parameters
from minicloud.aws.sts import identity

OPERATIONS: Mapping[str, tuple[Operation, ...]] = {
    "ec2": (
        *account.OPERATIONS,
        *addresses.OPERATIONS,
        *console.OPERATIONS,
        *image_attributes.OPERATIONS,
        *images.OPERATIONS,
        *instance_attributes.OPERATIONS,
        *instance_credits.OPERATIONS,
        *instance_states.OPERATIONS,
        *instance_types.OPERATIONS,
        *instances.OPERATIONS,
        *internet_gateways.OPERATIONS,
        *key_pairs.OPERATIONS,
        *launches.OPERATIONS,
        *network_acls.OPERATIONS,
        *network_interfaces.OPERATIONS,
        *regions.OPERATIONS,
        *reserved_instances.OPERATIONS,
        *route_tables.OPERATIONS,
        *security_groups.OPERATIONS,
        *snapshots.OPERATIONS,
        *subnets.OPERATIONS,
        *tags.OPERATIONS,
        *volumes.OPERATIONS,
        *vpcs.OPERATIONS,
    ),
    "elbv2": (
        *balancers.OPERATIONS,
        *balancer_attributes.OPERATIONS,
        *target_groups.OPERATIONS,
        *target_group_attributes.OPERATIONS,
        *targets.OPERATIONS,
        *listeners.OPERATIONS,
        *listener_attributes.OPERATIONS,
        *rules.OPERATIONS,
        *balancing_tags.OPERATIONS,
        *limits.OPERATIONS,
    ),
    "sts": (*identity.OPERATIONS,),
    "ssm": (*parameters.OPERATIONS,),
    "ce": (*usage.OPERATIONS, *forecasts.OPERATIONS),
    "pricing": (*products.OPERATIONS,),
}
