"""Which machines a request names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.domain import resource_kind
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.tags import shown


def told_of(around: Surroundings, now: datetime) -> list[Instance]:
    """The machines that AWS's clients hear of, oldest first."""
    return [each for each in around.instances.values() if each.is_told_of(now)]


def named_instances(
    backend: AwsBackend, around: Surroundings, ids: Sequence[str]
) -> list[Instance]:
    """The machines of these identifiers, each once, in their order; AWS's error where one is not.

    A request may name machines by their identifiers alone: names are minicloud's own.
    """
    wanted = list(dict.fromkeys(ids))
    for instance_id in wanted:
        resource_kind.INSTANCE.require_well_formed(instance_id)
    found = {each.id: each for each in told_of(around, backend.clock.now())}
    missing = [instance_id for instance_id in wanted if instance_id not in found]
    if len(missing) == 1:
        raise resource_kind.INSTANCE.missing(missing[0])
    if missing:
        listed = ", ".join(missing)
        raise AwsFailure(
            resource_kind.INSTANCE.not_found_code,
            f"The instance IDs {shown(listed, 400)} do not exist",
        )
    return [found[instance_id] for instance_id in wanted]


def named_instance(backend: AwsBackend, around: Surroundings, instance_id: str) -> Instance:
    """The machine of this identifier."""
    (instance,) = named_instances(backend, around, [instance_id])
    return instance


def require_states(
    instances: Sequence[Instance], states: Collection[InstanceState], done: str
) -> None:
    """Refuse, in EC2's words, where one is in no state in which this can be done to it."""
    for instance in instances:
        if instance.state not in states:
            raise AwsFailure(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in a state from which it can be {done}.",
            )
