"""The balancers' data plane: containers that balance, check and drain, with or without a server.

A balancer is told all it must know in one document, complete each time: telling it the same again
changes nothing, and what was missed is made good by the next telling. What the document holds is
in ``BalancerDocument``; how targets *are* is asked of the balancer, which alone knows.

Errors: ``Unavailable`` code ``BalancerUnreachable`` where a balancer's container does not answer,
code ``BalancerFailed`` where it answers that it cannot do what it was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from minicloud.domain.balancer import Balancer
from minicloud.domain.certificate import Certificate
from minicloud.domain.listener import Listener
from minicloud.domain.rule import Rule
from minicloud.domain.target import TargetState
from minicloud.domain.target_group import TargetGroup
from minicloud.ports.engine import Stream


@dataclass(frozen=True)
class BalancerSpec:
    """A balancer's container. ``private_ip`` is its own in the cloud's network."""

    container_name: str
    image: str
    network: str
    private_ip: str
    labels: Mapping[str, str]


class TargetMode(StrEnum):
    """What a balancer is to do with a target."""

    ACTIVE = "active"
    DRAINING = "draining"
    HELD = "held"


@dataclass(frozen=True)
class TargetEntry:
    """A target as its balancer must know it.

    ``drain_until_s`` (seconds since the epoch): it may finish what is in flight until then.
    ``reason``: for people, why it is held.
    """

    id: str
    instance_id: str
    ip: str
    port: int
    mode: TargetMode = TargetMode.ACTIVE
    drain_until_s: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class GroupEntry:
    """A target group with its targets."""

    group: TargetGroup
    targets: tuple[TargetEntry, ...]


@dataclass(frozen=True)
class ListenerEntry:
    """A listener with its rules, the first to be tried first."""

    listener: Listener
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class BalancerDocument:
    """All that a balancer must know; every group that an action of it names is in it."""

    balancer: Balancer
    listeners: tuple[ListenerEntry, ...]
    groups: tuple[GroupEntry, ...]
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True)
class Check:
    """One health check that was made. ``at_s``: seconds since the epoch."""

    at_s: float
    passed: bool
    detail: str
    duration_ms: float


@dataclass(frozen=True)
class TargetHealth:
    """How a target is. ``since_s``: seconds since the epoch; ``checks``: the newest first."""

    target_id: str
    group_id: str
    state: TargetState
    reason: str
    description: str
    since_s: float
    in_flight: int
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class BalancerStatus:
    """What a balancer says of itself. ``fingerprint``: of the document that it follows."""

    fingerprint: str | None
    generation: int
    retiring_generations: int
    targets: tuple[TargetHealth, ...]


class BalancerPlane(Protocol):
    """Every balancer's container. All methods are safe to repeat."""

    def ensure(self, spec: BalancerSpec) -> None:
        """Make the container if it is missing, replace it where its image differs, start it."""

    def is_there(self, spec: BalancerSpec) -> bool:
        """Whether the container is there, as the spec says, and runs."""

    def apply(self, container_name: str, document: BalancerDocument) -> None:
        """Have the balancer follow the document; when this returns, every new request does."""

    def fingerprint(self, document: BalancerDocument) -> str:
        """What ``status`` says of a balancer that follows this document."""

    def status(self, container_name: str) -> BalancerStatus:
        """What the balancer follows, and how its targets are."""

    def in_flight(self, container_name: str, target_ids: Sequence[str]) -> Mapping[str, int]:
        """What those of the targets that are not drained yet have in flight."""

    def metrics(self, container_name: str) -> dict[str, Any]:
        """The balancer's figures: ``since``, ``counters``, ``groups``, ``balancer``, ``minutes``.

        What each holds is told where they are made: ``images/balancer/balancer_agent``. Of the
        ``counters``, ``requests``, ``new_connections``, ``received_bytes``, ``sent_bytes`` and
        ``rule_evaluations`` (of rules beyond a request's first ten) count since ``since``; a
        network balancer cannot count bytes. ``balancer`` has what is now: ``active_connections``.
        """

    def logs(self, container_name: str, tail: int, *, follow: bool) -> Stream[bytes]:
        """The access log's newest lines, each a JSON object, oldest first."""

    def remove(self, spec: BalancerSpec) -> None:
        """Take the container and its disk away."""
