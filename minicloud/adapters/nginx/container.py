"""A balancer's container: what it may do, and how it is made, replaced and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from minicloud.adapters.docker.containers import Containers
from minicloud.adapters.docker.part_containers import Confinement, Part, PartContainers
from minicloud.domain.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import docker

    from minicloud.ports.balancer_plane import BalancerSpec

_CONFINEMENT: Final = Confinement(
    folder="/var/lib/minicloud-balancer",
    # Ports below 1024, and nginx's workers as another user than its master and the agent.
    capabilities=("NET_BIND_SERVICE", "SETUID", "SETGID", "CHOWN", "KILL"),
    tmpfs={"/run": "size=64m,mode=0755"},
    memory_limit="512m",
    process_limit=1024,
)
_SYSCTLS: Final = {
    "net.core.somaxconn": "4096",
    # Connections to one target have one of these ports each; low ones are left to listeners.
    "net.ipv4.ip_local_port_range": "20000 65535",
    "net.ipv4.tcp_tw_reuse": "1",
}
"""Of the container's own network alone; a balancer does without one that its engine refuses."""

_STOP_TIMEOUT_S: Final = 15


class BalancerContainer:
    """The containers of all balancers and the volumes of their memory."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._containers = Containers(client.api)
        self._parts = PartContainers(client)

    def ensure(self, spec: BalancerSpec) -> None:
        """Make it as the spec says, or adopt it, and start it.

        One of another image or address is replaced; its memory stays.
        """
        sysctls = dict(_SYSCTLS)
        while True:
            try:
                self._adopt_or_make(spec, sysctls)
                self._containers.start(spec.container_name)
                return
            except Unavailable as error:
                refused = _refused_sysctl(error.message, sysctls)
                if refused is None:
                    raise
                del sysctls[refused]
                self._containers.remove(spec.container_name)

    def is_there(self, spec: BalancerSpec) -> bool:
        """Whether it is there, as the spec says, and runs."""
        try:
            existing = self._parts.find(spec.container_name, spec.labels)
        except Conflict:
            return False
        if existing is None or existing["State"]["Status"] != "running":
            return False
        return self._fits(existing, spec)

    def remove(self, spec: BalancerSpec) -> None:
        """Take away the container and its memory, whichever of them are there."""
        if self._parts.find(spec.container_name, spec.labels) is not None:
            self._containers.remove(spec.container_name)
        self._parts.remove_volume(_volume_name(spec), spec.labels)

    def _adopt_or_make(self, spec: BalancerSpec, sysctls: Mapping[str, str]) -> None:
        existing = self._parts.find(spec.container_name, spec.labels)
        if existing is not None and self._fits(existing, spec):
            return
        if existing is not None:
            # Stopped first: what it counted since it last saved would be lost.
            self._containers.stop(spec.container_name, _STOP_TIMEOUT_S)
            self._containers.remove(spec.container_name)
        address = self._parts.address_options(spec.network, spec.private_ip)
        self._parts.make(_part(spec), _CONFINEMENT, {**address, "sysctls": dict(sysctls)})

    def _fits(self, existing: Mapping[str, Any], spec: BalancerSpec) -> bool:
        endpoint = existing["NetworkSettings"]["Networks"].get(spec.network) or {}
        address = (endpoint.get("IPAMConfig") or {}).get("IPv4Address")
        return address == spec.private_ip and self._parts.fits(existing, _part(spec))


def _part(spec: BalancerSpec) -> Part:
    return Part(spec.container_name, spec.image, ("serve",), _volume_name(spec), spec.labels)


def _volume_name(spec: BalancerSpec) -> str:
    return f"{spec.container_name}-state"


def _refused_sysctl(message: str, sysctls: Mapping[str, str]) -> str | None:
    """Which of them the engine's refusal is about, if any: it names it, or its file."""
    for name in sysctls:
        if name in message or name.replace(".", "/") in message:
            return name
    return None
