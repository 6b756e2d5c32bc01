"""An edge that carries nothing, and knows where everything would lead."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from minicloud.domain.errors import Unavailable
from minicloud.ports.edge import EdgeMode, EdgeSpec, Route

if TYPE_CHECKING:
    from collections.abc import Sequence


class SimulatedEdge:
    """The port ``Edge`` in memory, thread-safe. No address of it is one of this machine's."""

    def __init__(self) -> None:
        self.spec: EdgeSpec | None = None
        self._routes: dict[str, Route] = {}
        self._lock = threading.RLock()

    def ensure(self, spec: EdgeSpec) -> EdgeMode:
        """Be there. Addresses are as where each is one of its own; see the port."""
        with self._lock:
            self.spec = spec
            return EdgeMode.LOOPBACK

    def set_route(self, route: Route, grace_s: float) -> None:
        """Note the route: no connection is open that could be given time; see the port."""
        with self._lock:
            self._require()
            self._routes[route.public_ip] = route

    def remove_route(self, public_ip: str) -> None:
        """Forget the address; see the port."""
        with self._lock:
            self._require()
            self._routes.pop(public_ip, None)

    def replace_routes(self, routes: Sequence[Route]) -> None:
        """Know these routes and no others; see the port."""
        with self._lock:
            self._require()
            self._routes = {route.public_ip: route for route in routes}

    def routes(self) -> Sequence[Route]:
        """Every route; see the port."""
        with self._lock:
            self._require()
            return list(self._routes.values())

    def remove(self, spec: EdgeSpec) -> None:
        """Be gone, the routes with it; see the port."""
        with self._lock:
            self.spec = None
            self._routes.clear()

    def _require(self) -> None:
        if self.spec is None:
            raise Unavailable("EdgeUnreachable", "the simulated edge is gone")
