"""An edge in memory, which remembers its routes and can be lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from minicloud.domain.errors import Unavailable
from minicloud.ports.edge import EdgeMode, EdgeSpec, Route
from tests.fakes.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FakeEdge(Faults):
    """The port ``Edge`` in memory, thread-safe."""

    def __init__(self, mode: EdgeMode = EdgeMode.LOOPBACK) -> None:
        super().__init__()
        self.mode = mode
        self.spec: EdgeSpec | None = None
        self._routes: dict[str, Route] = {}
        self._lock = threading.RLock()

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

    def ensure(self, spec: EdgeSpec) -> EdgeMode:
        with self._lock, self.call("ensure"):
            self.spec = spec
            return self.mode

    def set_route(self, route: Route, grace_s: float) -> None:
        with self._lock, self.call("set_route"):
            self._require()
            self._routes[route.public_ip] = route

    def remove_route(self, public_ip: str) -> None:
        with self._lock, self.call("remove_route"):
            self._require()
            self._routes.pop(public_ip, None)

    def replace_routes(self, routes: Sequence[Route]) -> None:
        with self._lock, self.call("replace_routes"):
            self._require()
            self._routes = {route.public_ip: route for route in routes}

    def routes(self) -> Sequence[Route]:
        with self._lock, self.call("routes"):
            self._require()
            return list(self._routes.values())

    def remove(self, spec: EdgeSpec) -> None:
        with self._lock, self.call("remove"):
            self.lose()

    def target(self, public_ip: str) -> str | None:
        """Where an address leads; ``KeyError`` where the edge does not know it."""
        with self._lock:
            return self._routes[public_ip].target_ip

    def seen(self) -> dict[str, Route]:
        """Every route, whatever fails."""
        with self._lock:
            return dict(self._routes)

    def _require(self) -> None:
        if self.spec is None:
            raise Unavailable("EdgeUnreachable", "the fake edge is gone")
