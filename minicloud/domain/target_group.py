"""A target group: machines that serve the same thing, and how they are chosen and asked.

Defaults and ranges: ELBv2's. A group is used by one balancer at most, as on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from minicloud.domain.balancer import BalancerType, validate_balancing_name
from minicloud.domain.errors import CapacityExceeded, InvalidRequest
from minicloud.domain.health_check import CheckProtocol, HealthCheck
from minicloud.domain.ranges import require_range

GROUPS_MAX = 100
TARGETS_PER_BALANCER_MAX = 1000
DEREGISTRATION_DELAY_DEFAULT_S = 300
STICKINESS_MAX_S = 604_800
STICKINESS_DEFAULT_S = 86_400


class GroupProtocol(StrEnum):
    """What the balancer speaks with the targets."""

    HTTP = "HTTP"
    TCP = "TCP"

    @property
    def balancer_type(self) -> BalancerType:
        """Which kind of balancer can use a group of this protocol."""
        return BalancerType.APPLICATION if self is GroupProtocol.HTTP else BalancerType.NETWORK


class Algorithm(StrEnum):
    """How the next target is chosen."""

    ROUND_ROBIN = "round_robin"
    LEAST_OUTSTANDING_REQUESTS = "least_outstanding_requests"


@dataclass(frozen=True)
class TargetGroup:
    """A target group's record.

    ``stickiness_s`` 0: off; else how long a client's cookie leads to the same target.
    ``kept_stickiness_s``: how long it will, once stickiness that is off is turned on.
    ``slow_start_s`` 0: off; else how long a target that has become healthy takes to get its full
    share.
    """

    id: str
    name: str
    protocol: GroupProtocol
    port: int
    created_at: datetime
    health_check: HealthCheck = field(default_factory=HealthCheck)
    algorithm: Algorithm = Algorithm.ROUND_ROBIN
    deregistration_delay_s: int = DEREGISTRATION_DELAY_DEFAULT_S
    stickiness_s: int = 0
    slow_start_s: int = 0
    kept_stickiness_s: int = STICKINESS_DEFAULT_S
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what AWS refuses, also where two settings contradict each other."""
        validate_balancing_name(self.name)
        require_range("the port", self.port, 1, 65535)
        require_range("the deregistration delay", self.deregistration_delay_s, 0, 3600, "s")
        for duration_s in (self.stickiness_s or self.kept_stickiness_s, self.kept_stickiness_s):
            require_range("the stickiness duration", duration_s, 1, STICKINESS_MAX_S, "s")
        if self.slow_start_s:
            require_range("the slow start", self.slow_start_s, 30, 900, "s")
        if self.slow_start_s and self.algorithm is not Algorithm.ROUND_ROBIN:
            raise InvalidRequest(
                "InvalidConfigurationRequest",
                "slow start goes with round_robin alone",
                "turn one of them off: --slow-start 0, or --algorithm round_robin",
            )
        if self.protocol is GroupProtocol.TCP:
            self._require_plain_tcp()
        else:
            self._require_http_check()

    def _require_plain_tcp(self) -> None:
        if self.stickiness_s or self.slow_start_s or self.algorithm is not Algorithm.ROUND_ROBIN:
            raise InvalidRequest(
                "InvalidConfigurationRequest",
                "stickiness, slow start and other algorithms than round_robin need HTTP",
                "leave them out, or make the group --protocol HTTP",
            )

    def _require_http_check(self) -> None:
        check = self.health_check
        if check.protocol is CheckProtocol.TCP:
            raise InvalidRequest(
                "InvalidConfigurationRequest",
                "an HTTP target group is checked over HTTP",
                "leave --health-protocol out, or make the group --protocol TCP",
            )
        if check.timeout_s >= check.interval_s:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"Health check timeout '{check.timeout_s}' must be smaller than the interval"
                f" '{check.interval_s}'",
                "lengthen the interval or shorten the timeout",
            )


def require_room_for_targets(count: int) -> None:
    """How many targets one balancer may have."""
    if count > TARGETS_PER_BALANCER_MAX:
        raise CapacityExceeded(
            "TooManyTargets",
            f"{count} targets; a balancer has {TARGETS_PER_BALANCER_MAX} at most",
            "deregister some, or make a second balancer",
        )
