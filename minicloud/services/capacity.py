"""What the engine's host has, and what the machines take of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from minicloud.domain.capacity import Host
from minicloud.domain.catalog import InstanceType, instance_type
from minicloud.domain.instance import Instance
from minicloud.operations.definition import World

# Asking costs as much as making a container, and the answer changes with the hardware alone.
_HOST_FACTS_LAST = timedelta(seconds=30)


class HostCapacity:
    """The host's facts, asked for now and then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._host: Host | None = None
        self._host_seen_at = world.clock.real.now()

    def host(self) -> Host:
        """What the engine's host has; ``EngineUnreachable`` where no engine answers."""
        now = self._world.clock.real.now()
        if self._host is None or now - self._host_seen_at > _HOST_FACTS_LAST:
            info = self._world.engine.info()
            self._host = Host(info.cpu_count, info.memory_mib)
            self._host_seen_at = now
        else:
            self._world.engine.ping()
        return self._host


def placed_types(instances: Iterable[Instance]) -> list[InstanceType]:
    """The types of the machines that take capacity now."""
    return [
        instance_type(instance.type_name) for instance in instances if instance.state.holds_capacity
    ]
