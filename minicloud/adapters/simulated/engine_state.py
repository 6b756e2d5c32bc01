"""What a simulated engine holds: machines, images and networks, and who listens to its events."""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from minicloud.domain.errors import Conflict, NotFound
from minicloud.ports.engine import (
    Container,
    ContainerStatus,
    EngineEvent,
    EngineImage,
    EngineInfo,
    Limits,
    NetworkSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minicloud.ports.clock import Clock

# Room for more machines than anybody will want, so that no test meets a limit that is not AWS's.
_HOST = EngineInfo(
    engine_id="simulated",
    version="simulated",
    operating_system="nothing at all",
    cpu_count=64,
    memory_mib=256 * 1024,
    cgroup_version="2",
    storage_driver="none",
    rootless=True,
)
_IMAGE_BYTES = 100 << 20
_KILLED = 137
_BOOT_LINE = b"minicloud: this machine is simulated; nothing runs in it\r\n"
# Whoever listens asks for what it has missed since it last heard; that is never much.
_HISTORY_MAX = 1000


@dataclass
class Machine:
    """A container, as far as anybody can tell."""

    view: Container
    image_id: str
    network: str
    private_ip: str
    limits: Limits
    console: list[bytes] = field(default_factory=list)


@dataclass
class StoredImage:
    """An image. Its size is made up; ``sealed_with`` are the scripts that were meant to run."""

    view: EngineImage
    volumes: tuple[str, ...] = ()
    sealed_with: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Listener:
    """Somebody who is told of events; None is the end."""

    labels: Mapping[str, str]
    events: queue.Queue[EngineEvent | None] = field(default_factory=queue.Queue)

    def heard(self) -> Iterator[EngineEvent]:
        """The events, as they come."""
        while (event := self.events.get()) is not None:
            yield event


class EngineState:
    """Machines, images and networks in memory. Whoever changes them holds the lock."""

    def __init__(self, clock: Clock) -> None:
        self.information = _HOST
        self._clock = clock
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._machines: dict[str, Machine] = {}
        self._images: dict[str, StoredImage] = {}
        self._networks: dict[str, NetworkSpec] = {}
        self._listeners: list[Listener] = []
        self._history: deque[EngineEvent] = deque(maxlen=_HISTORY_MAX)

    def add_image(
        self,
        reference: str,
        labels: Mapping[str, str] | None = None,
        *,
        layer_count: int = 1,
        volumes: tuple[str, ...] = (),
    ) -> EngineImage:
        """Let there be an image of this name, made of nothing."""
        with self._lock:
            view = EngineImage(self._new_id(), (), dict(labels or {}), _IMAGE_BYTES, layer_count)
            self._images[view.engine_id] = StoredImage(view, volumes)
            self._name_image(view.engine_id, reference)
            return self._images[view.engine_id].view

    def has_machine_up(self, private_ip: str) -> bool:
        """Whether a machine of this address runs."""
        with self._lock:
            return any(m.private_ip == private_ip and m.view.is_up for m in self._machines.values())

    # How it works inside; the lock is held.

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
        self._boot(machine)
        self._tell(machine, "start")
        return machine.view

    def _boot(self, machine: Machine) -> None:
        machine.console.append(_BOOT_LINE)

    def _end(self, machine: Machine, exit_code: int, *, out_of_memory: bool = False) -> None:
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
            self._end(machine, _KILLED)
        del self._machines[machine.view.name]
        self._tell(machine, "destroy")

    def _tell(self, machine: Machine, action: str) -> None:
        view = machine.view
        event = EngineEvent(view.name, action, self._clock.now(), view.labels)
        self._history.append(event)
        for listener in self._listeners:
            if listener.labels.items() <= event.labels.items():
                listener.events.put(event)

    def _forget(self, listener: Listener) -> None:
        """Tell it of nothing more, and let go whoever waits for it to hear."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
        listener.events.put(None)

    def _machine(self, name: str) -> Machine:
        if name not in self._machines:
            raise NotFound("EngineObjectMissing", f"no such container: {name}")
        return self._machines[name]

    def _require_up(self, name: str) -> None:
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

    def _require_ours(self, reference: str, labels: Mapping[str, str]) -> None:
        """``Conflict`` where an image of another identity has the name."""
        before = self._find_image(reference)
        if before is not None and not labels.items() <= before.view.labels.items():
            raise Conflict("NameTaken", f"an image called {reference} is not ours")

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
