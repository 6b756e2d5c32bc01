"""The ports of a machine that is not there."""

from __future__ import annotations

from minicloud.adapters.simulated import SimulatedHostPorts


class FakeHostPorts(SimulatedHostPorts):
    """The port ``HostPorts``; ``busy`` is what a test says it is."""

    def __init__(self) -> None:
        self.busy: set[int] = set()

    def in_use(self) -> frozenset[int]:
        return frozenset(self.busy)
