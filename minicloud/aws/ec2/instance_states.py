"""Start, stop, reboot and terminate: several machines at a time, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import begun
from minicloud.aws.ec2.instance_shapes import state_shape
from minicloud.aws.ec2.named_instances import named_instances, require_states
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure, unsupported
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Operation as Change

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        RebootInstancesRequestTypeDef,
        StartInstancesRequestTypeDef,
        StopInstancesRequestTypeDef,
        TerminateInstancesRequestTypeDef,
    )

_STARTABLE = {InstanceState.STOPPED, InstanceState.PENDING, InstanceState.RUNNING}
_STOPPABLE = {InstanceState.RUNNING, InstanceState.STOPPING, InstanceState.STOPPED}


def start_instances(backend: AwsBackend, request: StartInstancesRequestTypeDef) -> Shape:
    """Start stopped machines; those that run already go on."""
    machines, ids = _named(backend, request["InstanceIds"])
    require_states(machines, _STARTABLE, "started")
    changes = begun(backend, lambda: backend.instances.start(*ids))
    return {"StartingInstances": _state_changes(machines, changes, InstanceState.PENDING)}


def stop_instances(backend: AwsBackend, request: StopInstancesRequestTypeDef) -> Shape:
    """Stop running machines; ``Force``: without asking their processes to end."""
    if request.get("Hibernate"):
        raise unsupported("Hibernate")
    machines, ids = _named(backend, request["InstanceIds"])
    require_states(machines, _STOPPABLE, "stopped")
    by_force = request.get("Force", False)
    changes = begun(backend, lambda: backend.instances.stop(*ids, by_force=by_force))
    return {"StoppingInstances": _state_changes(machines, changes, InstanceState.STOPPING)}


def reboot_instances(backend: AwsBackend, request: RebootInstancesRequestTypeDef) -> Shape:
    """Shut machines down and start them again."""
    machines, ids = _named(backend, request["InstanceIds"])
    require_states(machines, {InstanceState.RUNNING}, "rebooted")
    begun(backend, lambda: backend.instances.reboot(*ids))
    return {}


def terminate_instances(backend: AwsBackend, request: TerminateInstancesRequestTypeDef) -> Shape:
    """End machines for good, whatever state they are in, once what is under way has ended."""
    machines, ids = _named(backend, request["InstanceIds"])
    changes = begun(backend, lambda: backend.instances.terminate(*ids))
    return {"TerminatingInstances": _state_changes(machines, changes, InstanceState.SHUTTING_DOWN)}


def _named(backend: AwsBackend, ids: Sequence[str]) -> tuple[list[Instance], list[str]]:
    if not ids:
        raise AwsFailure("InvalidParameterCombination", "No instances specified")
    machines = named_instances(backend, Surroundings.of(backend), ids)
    return machines, [each.id for each in machines]


def _state_changes(
    before: Sequence[Instance], changes: Sequence[Change], entered: InstanceState
) -> list[Shape]:
    """From what each machine was to what it is: ``entered`` where there is something to do."""
    changed = {change.subject_id for change in changes}
    return [
        {
            "InstanceId": instance.id,
            # In AWS's order: Libcloud takes the first state of the answer for the current one.
            "CurrentState": state_shape(entered if instance.id in changed else instance.state),
            "PreviousState": state_shape(instance.state),
        }
        for instance in before
    ]


_IDS = frozenset({"InstanceIds"})
OPERATIONS = (
    Operation("StartInstances", start_instances, carried=_IDS, changes=True),
    Operation(
        "StopInstances",
        stop_instances,
        carried=_IDS | {"Force"},
        checked={"Hibernate": "false"},
        changes=True,
    ),
    Operation("RebootInstances", reboot_instances, carried=_IDS, changes=True),
    Operation("TerminateInstances", terminate_instances, carried=_IDS, changes=True),
)
