"""A load balancer: one address in front of many machines.

``application`` balancers speak HTTP and HTTPS, ``network`` balancers carry TCP. Names and defaults:
ELBv2's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from minicloud.domain.errors import Busy, InvalidRequest
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown

# Of each type.
BALANCERS_MAX = 20
IDLE_TIMEOUT_DEFAULT_S = 60
# What AWS gives to connections of network balancers.
TCP_IDLE_TIMEOUT_DEFAULT_S = 350
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")


class BalancerType(StrEnum):
    """What a balancer understands of what it carries."""

    APPLICATION = "application"
    NETWORK = "network"


class BalancerState(StrEnum):
    """ELBv2's states, and one for the time in which a balancer is taken away."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    FAILED = "failed"
    DELETING = "deleting"


class ForwardedForMode(StrEnum):
    """What becomes of an ``X-Forwarded-For`` that a client sends (AWS's three modes).

    ``append``: the client's true address comes last, behind whatever the client claims.
    """

    APPEND = "append"
    PRESERVE = "preserve"
    REMOVE = "remove"


@dataclass(frozen=True)
class Balancer:
    """A balancer's record. ``public_slot`` is its place in the cloud's public block."""

    id: str
    name: str
    type: BalancerType
    state: BalancerState
    private_ip: str
    private_slot: int
    public_ip: str
    public_slot: int
    container_name: str
    created_at: datetime
    idle_timeout_s: int = IDLE_TIMEOUT_DEFAULT_S
    http2: bool = True
    forwarded_for: ForwardedForMode = ForwardedForMode.APPEND
    deletion_protection: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what AWS refuses."""
        validate_balancing_name(self.name)
        require_range("the idle timeout", self.idle_timeout_s, 1, 4000, "s")

    @property
    def is_serving(self) -> bool:
        """Whether the balancer is there, or about to be."""
        return self.state in {BalancerState.PROVISIONING, BalancerState.ACTIVE}

    def require_active(self) -> None:
        """Refuse to change a balancer that is being made or taken away."""
        if self.state is not BalancerState.ACTIVE:
            raise Busy(
                f"balancer {self.name} is {self.state}",
                "wait until it is active: minicloud balancer list",
                self.id,
            )


def validate_balancing_name(name: str) -> str:
    """ELBv2's rule for balancers and target groups: 32 letters, digits and inner hyphens."""
    if not _NAME.fullmatch(name) or name.lower().startswith("internal-"):
        raise InvalidRequest(
            "ValidationError",
            f"{shown(name)} cannot be the name of a balancer or target group",
            "use 1 to 32 letters, digits and hyphens, no hyphen at its ends, not internal-…",
        )
    return name
