"""The port's implementation: each method is one request to the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from minicloud.adapters.docker.agent_channel import AgentChannel, AgentKind
from minicloud.adapters.edge.container import EdgeContainer
from minicloud.adapters.edge.whereabouts import mode_for
from minicloud.domain.errors import Conflict, InvalidRequest, MiniCloudError, Unavailable
from minicloud.ports.edge import EdgeMode, Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.edge import EdgeSpec


def _unreachable(container_name: str, detail: str) -> MiniCloudError:
    return Unavailable(
        "EdgeUnreachable",
        f"the edge {container_name} does not answer ({detail})",
        "addresses stay as they are; restart the server, which makes the edge anew",
    )


def _refusal(code: str, message: str) -> MiniCloudError:
    if code == "HostPortTaken":
        return Conflict(code, message, "choose another host port, or free it first")
    if code == "EdgeFailed":
        return Unavailable(code, message, "try again; `docker logs` of the edge says more")
    return InvalidRequest(code, message, "correct the request")


_AGENT: Final = AgentKind(("python3", "-m", "edge_agent", "pipe"), _unreachable, _refusal)


class DockerEdge:
    """The edge of one cloud; see ``minicloud.ports.edge.Edge``.

    ``container_name`` is the spec's: routes can be changed without ``ensure``, after a restart of
    the server too. ``forced_mode`` spares the look at where the engine is.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        container_name: str,
        forced_mode: EdgeMode | None = None,
    ) -> None:
        self._container = EdgeContainer(client)
        self._channel = AgentChannel(client.api, container_name, _AGENT)
        self._forced_mode = forced_mode

    def ensure(self, spec: EdgeSpec) -> EdgeMode:
        """Make, adopt or start the container, and wait until its agent answers.

        ``Conflict`` code ``NameTaken`` where its name is another's; ``Unavailable`` code
        ``EdgeUnreachable`` where it does not come up.
        """
        mode = self._forced_mode or self._container.known_mode(spec)
        if mode is None:
            mode = mode_for(self._container.run_once(spec, ["whereami"]))
        self._container.ensure(spec, mode)
        return EdgeMode(self._channel.call("ping"))

    def set_route(self, route: Route, grace_s: float) -> None:
        """Lead the address elsewhere; see the port."""
        self._channel.call("set_route", {"route": _as_json(route), "grace_s": grace_s})

    def remove_route(self, public_ip: str) -> None:
        """Forget the address; see the port."""
        self._channel.call("remove_route", {"public_ip": public_ip})

    def replace_routes(self, routes: Sequence[Route]) -> None:
        """Make these routes the whole truth; see the port."""
        self._channel.call("replace_routes", {"routes": [_as_json(route) for route in routes]})

    def routes(self) -> Sequence[Route]:
        """What the edge carries now, by public address."""
        return [_from_json(raw) for raw in self._channel.call("routes")]

    def remove(self, spec: EdgeSpec) -> None:
        """Take away the rules, the container and its memory; other rules of the host stay."""
        self._channel.close()
        self._container.remove(spec)


def _as_json(route: Route) -> dict[str, object]:
    return {
        "public_ip": route.public_ip,
        "target_ip": route.target_ip,
        "host_ports": {str(port): to for port, to in route.host_ports.items()},
    }


def _from_json(raw: Mapping[str, Any]) -> Route:
    return Route(
        public_ip=raw["public_ip"],
        target_ip=raw["target_ip"],
        host_ports={int(port): to for port, to in raw["host_ports"].items()},
    )
