"""The edge's container: what it may do, and how it is made, adopted and taken away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from minicloud.adapters.docker.containers import Containers
from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.part_containers import Confinement, Part, PartContainers
from minicloud.ports.edge import EdgeMode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.edge import EdgeSpec

_CAPABILITIES: Final = ("NET_ADMIN",)
_CONFINEMENT: Final = Confinement(
    folder="/var/lib/minicloud-edge",
    capabilities=_CAPABILITIES,
    tmpfs={"/run": "size=64k,mode=0700"},
    memory_limit="128m",
    process_limit=64,
)
"""The same in either mode: ``NET_ADMIN`` reaches no further than the network it sits in."""

_HOST_NETWORK: Final = {"network_mode": "host"}


class EdgeContainer:
    """The container of one edge and the volume of its memory."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._containers = Containers(client.api)
        self._parts = PartContainers(client)

    def ensure(self, spec: EdgeSpec, mode: EdgeMode) -> None:
        """Make it as the spec and the mode say, or adopt it, and start it.

        One that was made otherwise (another image, mode or block) is replaced: its memory stays,
        and so do the kernel's rules while it is gone.
        """
        part = _part(spec, mode)
        existing = self._parts.find(part.name, part.labels)
        if existing is not None and not self._parts.fits(existing, part):
            if existing["Config"]["Cmd"] != list(part.command):
                self._withdraw(spec, existing)
            self._containers.remove(part.name)
            existing = None
        if existing is None:
            options = self._published_options(spec) if mode is EdgeMode.PUBLISHED else _HOST_NETWORK
            self._parts.make(part, _CONFINEMENT, options)
        self._containers.start(part.name)

    def remove(self, spec: EdgeSpec) -> None:
        """Take away the rules, the container and its memory, whichever of them are there."""
        existing = self._parts.find(spec.container_name, spec.labels)
        if existing is not None:
            # Stopped first: a living agent would put its table back.
            self._containers.stop(spec.container_name, timeout_s=5)
        self._withdraw(spec, existing)
        self._containers.remove(spec.container_name)
        self._parts.remove_volume(_volume_name(spec), spec.labels)

    def known_mode(self, spec: EdgeSpec) -> EdgeMode | None:
        """The mode of the container that is there, or None where there is none of ours."""
        existing = self._parts.find(spec.container_name, spec.labels)
        return None if existing is None else EdgeMode(_settings_of(existing)["mode"])

    def run_once(self, spec: EdgeSpec, arguments: Sequence[str], image: str = "") -> str:
        """Run one command of the edge's image on the engine's own network; its output.

        The container has a name of its own, so that a run which a killed server left behind is
        found, and does not add up.
        """
        capabilities = _CAPABILITIES if arguments[0] == "withdraw" else ()
        name = f"{spec.container_name}-{arguments[0]}"
        if self._parts.find(name, spec.labels) is not None:
            self._containers.remove(name)
        with translated():
            output: bytes = self._client.containers.run(
                image or spec.image,
                list(arguments),
                name=name,
                network_mode="host",
                cap_drop=["ALL"],
                cap_add=list(capabilities),
                security_opt=["no-new-privileges"],
                read_only=True,
                labels=dict(spec.labels),
                remove=True,
            )
        return output.decode()

    def _published_options(self, spec: EdgeSpec) -> dict[str, Any]:
        return {
            **self._parts.address_options(spec.network, spec.private_ip),
            "ports": list(spec.published_ports),
            "port_bindings": {port: ("127.0.0.1", port) for port in spec.published_ports},
            "sysctls": {"net.ipv4.ip_forward": "1"},
        }

    def _withdraw(self, spec: EdgeSpec, existing: Mapping[str, Any] | None) -> None:
        """Take its rules off the host; a published edge's rules end with its own network."""
        command = _serve_command(spec, EdgeMode.LOOPBACK)
        if existing is not None:
            command = existing["Config"]["Cmd"]
            if _settings_of(existing)["mode"] == EdgeMode.PUBLISHED:
                return
        image = "" if existing is None else existing["Image"]
        self.run_once(spec, ["withdraw", command[1]], image)


def _settings_of(existing: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent of an existing container was told when it was made."""
    settings: dict[str, Any] = json.loads(existing["Config"]["Cmd"][1])
    return settings


def _serve_command(spec: EdgeSpec, mode: EdgeMode) -> list[str]:
    settings = {
        "mode": mode.value,
        "table": spec.table,
        "bridge": spec.bridge,
        "subnet": spec.subnet,
        "private_ip": spec.private_ip,
        "public_block": spec.public_block,
        "host_ports": sorted(_host_ports(spec, mode)),
    }
    return ["serve", json.dumps(settings)]


def _host_ports(spec: EdgeSpec, mode: EdgeMode) -> tuple[int, ...]:
    return spec.published_ports if mode is EdgeMode.PUBLISHED else spec.host_ports


def _part(spec: EdgeSpec, mode: EdgeMode) -> Part:
    command = _serve_command(spec, mode)
    return Part(spec.container_name, spec.image, command, _volume_name(spec), spec.labels)


def _volume_name(spec: EdgeSpec) -> str:
    return f"{spec.container_name}-routes"
