"""The port's implementation: each method is one request to a balancer's agent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from minicloud.adapters.docker.agent_channel import AgentChannel
from minicloud.adapters.nginx.access_log import access_log
from minicloud.adapters.nginx.agent import AGENT
from minicloud.adapters.nginx.configuration import render
from minicloud.adapters.nginx.container import BalancerContainer
from minicloud.adapters.nginx.document import as_json, fingerprint_of
from minicloud.adapters.nginx.translation import status_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.balancer_plane import BalancerDocument, BalancerSpec, BalancerStatus
    from minicloud.ports.engine import Stream


class DockerBalancerPlane:
    """Every balancer of one engine; see ``minicloud.ports.balancer_plane.BalancerPlane``.

    Safe to share between threads: a balancer answers one at a time, different ones at once.
    """

    def __init__(self, client: docker.DockerClient) -> None:
        self._api = client.api
        self._containers = BalancerContainer(client)
        self._channels: dict[str, AgentChannel] = {}
        self._lock = threading.Lock()

    def ensure(self, spec: BalancerSpec) -> None:
        """Make, adopt or start the container, and wait until its agent answers.

        ``Conflict`` code ``NameTaken`` where its name is another's, ``InvalidIPAddress.InUse``
        where its address is; ``Unavailable`` code ``BalancerUnreachable`` where it does not come
        up.
        """
        self._containers.ensure(spec)
        self._ask(spec.container_name, "ping")

    def is_there(self, spec: BalancerSpec) -> bool:
        """See the port."""
        return self._containers.is_there(spec)

    def apply(self, container_name: str, document: BalancerDocument) -> None:
        """See the port. ``Conflict`` code ``ListenerPortTaken`` where a port cannot be had."""
        configuration, told = render(document), as_json(document)
        request = {
            "fingerprint": fingerprint_of(configuration, told),
            "configuration": configuration,
            "document": told,
        }
        self._ask(container_name, "apply", request)

    def fingerprint(self, document: BalancerDocument) -> str:
        """See the port."""
        return fingerprint_of(render(document), as_json(document))

    def status(self, container_name: str) -> BalancerStatus:
        """See the port."""
        return status_from(self._ask(container_name, "status"))

    def in_flight(self, container_name: str, target_ids: Sequence[str]) -> Mapping[str, int]:
        """See the port."""
        answer: dict[str, int] = self._ask(container_name, "pending", {"targets": list(target_ids)})
        return answer

    def metrics(self, container_name: str) -> dict[str, Any]:
        """See the port."""
        answer: dict[str, Any] = self._ask(container_name, "metrics")
        return answer

    def logs(self, container_name: str, tail: int, *, follow: bool) -> Stream[bytes]:
        """See the port; each item is one whole line with its end."""
        return access_log(self._api, container_name, tail, follow)

    def remove(self, spec: BalancerSpec) -> None:
        """See the port."""
        with self._lock:
            channel = self._channels.pop(spec.container_name, None)
        if channel is not None:
            channel.close()
        self._containers.remove(spec)

    def _ask(
        self, container_name: str, operation: str, arguments: Mapping[str, object] | None = None
    ) -> Any:
        with self._lock:
            channel = self._channels.get(container_name)
            if channel is None:
                channel = AgentChannel(self._api, container_name, AGENT)
                self._channels[container_name] = channel
        return channel.call(operation, arguments)
