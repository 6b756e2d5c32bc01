"""Balancers in memory: they follow documents, check their targets, count, and can be lost."""

from __future__ import annotations

import copy
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minicloud.adapters.docker.streams import EngineStream
from minicloud.adapters.nginx.configuration import render
from minicloud.adapters.nginx.document import as_json, fingerprint_of
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
from tests.fakes.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from minicloud.ports.clock import Clock

HEALTHY = (TargetState.HEALTHY, "")


@dataclass
class FakeBalancer:
    """A container and its disk: what is on the disk outlives the container's death."""

    spec: BalancerSpec
    is_running: bool = True
    document: BalancerDocument | None = None
    health: dict[str, TargetHealth] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, Any] | None:
        """What it follows, as an agent would be told it."""
        return None if self.document is None else as_json(self.document)


class FakeBalancerPlane(Faults):
    """The port ``BalancerPlane`` in memory, thread-safe.

    ``answer`` says how the first check of a target ends; None: it has not ended yet.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._balancers: dict[str, FakeBalancer] = {}
        self._in_flight: dict[str, list[int]] = {}
        self._lock = threading.RLock()
        self.answer: Callable[[TargetEntry], tuple[TargetState, str] | None] = lambda _t: HEALTHY
        # Called with a method's name whenever it begins, and whenever it has done its work.
        self.on_call: Callable[[str], None] = lambda _method: None
        self.on_called: Callable[[str], None] = lambda _method: None

    # What a test arranges, does behind minicloud's back, and looks at.

    def carry(self, target_id: str, *in_flight: int) -> None:
        """Let a target have so much in flight, one number a look; the last one stays."""
        with self._lock:
            self._in_flight[target_id] = list(in_flight)

    def kill(self, container_name: str) -> None:
        """Let a container die; its disk stays."""
        with self._lock:
            self._balancers[container_name].is_running = False

    def lose(self, container_name: str) -> None:
        """Let a container and its disk be removed by somebody."""
        with self._lock:
            del self._balancers[container_name]

    def mislead(self, container_name: str) -> None:
        """Let a balancer forget what it was told."""
        with self._lock:
            self._balancers[container_name].document = None

    def seen(self) -> dict[str, dict[str, Any] | None]:
        """What every running balancer follows, whatever fails."""
        with self._lock:
            return {name: b.told for name, b in self._balancers.items() if b.is_running}

    def modes(self, container_name: str) -> dict[str, TargetMode]:
        """What a balancer does with each target that it knows."""
        with self._lock:
            document = self._balancers[container_name].document
        if document is None:
            return {}
        return {target.id: target.mode for entry in document.groups for target in entry.targets}

    def save(self) -> dict[str, FakeBalancer]:
        """What there is now, for another plane to begin with."""
        with self._lock:
            return copy.deepcopy(self._balancers)

    def load(self, saved: Mapping[str, FakeBalancer]) -> None:
        """Be as another plane was."""
        with self._lock:
            self._balancers = copy.deepcopy(dict(saved))

    @contextmanager
    def call(self, method: str) -> Iterator[None]:
        self.on_call(method)
        with super().call(method):
            yield
            self.on_called(method)

    # The port.

    def ensure(self, spec: BalancerSpec) -> None:
        with self._lock, self.call("ensure"):
            existing = self._balancers.get(spec.container_name)
            if existing is not None and existing.spec.labels != spec.labels:
                raise Conflict("NameTaken", f"a container called {spec.container_name} exists")
            if any(
                other.is_running and other.spec.private_ip == spec.private_ip
                for name, other in self._balancers.items()
                if name != spec.container_name
            ):
                raise Conflict("InvalidIPAddress.InUse", f"{spec.private_ip} is in use")
            if existing is None:
                self._balancers[spec.container_name] = FakeBalancer(spec)
            else:
                existing.spec, existing.is_running = spec, True

    def is_there(self, spec: BalancerSpec) -> bool:
        with self._lock, self.call("is_there"):
            existing = self._balancers.get(spec.container_name)
            return existing is not None and existing.is_running and existing.spec == spec

    def apply(self, container_name: str, document: BalancerDocument) -> None:
        with self._lock, self.call("apply"):
            balancer = self._running(container_name)
            _require_whole(document)
            if balancer.document is None or balancer.told != as_json(document):
                balancer.document = document
                balancer.health = {
                    target.id: self._health(entry, target, balancer.health.get(target.id))
                    for entry in document.groups
                    for target in entry.targets
                }

    def fingerprint(self, document: BalancerDocument) -> str:
        return fingerprint_of(render(document), as_json(document))

    def status(self, container_name: str) -> BalancerStatus:
        with self._lock, self.call("status"):
            balancer = self._running(container_name)
            document = balancer.document
            fingerprint = None if document is None else self.fingerprint(document)
            balancer.health |= self._first_checks(balancer)
            return BalancerStatus(fingerprint, 1, 0, tuple(balancer.health.values()))

    def in_flight(self, container_name: str, target_ids: Sequence[str]) -> Mapping[str, int]:
        with self._lock, self.call("in_flight"):
            document = self._running(container_name).document
            now_s = self._clock.now().timestamp()
            known = (
                {} if document is None else {t.id: t for e in document.groups for t in e.targets}
            )
            counts = {
                target_id: self._next_count(target_id)
                for target_id in target_ids
                if target_id in known and (known[target_id].drain_until_s or 0) > now_s
            }
            return {target_id: count for target_id, count in counts.items() if count}

    def metrics(self, container_name: str) -> dict[str, Any]:
        with self._lock, self.call("metrics"):
            self._running(container_name)
            return {"since": 0, "counters": {}, "groups": {}, "balancer": {}, "minutes": []}

    def logs(self, container_name: str, tail: int, *, follow: bool) -> EngineStream[bytes]:
        with self._lock, self.call("logs"):
            self._running(container_name)
            lines = [b'{"status":200}\n'] * 3
        return EngineStream(iter(lines[len(lines) - min(tail, len(lines)) :]), lambda: None)

    def remove(self, spec: BalancerSpec) -> None:
        with self._lock, self.call("remove"):
            existing = self._balancers.get(spec.container_name)
            if existing is not None and existing.spec.labels != spec.labels:
                raise Conflict("NameTaken", f"a container called {spec.container_name} exists")
            self._balancers.pop(spec.container_name, None)

    # How it works inside; the lock is held.

    def _running(self, container_name: str) -> FakeBalancer:
        balancer = self._balancers.get(container_name)
        if balancer is None or not balancer.is_running:
            raise Unavailable("BalancerUnreachable", f"{container_name} does not answer")
        return balancer

    def _next_count(self, target_id: str) -> int:
        counts = self._in_flight.get(target_id, [0])
        return counts.pop(0) if len(counts) > 1 else counts[0]

    def _first_checks(self, balancer: FakeBalancer) -> dict[str, TargetHealth]:
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
        now_s = self._clock.now().timestamp()
        state, reason, checks = self._state(target, before)
        if before is not None and before.state is state:
            return before
        return TargetHealth(
            target.id, entry.group.id, state, reason, target.reason, now_s, 0, checks
        )

    def _state(
        self, target: TargetEntry, before: TargetHealth | None
    ) -> tuple[TargetState, str, tuple[Check, ...]]:
        if target.mode is TargetMode.DRAINING:
            return TargetState.DRAINING, "Target.DeregistrationInProgress", ()
        if target.mode is TargetMode.HELD:
            return TargetState.UNUSED, "Target.InvalidState", ()
        checked = {TargetState.HEALTHY, TargetState.UNHEALTHY}
        if before is not None and before.state in checked:
            return before.state, before.reason, before.checks
        answer = self.answer(target)
        if answer is None:
            return TargetState.INITIAL, "Elb.RegistrationInProgress", ()
        passed = answer[0] is TargetState.HEALTHY
        check = Check(self._clock.now().timestamp(), passed, "200 OK" if passed else "refused", 1.0)
        return *answer, (check,)


def _require_whole(document: BalancerDocument) -> None:
    """What an agent refuses as malformed, and a reader of records must never make."""
    group_ids = [entry.group.id for entry in document.groups]
    ports = [entry.listener.port for entry in document.listeners]
    target_ids = [target.id for entry in document.groups for target in entry.targets]
    for unique in (group_ids, ports, target_ids):
        assert len(unique) == len(set(unique)), unique
    assert sum(len(entry.rules) for entry in document.listeners) <= 100
    told = as_json(document)
    named = {
        weighted["id"]
        for listener in told["listeners"]
        for holder in (listener, *listener["rules"])
        for action in holder["actions"]
        for weighted in action.get("groups", [])
    }
    assert named == set(group_ids), (named, group_ids)
    render(document)
