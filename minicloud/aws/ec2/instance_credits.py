"""CPU credits: none are counted, so a burstable machine may always use what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import at
from minicloud.aws.ec2.named_instances import named_instances, told_of
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import select
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.domain.catalog import instance_type
from minicloud.domain.instance import Instance

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeInstanceCreditSpecificationsRequestTypeDef

CPU_CREDITS = "unlimited"
_PAGING = Paging("DescribeInstanceCreditSpecifications", 5, 1000)


def describe_instance_credit_specifications(
    backend: AwsBackend, request: DescribeInstanceCreditSpecificationsRequestTypeDef
) -> Shape:
    """The burstable machines, or those that are named, all of which must be burstable."""
    around = Surroundings.of(backend)
    ids = request.get("InstanceIds")
    if ids:
        machines = named_instances(backend, around, ids)
        for machine in machines:
            _require_burstable(machine)
    else:
        machines = [m for m in told_of(around, backend.clock.now()) if _is_burstable(m)]
    shapes: list[Shape] = [{"InstanceId": m.id, "CpuCredits": CPU_CREDITS} for m in machines]
    chosen = select(shapes, request.get("Filters"), {"instance-id": at("InstanceId")})
    page = _PAGING.page(backend, request, chosen, lambda shape: str(shape["InstanceId"]))
    return {"InstanceCreditSpecifications": page.records, "NextToken": page.next_token}


def _is_burstable(machine: Instance) -> bool:
    return instance_type(machine.type_name).burstable


def _require_burstable(machine: Instance) -> None:
    if not _is_burstable(machine):
        raise AwsFailure(
            "InstanceCreditSpecification.NotSupported",
            f"The instance {machine.id} is a {machine.type_name}, which has no CPU credits.",
        )


OPERATIONS = (
    Operation(
        "DescribeInstanceCreditSpecifications",
        describe_instance_credit_specifications,
        carried=frozenset({"InstanceIds", "Filters", "MaxResults", "NextToken"}),
    ),
)
