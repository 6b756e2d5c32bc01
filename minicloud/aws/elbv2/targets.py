"""Targets: machines put into target groups and taken out, and how they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import begun
from minicloud.aws.elbv2.records import Records
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.errors import Unavailable
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.tags import shown
from minicloud.domain.target import TargetState, member_of
from minicloud.domain.target_group import TargetGroup
from minicloud.operations.deregister_targets import STOP_SENDING
from minicloud.ports.balancer_plane import TargetHealth
from minicloud.services.target_groups import TargetRef

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        DeregisterTargetsInputTypeDef,
        DescribeTargetHealthInputTypeDef,
        RegisterTargetsInputTypeDef,
        TargetDescriptionTypeDef,
    )

_Instances = Mapping[str, Instance]
_INTERNAL = 500
_INVALID_STATE = "Target.InvalidState"
_NOT_REGISTERED = {
    "State": TargetState.UNUSED.value,
    "Reason": "Target.NotRegistered",
    "Description": "Target is not registered to the target group",
}


def register_targets(backend: AwsBackend, request: RegisterTargetsInputTypeDef) -> Shape:
    """Put running machines into a group; they get their first request after a passed check."""
    group = Records.of(backend).group(request["TargetGroupArn"])
    instances = _instances(backend)
    refs = [_ref(target, group, instances) for target in request["Targets"]]
    idle = [ref.instance for ref in refs if not _is_running(instances[ref.instance])]
    if idle:
        raise AwsFailure(
            "InvalidTarget",
            "The following targets are not in a running state and cannot be registered: "
            f"'{', '.join(dict.fromkeys(idle))}'",
        )
    begun(backend, lambda: backend.target_groups.register(group.id, refs))
    return {}


def deregister_targets(backend: AwsBackend, request: DeregisterTargetsInputTypeDef) -> Shape:
    """Take machines out of a group: when this returns they get nothing new, and drain."""
    group = Records.of(backend).group(request["TargetGroupArn"])
    instances = _instances(backend)
    refs = [_ref(target, group, instances) for target in request["Targets"]]
    operations = begun(backend, lambda: backend.target_groups.deregister(group.id, refs))
    backend.finish(operations, STOP_SENDING)
    return {}


def describe_target_health(backend: AwsBackend, request: DescribeTargetHealthInputTypeDef) -> Shape:
    """How the group's targets are, or those that the request names, by what their balancer says."""
    group = Records.of(backend).group(request["TargetGroupArn"])
    instances = _instances(backend)
    asked = [_ref(target, group, instances) for target in request.get("Targets", [])]
    try:
        found = {member_of(each.target_id): each for each in backend.target_groups.health(group.id)}
    except Unavailable as error:
        raise AwsFailure("HealthUnavailable", error.message, _INTERNAL) from error
    members = [(ref.instance, ref.port or group.port) for ref in asked] or list(found)
    return {
        "TargetHealthDescriptions": [
            {
                "Target": {"Id": instance_id, "Port": port},
                "HealthCheckPort": str(group.health_check.port or port),
                "TargetHealth": _health_shape(found.get((instance_id, port)), instances),
            }
            for instance_id, port in members
        ]
    }


def _health_shape(health: TargetHealth | None, instances: _Instances) -> Shape:
    if health is None:
        return _NOT_REGISTERED
    if health.state is TargetState.HEALTHY:
        return {"State": health.state.value}
    description = health.description
    if health.reason == _INVALID_STATE:
        # The balancer's own words are for people; these are AWS's.
        instance = instances[member_of(health.target_id)[0]]
        if not _is_running(instance):
            description = f"Target is in the {instance.state} state"
    return {
        "State": health.state.value,
        "Reason": health.reason or None,
        "Description": description or None,
    }


def _instances(backend: AwsBackend) -> _Instances:
    with backend.store.read() as transaction:
        return {instance.id: instance for instance in transaction.instances.all()}


def _ref(target: TargetDescriptionTypeDef, group: TargetGroup, instances: _Instances) -> TargetRef:
    """The target as services name it. Without a port it is the group's, on AWS, for all calls."""
    if target["Id"] not in instances:
        raise AwsFailure("InvalidTarget", f"The instance ID {shown(target['Id'])} is not valid")
    return TargetRef(target["Id"], target.get("Port", group.port))


def _is_running(instance: Instance) -> bool:
    return instance.state is InstanceState.RUNNING


_MEMBERS: Sequence[str] = ("TargetGroupArn", "Targets.Id", "Targets.Port")
OPERATIONS = (
    Operation("RegisterTargets", register_targets, carried=frozenset(_MEMBERS), changes=True),
    Operation("DeregisterTargets", deregister_targets, carried=frozenset(_MEMBERS), changes=True),
    Operation("DescribeTargetHealth", describe_target_health, carried=frozenset(_MEMBERS)),
)
