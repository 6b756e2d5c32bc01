"""The simulated balancers, which can be busy, lost and misled, and whose calls can fail."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from minicloud.adapters.nginx.configuration import render
from minicloud.adapters.nginx.document import as_json
from minicloud.adapters.simulated import SimulatedBalancerPlane, SimulatedEngine
from minicloud.adapters.simulated.balancer_plane import SimulatedBalancer
from minicloud.adapters.simulated.stream import SimulatedStream
from minicloud.domain.target import TargetState
from minicloud.ports.balancer_plane import BalancerDocument, BalancerSpec, TargetEntry, TargetMode
from tests.fakes.faults import Faults, failing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from minicloud.ports.clock import Clock

HEALTHY = (TargetState.HEALTHY, "")
FakeBalancer = SimulatedBalancer


@failing("ensure", "is_there", "apply", "status", "in_flight", "metrics", "logs", "remove")
class FakeBalancerPlane(SimulatedBalancerPlane, Faults):
    """The port ``BalancerPlane`` in memory, thread-safe.

    ``answer`` says how the first check of a target ends; None: it has not ended yet.
    """

    def __init__(self, clock: Clock) -> None:
        SimulatedBalancerPlane.__init__(self, SimulatedEngine(clock), clock)
        Faults.__init__(self)
        self._dead: set[str] = set()
        self._counts: dict[str, dict[str, int]] = {}
        self._active: dict[str, int] = {}
        self._in_flight: dict[str, list[int]] = {}
        self.answer: Callable[[TargetEntry], tuple[TargetState, str] | None] = lambda _t: HEALTHY
        # Called with a method's name whenever it begins, and whenever it has done its work.
        self.on_call: Callable[[str], None] = lambda _method: None
        self.on_called: Callable[[str], None] = lambda _method: None

    # What a test arranges, does behind minicloud's back, and looks at.

    def carry(self, target_id: str, *in_flight: int) -> None:
        """Let a target have so much in flight, one number a look; the last one stays."""
        with self._lock:
            self._in_flight[target_id] = list(in_flight)

    def count(self, container_name: str, active: int = 0, **more: int) -> None:
        """Let a balancer's counters have gone up by so much, and so many clients be connected."""
        with self._lock:
            self._active[container_name] = active
            counts = self._counts.setdefault(container_name, {})
            for name, number in more.items():
                counts[name] = counts.get(name, 0) + number

    def kill(self, container_name: str) -> None:
        """Let a container die; its disk stays."""
        with self._lock:
            self._dead.add(container_name)

    def lose(self, container_name: str) -> None:
        """Let a container and its disk be removed by somebody."""
        with self._lock:
            del self._balancers[container_name]
            self._dead.discard(container_name)
            self._counts.pop(container_name, None)
            self._active.pop(container_name, None)

    def mislead(self, container_name: str) -> None:
        """Let a balancer forget what it was told."""
        with self._lock:
            self._balancers[container_name].document = None

    def seen(self) -> dict[str, dict[str, Any] | None]:
        """What every running balancer follows, whatever fails, as an agent would be told it."""
        with self._lock:
            return {
                name: None if balancer.document is None else as_json(balancer.document)
                for name, balancer in self._balancers.items()
                if self._is_up(name)
            }

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

    # The port, where it is not what the simulated one does.

    def ensure(self, spec: BalancerSpec) -> None:
        super().ensure(spec)
        self._dead.discard(spec.container_name)

    def apply(self, container_name: str, document: BalancerDocument) -> None:
        self._running(container_name)
        _require_whole(document)
        super().apply(container_name, document)

    def in_flight(self, container_name: str, target_ids: Sequence[str]) -> Mapping[str, int]:
        document = self._running(container_name).document
        now_s = self._clock.now().timestamp()
        known = {} if document is None else {t.id: t for e in document.groups for t in e.targets}
        counts = {
            target_id: self._next_count(target_id)
            for target_id in target_ids
            if target_id in known and (known[target_id].drain_until_s or 0) > now_s
        }
        return {target_id: count for target_id, count in counts.items() if count}

    def metrics(self, container_name: str) -> dict[str, Any]:
        metrics = super().metrics(container_name)
        metrics["counters"] |= self._counts.get(container_name, {})
        metrics["balancer"]["active_connections"] = self._active.get(container_name, 0)
        return metrics

    def logs(self, container_name: str, tail: int, *, follow: bool) -> SimulatedStream[bytes]:
        self._running(container_name)
        lines = [b'{"status":200}\n'] * 3
        return SimulatedStream(iter(lines[len(lines) - min(tail, len(lines)) :]))

    def remove(self, spec: BalancerSpec) -> None:
        super().remove(spec)
        self._dead.discard(spec.container_name)
        self._counts.pop(spec.container_name, None)
        self._active.pop(spec.container_name, None)

    # How it works inside; the lock is held.

    def _is_up(self, container_name: str) -> bool:
        return super()._is_up(container_name) and container_name not in self._dead

    def _verdict(self, target: TargetEntry) -> tuple[TargetState, str] | None:
        return self.answer(target)

    def _next_count(self, target_id: str) -> int:
        counts = self._in_flight.get(target_id, [0])
        return counts.pop(0) if len(counts) > 1 else counts[0]


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
