"""A target: a machine's port in a target group, and the words for how it is.

What is recorded is the registration alone; how a target *is* only its balancer knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Registration(StrEnum):
    """Where a target stands on its way in and out of its group."""

    REGISTERED = "registered"
    DRAINING = "draining"


class TargetState(StrEnum):
    """ELBv2's states of a target."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNUSED = "unused"
    DRAINING = "draining"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Target:
    """A target's registration.

    ``drain_until``: draining, or held, it may finish what it has in flight until then, in real
    time: the balancer compares it with the time of day, and no clock that is moved cuts it short.
    ``held_by``: the operation that has taken it out of service, for a while (a stop, a reboot, an
    imaging) or, where it is draining, for good; None: none has.
    """

    id: str
    group_id: str
    instance_id: str
    port: int
    registered_at: datetime
    registration: Registration = Registration.REGISTERED
    drain_until: datetime | None = None
    held_by: str | None = None


def target_id(group_id: str, instance_id: str, port: int) -> str:
    """A target's identifier: the same machine's port in the same group is the same target."""
    return f"{group_id}/{instance_id}:{port}"


def member_of(its_target_id: str) -> tuple[str, int]:
    """The machine and the port that a target's identifier names."""
    instance_id, _, port = its_target_id.partition("/")[2].rpartition(":")
    return instance_id, int(port)
