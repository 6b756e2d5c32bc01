"""An engine in memory, with the rules of the real one.

``tests/contract/test_engine.py`` holds it to what Docker does; ``engine_world`` has the means to
make it fail.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING

from minicloud.adapters.docker.streams import EngineStream
from minicloud.domain.errors import Conflict
from minicloud.ports.engine import (
    Container,
    ContainerSpec,
    ContainerStatus,
    EngineEvent,
    EngineImage,
    EngineInfo,
    ExecOutput,
    ExecResult,
    Limits,
    NetworkSpec,
)
from tests.fakes.engine_world import EngineWorld, Listener, Machine, StoredImage, TickingClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


__all__ = ["FakeEngine", "TickingClock"]


class FakeEngine(EngineWorld):
    """The port ``Engine`` in memory, thread-safe."""

    def ping(self) -> None:
        with self._call("ping"):
            return

    def info(self) -> EngineInfo:
        with self._call("info"):
            return self.information

    def ensure_network(self, spec: NetworkSpec) -> None:
        with self._call("ensure_network"):
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
        with self._call("remove_network"):
            if any(m.network == name and m.view.is_up for m in self._machines.values()):
                raise Conflict("DependencyViolation", f"the network {name} has machines on it")
            self._networks.pop(name, None)

    def ensure_container(self, spec: ContainerSpec) -> Container:
        with self._call("ensure_container", writes=True):
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
        with self._call("ensure_started"):
            return self._start(self._machine(name))

    def ensure_stopped(self, name: str, timeout_s: int) -> Container:
        with self._call("ensure_stopped"):
            machine = self._machine(name)
            if machine.view.is_up:
                self._tell(machine, "kill")
                self._end(machine, 0)
                self._tell(machine, "stop")
            return machine.view

    def restart(self, name: str, timeout_s: int) -> Container:
        with self._call("restart"):
            machine = self._machine(name)
            if machine.view.is_up:
                self._end(machine, 0)
            self._start(machine)
            self._tell(machine, "restart")
            return machine.view

    def ensure_removed(self, name: str) -> None:
        with self._call("ensure_removed"):
            if name in self._machines:
                self._destroy(self._machines[name])

    def ensure_limits(self, name: str, limits: Limits) -> None:
        with self._call("ensure_limits"):
            machine = self._machine(name)
            machine.limits = limits
            self._tell(machine, "update")

    def container(self, name: str) -> Container | None:
        with self._call("container"):
            machine = self._machines.get(name)
            return machine.view if machine else None

    def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        with self._call("containers"):
            views = [machine.view for machine in self._machines.values()]
            return [view for view in views if labels.items() <= view.labels.items()]

    def commit(self, name: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        with self._call("commit", writes=True):
            machine = self._machine(name)
            before = self._find_image(reference)
            if before is not None and not labels.items() <= before.view.labels.items():
                raise Conflict("NameTaken", f"an image called {reference} is not ours")
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
        with self._call("seal", writes=True):
            image = self._image(reference)
            image.sealed_with.append(script)
            layer_count = 1 if flatten else image.view.layer_count + 1
            image.view = replace(image.view, labels=dict(labels), layer_count=layer_count)

    def image(self, reference: str) -> EngineImage | None:
        with self._call("image"):
            found = self._find_image(reference)
            return found.view if found else None

    def images(self, labels: Mapping[str, str]) -> Sequence[EngineImage]:
        with self._call("images"):
            views = [image.view for image in self._images.values()]
            return [view for view in views if labels.items() <= view.labels.items()]

    def ensure_image_removed(self, reference: str) -> None:
        with self._call("ensure_image_removed"):
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
        with self._call("exec"):
            self._up(name)
            script = self._script
        return script(name, argv, b"")

    def exec_stream(self, name: str, argv: Sequence[str], stdin: bytes) -> EngineStream[ExecOutput]:
        with self._call("exec_stream"):
            self._up(name)
            script = self._script
        return EngineStream(_pieces(lambda: script(name, argv, stdin)), _nothing)

    def logs(self, name: str, tail: int | None, follow: bool) -> EngineStream[bytes]:
        with self._call("logs"):
            lines = list(self._machine(name).console)
        if tail is not None:
            lines = lines[len(lines) - min(tail, len(lines)) :]
        return EngineStream(iter(lines), _nothing)

    def events(
        self, labels: Mapping[str, str], since: datetime, on_connected: Callable[[], None]
    ) -> EngineStream[EngineEvent]:
        with self._call("events"):
            listener = Listener(dict(labels))
            for event in self._history:
                if event.at >= since and labels.items() <= event.labels.items():
                    listener.events.put(event)
            self._listeners.append(listener)
        on_connected()
        return EngineStream(self._heard(listener), lambda: listener.events.put(None))


def _pieces(run: Callable[[], ExecResult]) -> Iterator[ExecOutput]:
    result = run()
    if result.stdout:
        yield ExecOutput("stdout", result.stdout)
    if result.stderr:
        yield ExecOutput("stderr", result.stderr)
    yield ExecOutput("exit", exit_code=result.exit_code)


def _nothing() -> None:
    return None
