"""The simulated edge, which a test can lose, and whose calls can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.adapters.simulated import SimulatedEdge
from minicloud.ports.edge import EdgeMode, EdgeSpec, Route
from tests.fakes.faults import Faults, failing

if TYPE_CHECKING:
    from collections.abc import Mapping


@failing("ensure", "set_route", "remove_route", "replace_routes", "routes", "remove")
class FakeEdge(SimulatedEdge, Faults):
    """The port ``Edge`` in memory; ``mode`` is how it says that clients reach it."""

    def __init__(self, mode: EdgeMode = EdgeMode.LOOPBACK) -> None:
        SimulatedEdge.__init__(self)
        Faults.__init__(self)
        self.mode = mode

    def ensure(self, spec: EdgeSpec) -> EdgeMode:
        super().ensure(spec)
        return self.mode

    def lose(self) -> None:
        """Let the edge's container be removed by somebody, its routes with it."""
        with self._lock:
            self.spec = None
            self._routes.clear()

    def load(self, spec: EdgeSpec | None, routes: Mapping[str, Route]) -> None:
        """Be as another edge was."""
        with self._lock:
            self.spec = spec
            self._routes = dict(routes)

    def target(self, public_ip: str) -> str | None:
        """Where an address leads; ``KeyError`` where the edge does not know it."""
        with self._lock:
            return self._routes[public_ip].target_ip

    def seen(self) -> dict[str, Route]:
        """Every route, whatever fails."""
        with self._lock:
            return dict(self._routes)
