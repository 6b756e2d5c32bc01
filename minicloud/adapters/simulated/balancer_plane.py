"""Balancers that carry nothing: they follow documents, and find machines that run healthy."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from minicloud.adapters.simulated.stream import SimulatedStream
from minicloud.domain.errors import Conflict, Unavailable
from minicloud.domain.target import TargetState
from minicloud.ports.balancer_plane import (
    BalancerDocument,
    BalancerSpec,
    BalancerStatus,
    Check,
    GroupEntry,
    TargetEntry,
    TargetHealth,
    TargetMode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minicloud.adapters.simulated.engine import SimulatedEngine
    from minicloud.ports.clock import Clock

_CHECKED = frozenset({TargetState.HEALTHY, TargetState.UNHEALTHY})
_CHECK_MS = 1.0
# Members of records that say something of a balancer, and nothing to it.
_ABOUT_IT = frozenset({"deletion_protection", "state", "tags"})
# What no client counted is nothing.
_COUNTERS = ("requests", "new_connections", "received_bytes", "sent_bytes")


@dataclass
class SimulatedBalancer:
    """A balancer's container, and what is on its disk. ``since``: seconds since the epoch."""

    spec: BalancerSpec
    since: float
    document: BalancerDocument | None = None
    health: dict[str, TargetHealth] = field(default_factory=dict)


class SimulatedBalancerPlane:
    """The port ``BalancerPlane`` in memory, thread-safe, over the machines of an engine."""

    def __init__(self, engine: SimulatedEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._balancers: dict[str, SimulatedBalancer] = {}
        self._lock = threading.RLock()

    def ensure(self, spec: BalancerSpec) -> None:
        """Let it be there; see the port."""
        with self._lock:
            existing = self._ours(spec)
            if any(
                other.spec.private_ip == spec.private_ip and self._is_up(name)
                for name, other in self._balancers.items()
                if name != spec.container_name
            ):
                raise Conflict("InvalidIPAddress.InUse", f"{spec.private_ip} is in use")
            if existing is None:
                self._balancers[spec.container_name] = SimulatedBalancer(spec, self._now_s())
            else:
                existing.spec = spec

    def is_there(self, spec: BalancerSpec) -> bool:
        """Whether it is there as the spec says; see the port."""
        with self._lock:
            name = spec.container_name
            return self._is_up(name) and self._balancers[name].spec == spec

    def apply(self, container_name: str, document: BalancerDocument) -> None:
        """Follow the document, and check targets that are new in it; see the port."""
        with self._lock:
            balancer = self._running(container_name)
            if balancer.document is None or _plain(balancer.document) != _plain(document):
                balancer.document = document
                balancer.health = {
                    target.id: self._health(entry, target, balancer.health.get(target.id))
                    for entry in document.groups
                    for target in entry.targets
                }

    def fingerprint(self, document: BalancerDocument) -> str:
        """A hash of all that a balancer goes by; see the port."""
        told = json.dumps(_plain(document), sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()

    def status(self, container_name: str) -> BalancerStatus:
        """What it follows, and how its targets are; see the port."""
        with self._lock:
            balancer = self._running(container_name)
            document = balancer.document
            fingerprint = None if document is None else self.fingerprint(document)
            balancer.health |= self._first_checks(balancer)
            return BalancerStatus(fingerprint, 1, 0, tuple(balancer.health.values()))

    def in_flight(self, container_name: str, target_ids: Sequence[str]) -> Mapping[str, int]:
        """Nothing: nobody can send it a request; see the port."""
        with self._lock:
            self._running(container_name)
            return {}

    def metrics(self, container_name: str) -> dict[str, Any]:
        """Figures of a balancer that nobody has used; see the port."""
        with self._lock:
            return {
                "since": self._running(container_name).since,
                "counters": dict.fromkeys(_COUNTERS, 0),
                "groups": {},
                "balancer": {"active_connections": 0},
                "minutes": [],
            }

    def logs(self, container_name: str, tail: int, *, follow: bool) -> SimulatedStream[bytes]:
        """No line: there was no request; see the port."""
        with self._lock:
            self._running(container_name)
        return SimulatedStream(iter(()))

    def remove(self, spec: BalancerSpec) -> None:
        """Let it be gone; see the port."""
        with self._lock:
            self._ours(spec)
            self._balancers.pop(spec.container_name, None)

    # How it works inside; the lock is held.

    def _is_up(self, container_name: str) -> bool:
        return container_name in self._balancers

    def _running(self, container_name: str) -> SimulatedBalancer:
        if not self._is_up(container_name):
            raise Unavailable("BalancerUnreachable", f"{container_name} does not answer")
        return self._balancers[container_name]

    def _ours(self, spec: BalancerSpec) -> SimulatedBalancer | None:
        existing = self._balancers.get(spec.container_name)
        if existing is not None and existing.spec.labels != spec.labels:
            raise Conflict("NameTaken", f"a container called {spec.container_name} exists")
        return existing

    def _first_checks(self, balancer: SimulatedBalancer) -> dict[str, TargetHealth]:
        """What has become of the targets that had not been checked."""
        groups = () if balancer.document is None else balancer.document.groups
        return {
            target.id: self._health(entry, target, None)
            for entry in groups
            for target in entry.targets
            if balancer.health[target.id].state is TargetState.INITIAL
            and not balancer.health[target.id].checks
        }

    def _health(
        self, entry: GroupEntry, target: TargetEntry, before: TargetHealth | None
    ) -> TargetHealth:
        state, reason, checks = self._state(target, before)
        if before is not None and before.state is state:
            return before
        return TargetHealth(
            target.id, entry.group.id, state, reason, target.reason, self._now_s(), 0, checks
        )

    def _state(
        self, target: TargetEntry, before: TargetHealth | None
    ) -> tuple[TargetState, str, tuple[Check, ...]]:
        if target.mode is TargetMode.DRAINING:
            return TargetState.DRAINING, "Target.DeregistrationInProgress", ()
        if target.mode is TargetMode.HELD:
            return TargetState.UNUSED, "Target.InvalidState", ()
        if before is not None and before.state in _CHECKED:
            return before.state, before.reason, before.checks
        answer = self._verdict(target)
        if answer is None:
            return TargetState.INITIAL, "Elb.RegistrationInProgress", ()
        passed = answer[0] is TargetState.HEALTHY
        detail = "200 OK" if passed else "refused"
        return *answer, (Check(self._now_s(), passed, detail, _CHECK_MS),)

    def _verdict(self, target: TargetEntry) -> tuple[TargetState, str] | None:
        """How the first check of a target ends; None: it has not ended yet."""
        if self._engine.has_machine_up(target.ip):
            return TargetState.HEALTHY, ""
        return TargetState.UNHEALTHY, "Target.FailedHealthChecks"

    def _now_s(self) -> float:
        return self._clock.now().timestamp()


def _plain(document: BalancerDocument) -> Any:
    """All of a document but what no balancer goes by."""
    return _goes_by(asdict(document))


def _goes_by(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _goes_by(part) for key, part in value.items() if key not in _ABOUT_IT}
    if isinstance(value, list | tuple):
        return [_goes_by(part) for part in value]
    return value
