"""The world of the fake engine: what it holds, and what happens behind minicloud's back."""

from __future__ import annotations

import copy
import itertools
import threading
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from minicloud.adapters.simulated import SimulatedEngine
from minicloud.adapters.simulated.engine_state import Machine
from minicloud.domain.errors import EngineUnreachable, Unavailable
from minicloud.ports.engine import Container, ContainerStatus, EngineInfo, ExecResult, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from minicloud.adapters.simulated.engine_state import StoredImage
    from minicloud.ports.clock import Clock
    from minicloud.ports.engine import NetworkSpec

_WRITES = frozenset({"ensure_container", "commit", "seal", "copy_image"})


class TickingClock:
    """A clock that goes on by a millisecond whenever it is read."""

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self._now += timedelta(milliseconds=1)
            return self._now

    def sleep(self, duration_s: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=duration_s)


@dataclass(frozen=True)
class Used:
    """What a machine has used since it was started; no machine is without memory."""

    cpu_s: float = 0.0
    memory_mib: float = 1.0
    received_bytes: int = 0
    sent_bytes: int = 0


@dataclass(frozen=True)
class SavedWorld:
    """What an engine held at one moment."""

    machines: Mapping[str, Machine]
    images: Mapping[str, StoredImage]
    networks: Mapping[str, NetworkSpec]
    used: Mapping[str, Used]
    next_id: int
    script: Callable[[str, Sequence[str], bytes], ExecResult]


class EngineWorld(SimulatedEngine):
    """The simulated engine, and means to make it fail."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock or TickingClock())
        self._used: dict[str, Used] = {}
        self._failures: dict[str, deque[tuple[Exception, bool]]] = defaultdict(deque)
        self._is_gone = False
        self._is_disk_full = False
        self._script: Callable[[str, Sequence[str], bytes], ExecResult] = _silent
        self.calls: list[str] = []
        self.information = EngineInfo(
            "fake", "28.0.0", "Fake OS", 8, 16384, "2", "overlay2", rootless=False
        )

    # What a test arranges, and does behind minicloud's back.

    def fail_next(
        self, method: str, error: Exception, times: int = 1, *, after_effect: bool = False
    ) -> None:
        """Let the next calls of a port method raise ``error``.

        With ``after_effect`` they do their work first, as where only the answer is lost.
        """
        self._failures[method].extend([(error, after_effect)] * times)

    def vanish(self) -> None:
        """Let every call raise ``EngineUnreachable``, and every stream end."""
        with self._lock:
            self._is_gone = True
            for listener in self._listeners:
                listener.events.put(None)

    def come_back(self) -> None:
        self._is_gone = False

    def fill_disk(self) -> None:
        self._is_disk_full = True

    def free_disk(self) -> None:
        self._is_disk_full = False

    def add_stranger(self, name: str) -> None:
        """Somebody's container, stopped, that is none of ours."""
        with self._lock:
            view = Container(
                name, self._new_id(), "theirs", {}, ContainerStatus.CREATED, None, None, None
            )
            self._machines[name] = Machine(view, "theirs", "bridge", "", Limits(1, 64, 64))

    def add_leftover(self, name: str, image: str, labels: Mapping[str, str]) -> None:
        """A container of ours that should have gone."""
        with self._lock:
            view = Container(
                name, self._new_id(), image, labels, ContainerStatus.CREATED, None, None, None
            )
            self._machines[name] = Machine(
                view, self._image(image).view.engine_id, "gone", "", Limits(1, 64, 64)
            )

    def kill(self, name: str, exit_code: int = 137, *, out_of_memory: bool = False) -> None:
        with self._lock:
            self._end(self._machine(name), exit_code, out_of_memory=out_of_memory)

    def remove(self, name: str) -> None:
        with self._lock:
            self._destroy(self._machine(name))

    def let_use(self, name: str, used: Used) -> None:
        """Let a machine have used this since it was started."""
        with self._lock:
            self._machine(name)
            self._used[name] = used

    def write_console(self, name: str, data: bytes) -> None:
        with self._lock:
            self._machine(name).console.append(data)

    def on_exec(self, script: Callable[[str, Sequence[str], bytes], ExecResult]) -> None:
        """Answer commands by ``script(name, argv, stdin)``; it may raise."""
        self._script = script

    def limits(self, name: str) -> Limits:
        with self._lock:
            return self._machine(name).limits

    def set_layer_count(self, reference: str, layer_count: int) -> None:
        with self._lock:
            image = self._image(reference)
            image.view = replace(image.view, layer_count=layer_count)

    def sealed_with(self, reference: str) -> Sequence[str]:
        with self._lock:
            return list(self._image(reference).sealed_with)

    def forget_failures(self) -> None:
        """Let no call fail any more."""
        with self._lock:
            self._failures.clear()

    @property
    def has_failed(self) -> bool:
        """Whether every failure that was arranged has been raised."""
        return not any(self._failures.values())

    def networks(self) -> Mapping[str, NetworkSpec]:
        with self._lock:
            return dict(self._networks)

    def save(self) -> SavedWorld:
        """What it holds now, for another engine to begin with."""
        with self._lock:
            held = copy.deepcopy((self._machines, self._images, self._networks))
            return SavedWorld(*held, dict(self._used), next(self._ids), self._script)

    def load(self, saved: SavedWorld) -> None:
        """Hold what another engine held."""
        with self._lock:
            self._machines = copy.deepcopy(dict(saved.machines))
            self._images = copy.deepcopy(dict(saved.images))
            self._networks = dict(saved.networks)
            self._used = dict(saved.used)
            self._ids = itertools.count(saved.next_id)
            self._script = saved.script

    # How it works inside; the lock is held.

    @contextmanager
    def call(self, method: str) -> Iterator[None]:
        self.calls.append(method)
        if self._is_gone:
            raise EngineUnreachable("the fake engine has vanished")
        failures = self._failures[method]
        error, after_effect = failures.popleft() if failures else (None, False)
        if error is not None and not after_effect:
            raise error
        if method in _WRITES and self._is_disk_full:
            raise Unavailable("EngineDiskFull", "the fake engine's disk is full")
        yield
        if error is not None:
            raise error

    def _boot(self, machine: Machine) -> None:
        self._used[machine.view.name] = Used()


def _silent(name: str, argv: Sequence[str], stdin: bytes) -> ExecResult:
    return ExecResult(0, b"")
