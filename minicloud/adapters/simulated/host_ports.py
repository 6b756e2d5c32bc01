"""The TCP ports of a host that is not there."""

from __future__ import annotations


class SimulatedHostPorts:
    """The port ``HostPorts``: nothing is served, so nothing is in the way."""

    def in_use(self) -> frozenset[int]:
        """No port at all."""
        return frozenset()
