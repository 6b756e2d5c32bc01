"""A container engine without containers, with the rules of the real one.

``tests/contract/test_engine.py`` holds it to what Docker does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING

from minicloud.adapters.simulated.engine_state import EngineState, Listener, Machine, StoredImage
from minicloud.adapters.simulated.stream import SimulatedStream
from minicloud.domain.errors import Conflict
from minicloud.ports.engine import (
    Container,
    ContainerSpec,
    ContainerStatus,
    ContainerUsage,
    EngineEvent,
    EngineImage,
    EngineInfo,
    ExecOutput,
    ExecResult,
    Limits,
    NetworkSpec,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class SimulatedEngine(EngineState):
    """The port ``Engine`` in memory, thread-safe."""

    def ping(self) -> None:
        """Return: it always answers."""

    def info(self) -> EngineInfo:
        """A host with room for whatever a person may want to try; see the port."""
        return self.information

    def ensure_network(self, spec: NetworkSpec) -> None:
        """Note the network; see the port."""
        with self._lock:
            existing = self._networks.get(spec.name)
            if existing is not None:
                same = spec.labels.items() <= existing.labels.items()
                if not same or existing.subnet != spec.subnet:
                    raise Conflict("NameTaken", f"a network called {spec.name} is not ours")
                return
            for other in self._networks.values():
                if ip_network(other.subnet).overlaps(ip_network(spec.subnet)):
                    raise Conflict("SubnetTaken", f"{spec.subnet} is in use")
                if other.bridge == spec.bridge:
                    raise Conflict("NameTaken", f"another network uses {spec.bridge}")
            self._networks[spec.name] = spec

    def remove_network(self, name: str) -> None:
        """Forget the network; see the port."""
        with self._lock:
            if any(m.network == name and m.view.is_up for m in self._machines.values()):
                raise Conflict("DependencyViolation", f"the network {name} has machines on it")
            self._networks.pop(name, None)

    def ensure_container(self, spec: ContainerSpec) -> Container:
        """Make the machine, stopped; see the port."""
        with self._lock:
            existing = self._machines.get(spec.name)
            if existing is not None:
                if not spec.labels.items() <= existing.view.labels.items():
                    raise Conflict("NameTaken", f"a container called {spec.name} is not ours")
                return existing.view
            image = self._image(spec.image)
            view = Container(
                name=spec.name,
                engine_id=self._new_id(),
                image=spec.image,
                labels={**image.view.labels, **spec.labels},
                status=ContainerStatus.CREATED,
                exit_code=None,
                started_at=None,
                finished_at=None,
                volume_mounts=image.volumes,
            )
            machine = Machine(
                view, image.view.engine_id, spec.network, spec.private_ip, spec.limits
            )
            self._machines[spec.name] = machine
            self._tell(machine, "create")
            return view

    def ensure_started(self, name: str) -> Container:
        """Let the machine run, at once; see the port."""
        with self._lock:
            return self._start(self._machine(name))

    def ensure_stopped(self, name: str, timeout_s: int) -> Container:
        """Let the machine have stopped, at once; see the port."""
        with self._lock:
            machine = self._machine(name)
            if machine.view.is_up:
                self._tell(machine, "kill")
                self._end(machine, 0)
                self._tell(machine, "stop")
            return machine.view

    def restart(self, name: str, timeout_s: int) -> Container:
        """Stop and start the machine; see the port."""
        with self._lock:
            machine = self._machine(name)
            if machine.view.is_up:
                self._end(machine, 0)
            self._start(machine)
            self._tell(machine, "restart")
            return machine.view

    def ensure_removed(self, name: str) -> None:
        """Let the machine be gone; see the port."""
        with self._lock:
            if name in self._machines:
                self._destroy(self._machines[name])

    def ensure_limits(self, name: str, limits: Limits) -> None:
        """Note the limits; see the port."""
        with self._lock:
            machine = self._machine(name)
            machine.limits = limits
            self._tell(machine, "update")

    def container(self, name: str) -> Container | None:
        """The machine of this name, or None; see the port."""
        with self._lock:
            machine = self._machines.get(name)
            return machine.view if machine else None

    def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        """Every machine with these labels; see the port."""
        with self._lock:
            views = [machine.view for machine in self._machines.values()]
            return [view for view in views if labels.items() <= view.labels.items()]

    def usage(self, names: Sequence[str]) -> Mapping[str, ContainerUsage]:
        """What those that run have used, which is nothing; see the port."""
        with self._lock:
            found = {name: self._machines[name] for name in names if name in self._machines}
            up = [name for name, machine in found.items() if machine.view.is_up]
            return {name: ContainerUsage(self._clock.now(), 0, 0, 0, 0) for name in up}

    def commit(self, name: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """Make an image of a machine, a layer and a MiB more than its own; see the port."""
        with self._lock:
            machine = self._machine(name)
            self._require_ours(reference, labels)
            source = self._images[machine.image_id]
            view = EngineImage(
                self._new_id(),
                (),
                dict(labels),
                source.view.size_bytes + (1 << 20),
                source.view.layer_count + 1,
            )
            self._images[view.engine_id] = StoredImage(view, source.volumes)
            self._name_image(view.engine_id, reference)
            return self._images[view.engine_id].view

    def seal(self, reference: str, labels: Mapping[str, str], script: str, flatten: bool) -> None:
        """Note the script; see the port."""
        with self._lock:
            image = self._image(reference)
            image.sealed_with.append(script)
            layer_count = 1 if flatten else image.view.layer_count + 1
            image.view = replace(image.view, labels=dict(labels), layer_count=layer_count)

    def copy_image(self, source: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """Make another image of the same; see the port."""
        with self._lock:
            origin = self._image(source)
            self._require_ours(reference, labels)
            view = replace(
                origin.view, engine_id=self._new_id(), references=(), labels=dict(labels)
            )
            self._images[view.engine_id] = replace(
                origin, view=view, sealed_with=list(origin.sealed_with)
            )
            self._name_image(view.engine_id, reference)
            return self._images[view.engine_id].view

    def image(self, reference: str) -> EngineImage | None:
        """The image of this name, or None; see the port."""
        with self._lock:
            found = self._find_image(reference)
            return found.view if found else None

    def images(self, labels: Mapping[str, str]) -> Sequence[EngineImage]:
        """Every image with these labels; see the port."""
        with self._lock:
            views = [image.view for image in self._images.values()]
            return [view for view in views if labels.items() <= view.labels.items()]

    def ensure_image_removed(self, reference: str) -> None:
        """Take the name away, and the image with its last; see the port."""
        with self._lock:
            image = self._find_image(reference)
            if image is None:
                return
            others = tuple(name for name in image.view.references if name != reference)
            users = [
                machine.view.name
                for machine in self._machines.values()
                if machine.image_id == image.view.engine_id
            ]
            if users and not others:
                raise Conflict(
                    "ImageInUse", f"the image {reference} is in use ({', '.join(users)})"
                )
            image.view = replace(image.view, references=others)
            if not others:
                del self._images[image.view.engine_id]

    def exec(self, name: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        """What minicloud itself asks of a machine: one that runs nothing has nothing to say."""
        with self._lock:
            self._require_up(name)
        return ExecResult(0, b"")

    def exec_stream(
        self, name: str, argv: Sequence[str], stdin: bytes
    ) -> SimulatedStream[ExecOutput]:
        """``UnsupportedOperation``: what a person wants to run shall not seem to have run."""
        with self._lock:
            self._require_up(name)
        raise Conflict(
            "UnsupportedOperation",
            "a simulated machine runs nothing",
            "use a cloud on real containers for that: minicloud --cloud NAME up --engine docker",
        )

    def logs(self, name: str, tail: int | None, follow: bool) -> SimulatedStream[bytes]:
        """The console: a line for each time it was started; see the port."""
        with self._lock:
            lines = list(self._machine(name).console)
        if tail is not None:
            lines = lines[len(lines) - min(tail, len(lines)) :]
        return SimulatedStream(iter(lines))

    def events(
        self, labels: Mapping[str, str], since: datetime, on_connected: Callable[[], None]
    ) -> SimulatedStream[EngineEvent]:
        """What happens to machines, as it happens; see the port."""
        with self._lock:
            listener = Listener(dict(labels))
            for event in self._history:
                if event.at >= since and labels.items() <= event.labels.items():
                    listener.events.put(event)
            self._listeners.append(listener)
        on_connected()
        return SimulatedStream(listener.heard(), lambda: self._forget(listener))
