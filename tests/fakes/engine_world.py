"""The world of the fake engine: what it holds, and what happens behind minicloud's back."""

from __future__ import annotations

import copy
import itertools
import queue
import threading
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from minicloud.domain.errors import Conflict, EngineUnreachable, NotFound, Unavailable
from minicloud.ports.engine import (
    Container,
    ContainerStatus,
    EngineEvent,
    EngineImage,
    EngineInfo,
    ExecResult,
    Limits,
    NetworkSpec,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from minicloud.ports.clock import Clock


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


@dataclass
class Machine:
    view: Container
    image_id: str
    network: str
    private_ip: str
    limits: Limits
    console: list[bytes] = field(default_factory=list)


@dataclass
class StoredImage:
    view: EngineImage
    volumes: tuple[str, ...] = ()
    sealed_with: list[str] = field(default_factory=list)


@dataclass
class Listener:
    labels: Mapping[str, str]
    events: queue.Queue[EngineEvent | None] = field(default_factory=queue.Queue)


@dataclass(frozen=True)
class SavedWorld:
    """What an engine held at one moment."""

    machines: Mapping[str, Machine]
    images: Mapping[str, StoredImage]
    networks: Mapping[str, NetworkSpec]
    next_id: int
    script: Callable[[str, Sequence[str], bytes], ExecResult]


class EngineWorld:
    """Machines, images and networks in memory, thread-safe, and means to make them fail."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or TickingClock()
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._machines: dict[str, Machine] = {}
        self._images: dict[str, StoredImage] = {}
        self._networks: dict[str, NetworkSpec] = {}
        self._listeners: list[Listener] = []
        self._history: list[EngineEvent] = []
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

    def add_image(
        self,
        reference: str,
        labels: Mapping[str, str] | None = None,
        *,
        layer_count: int = 1,
        volumes: tuple[str, ...] = (),
    ) -> EngineImage:
        with self._lock:
            view = EngineImage(self._new_id(), (), dict(labels or {}), 100 << 20, layer_count)
            self._images[view.engine_id] = StoredImage(view, volumes)
            self._name_image(view.engine_id, reference)
            return self._images[view.engine_id].view

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
            self._end(self._machine(name), exit_code, out_of_memory)

    def remove(self, name: str) -> None:
        with self._lock:
            self._destroy(self._machine(name))

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
            return SavedWorld(*held, next(self._ids), self._script)

    def load(self, saved: SavedWorld) -> None:
        """Hold what another engine held."""
        with self._lock:
            self._machines = copy.deepcopy(dict(saved.machines))
            self._images = copy.deepcopy(dict(saved.images))
            self._networks = dict(saved.networks)
            self._ids = itertools.count(saved.next_id)
            self._script = saved.script

    # How it works inside; the lock is held.

    @contextmanager
    def _call(self, method: str, *, writes: bool = False) -> Iterator[None]:
        with self._lock:
            self.calls.append(method)
            if self._is_gone:
                raise EngineUnreachable("the fake engine has vanished")
            failures = self._failures[method]
            error, after_effect = failures.popleft() if failures else (None, False)
            if error is not None and not after_effect:
                raise error
            if writes and self._is_disk_full:
                raise Unavailable("EngineDiskFull", "the fake engine's disk is full")
            yield
            if error is not None:
                raise error

    def _start(self, machine: Machine) -> Container:
        if machine.view.is_up:
            return machine.view
        for other in self._machines.values():
            if other.view.is_up and (other.network, other.private_ip) == (
                machine.network,
                machine.private_ip,
            ):
                raise Conflict(
                    "InvalidIPAddress.InUse",
                    f"the private address of {machine.view.name} is in use on its network",
                )
        machine.view = replace(
            machine.view,
            status=ContainerStatus.RUNNING,
            exit_code=None,
            started_at=self._clock.now(),
            out_of_memory=False,
        )
        self._tell(machine, "start")
        return machine.view

    def _end(self, machine: Machine, exit_code: int, out_of_memory: bool = False) -> None:
        machine.view = replace(
            machine.view,
            status=ContainerStatus.EXITED,
            exit_code=exit_code,
            finished_at=self._clock.now(),
            out_of_memory=out_of_memory,
        )
        self._tell(machine, "die")

    def _destroy(self, machine: Machine) -> None:
        if machine.view.is_up:
            self._end(machine, 137)
        del self._machines[machine.view.name]
        self._tell(machine, "destroy")

    def _tell(self, machine: Machine, action: str) -> None:
        view = machine.view
        event = EngineEvent(view.name, action, self._clock.now(), view.labels)
        self._history.append(event)
        for listener in self._listeners:
            if listener.labels.items() <= event.labels.items():
                listener.events.put(event)

    def _heard(self, listener: Listener) -> Iterator[EngineEvent]:
        while (event := listener.events.get()) is not None:
            yield event
        with self._lock:
            self._listeners.remove(listener)

    def _machine(self, name: str) -> Machine:
        if name not in self._machines:
            raise NotFound("EngineObjectMissing", f"no such container: {name}")
        return self._machines[name]

    def _up(self, name: str) -> None:
        if not self._machine(name).view.is_up:
            raise Conflict("EngineConflict", f"the container {name} is not running")

    def _find_image(self, reference: str) -> StoredImage | None:
        if reference in self._images:
            return self._images[reference]
        images = self._images.values()
        return next((image for image in images if reference in image.view.references), None)

    def _image(self, reference: str) -> StoredImage:
        image = self._find_image(reference)
        if image is None:
            raise NotFound("EngineObjectMissing", f"no such image: {reference}")
        return image

    def _name_image(self, engine_id: str, reference: str) -> None:
        """Move the name; the image that loses its last one goes unless something uses it."""
        for image in list(self._images.values()):
            others = tuple(name for name in image.view.references if name != reference)
            if others != image.view.references:
                image.view = replace(image.view, references=others)
                used = {machine.image_id for machine in self._machines.values()}
                if not others and image.view.engine_id not in {*used, engine_id}:
                    del self._images[image.view.engine_id]
        image = self._images[engine_id]
        image.view = replace(image.view, references=(*image.view.references, reference))

    def _new_id(self) -> str:
        return f"sha256:{next(self._ids):064x}"


def _silent(name: str, argv: Sequence[str], stdin: bytes) -> ExecResult:
    return ExecResult(0, b"")
