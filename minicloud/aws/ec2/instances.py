"""Machines on the wire: which there are, and how they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.instance_filters import INSTANCE_FILTERS, STATUS_FILTERS, tags_of
from minicloud.aws.ec2.instance_shapes import instance_shape, reservation_shape, state_shape
from minicloud.aws.ec2.named_instances import named_instances, told_of
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import select
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.domain.instance import Instance, InstanceState

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeInstancesRequestTypeDef,
        DescribeInstanceStatusRequestTypeDef,
    )

_PAGING = Paging("DescribeInstances", 5, 1000)
_STATUS_PAGING = Paging("DescribeInstanceStatus", 5, 1000)


def describe_instances(backend: AwsBackend, request: DescribeInstancesRequestTypeDef) -> Shape:
    """The machines, by launch; those that have ended are told of for about an hour."""
    around = Surroundings.of(backend)
    instances = _asked_for(backend, around, request)
    shapes = [instance_shape(instance, around) for instance in instances]
    launch_of = {instance.id: instance.reservation_id for instance in instances}
    filters = {
        **INSTANCE_FILTERS,
        "reservation-id": lambda shape: (launch_of[shape["InstanceId"]],),
    }
    chosen = select(shapes, request.get("Filters"), filters, tags_of)
    page = _PAGING.page(backend, request, chosen, _id)
    launches: dict[str, list[Shape]] = {}
    for shape in page.records:
        launches.setdefault(launch_of[_id(shape)], []).append(shape)
    return {
        "Reservations": [reservation_shape(ref, machines) for ref, machines in launches.items()],
        "NextToken": page.next_token,
    }


def describe_instance_status(
    backend: AwsBackend, request: DescribeInstanceStatusRequestTypeDef
) -> Shape:
    """How machines are: those that run, or all with ``IncludeAllInstances``."""
    around = Surroundings.of(backend)
    instances = _asked_for(backend, around, request)
    if not request.get("IncludeAllInstances"):
        instances = [each for each in instances if each.state is InstanceState.RUNNING]
    shapes = [_status_shape(instance, around) for instance in instances]
    chosen = select(shapes, request.get("Filters"), STATUS_FILTERS)
    page = _STATUS_PAGING.page(backend, request, chosen, _id)
    return {"InstanceStatuses": page.records, "NextToken": page.next_token}


def _asked_for(
    backend: AwsBackend, around: Surroundings, request: Mapping[str, Any]
) -> Sequence[Instance]:
    ids = request.get("InstanceIds")
    if not ids:
        return told_of(around, backend.clock.now())
    if request.get("MaxResults") is not None:
        raise AwsFailure(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
    return named_instances(backend, around, ids)


def _status_shape(instance: Instance, around: Surroundings) -> Shape:
    # A machine is recorded as running once its first process is; nothing else is looked at.
    status = _PASSED if instance.state is InstanceState.RUNNING else _NOT_APPLICABLE
    return {
        "InstanceId": instance.id,
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": around.region.zone_id,
        "InstanceState": state_shape(instance.state),
        "InstanceStatus": status,
        "SystemStatus": status,
    }


def _id(shape: Shape) -> str:
    instance_id: str = shape["InstanceId"]
    return instance_id


_PASSED: Shape = {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
_NOT_APPLICABLE: Shape = {"Status": "not-applicable"}
_CHOICE = frozenset({"InstanceIds", "Filters", "MaxResults", "NextToken"})
_SERVICE_MANAGED = {"IncludeManagedResources": "either: no machine is managed by a service"}
OPERATIONS = (
    Operation("DescribeInstances", describe_instances, carried=_CHOICE, checked=_SERVICE_MANAGED),
    Operation(
        "DescribeInstanceStatus",
        describe_instance_status,
        carried=_CHOICE | {"IncludeAllInstances"},
        checked=_SERVICE_MANAGED,
    ),
)
