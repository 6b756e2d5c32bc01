"""The edge's container: what it may do, and how it is made, adopted and taken away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from docker.errors import APIError
from docker.errors import NotFound as Missing
from docker.types import Mount

from minicloud.adapters.docker.connection import inspect_image
from minicloud.adapters.docker.containers import Containers
from minicloud.adapters.docker.errors import translated
from minicloud.domain.errors import Conflict
from minicloud.ports.edge import EdgeMode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.edge import EdgeSpec

_STATE_FOLDER: Final = "/var/lib/minicloud-edge"
_CAPABILITIES: Final = ("NET_ADMIN",)
_MEMORY_LIMIT: Final = "128m"
_PROCESS_LIMIT: Final = 64
_LOG_CONFIG: Final = {"type": "json-file", "config": {"max-size": "1m", "max-file": "2"}}


class EdgeContainer:
    """The container of one edge and the volume of its memory."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._containers = Containers(client.api)

    def ensure(self, spec: EdgeSpec, mode: EdgeMode) -> None:
        """Make it as the spec and the mode say, or adopt it, and start it.

        One that was made otherwise (another image, mode or block) is replaced: its memory stays,
        and so do the kernel's rules while it is gone.
        """
        command = _serve_command(spec, mode)
        with translated():
            existing = self._owned(spec)
            if existing is not None and not self._fits(existing, spec, command):
                if existing["Config"]["Cmd"] != command:
                    self._withdraw(spec, existing)
                self._containers.remove(spec.container_name)
                existing = None
            if existing is None:
                self._make(spec, mode, command)
        self._containers.start(spec.container_name)

    def remove(self, spec: EdgeSpec) -> None:
        """Take away the rules, the container and its memory, whichever of them are there."""
        with translated():
            existing = self._owned(spec)
            if existing is not None:
                # Stopped first: a living agent would put its table back.
                self._containers.stop(spec.container_name, timeout_s=5)
            self._withdraw(spec, existing)
            self._containers.remove(spec.container_name)
            try:
                self._client.api.remove_volume(_volume_name(spec))
            except Missing:
                return

    def known_mode(self, spec: EdgeSpec) -> EdgeMode | None:
        """The mode of the container that is there, or None where there is none of ours."""
        with translated():
            existing = self._owned(spec)
        return None if existing is None else EdgeMode(_settings_of(existing)["mode"])

    def run_once(self, spec: EdgeSpec, arguments: Sequence[str], image: str = "") -> str:
        """Run one command of the edge's image on the engine's own network; its output.

        The container has a name of its own, so that a run which a killed server left behind is
        found, and does not add up.
        """
        capabilities = _CAPABILITIES if arguments[0] == "withdraw" else ()
        name = f"{spec.container_name}-{arguments[0]}"
        if self._owned(spec, name) is not None:
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

    def _owned(self, spec: EdgeSpec, name: str = "") -> dict[str, Any] | None:
        """What bears the edge's name, or another of its, if it is ours."""
        wanted = name or spec.container_name
        try:
            found: dict[str, Any] = self._client.api.inspect_container(wanted)
        except Missing:
            return None
        if not _carries(found["Config"]["Labels"], spec.labels):
            raise _name_taken("container", wanted)
        return found

    def _fits(self, existing: Mapping[str, Any], spec: EdgeSpec, command: Sequence[str]) -> bool:
        try:
            wanted_image = inspect_image(self._client.api, spec.image)["Id"]
        except Missing:
            wanted_image = existing["Image"]
        return bool(existing["Image"] == wanted_image and existing["Config"]["Cmd"] == command)

    def _make(self, spec: EdgeSpec, mode: EdgeMode, command: Sequence[str]) -> None:
        name, api = _volume_name(spec), self._client.api
        volume = api.create_volume(name, labels=dict(spec.labels))
        if not _carries(volume["Labels"], spec.labels):
            raise _name_taken("volume", name)
        options = _published_options(api, spec) if mode is EdgeMode.PUBLISHED else {}
        host_options: dict[str, Any] = {"network_mode": "host", **options}
        try:
            api.create_container(
                spec.image,
                list(command),
                name=spec.container_name,
                labels=dict(spec.labels),
                ports=list(spec.published_ports) if mode is EdgeMode.PUBLISHED else None,
                networking_config=host_options.pop("networking_config", None),
                host_config=api.create_host_config(**_confinement(name), **host_options),
            )
        except APIError as error:
            if error.status_code == 409 and self._owned(spec) is not None:
                return  # another caller made it meanwhile
            raise

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


def _confinement(volume_name: str) -> dict[str, Any]:
    """All it may do in either mode: ``NET_ADMIN`` in the network it sits in, and one folder."""
    return {
        "cap_drop": ["ALL"],
        "cap_add": list(_CAPABILITIES),
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "mounts": [Mount(_STATE_FOLDER, volume_name, type="volume")],
        "tmpfs": {"/run": "size=64k,mode=0700"},
        "mem_limit": _MEMORY_LIMIT,
        "pids_limit": _PROCESS_LIMIT,
        "log_config": _LOG_CONFIG,
        "restart_policy": {"Name": "unless-stopped"},
    }


def _published_options(api: docker.APIClient, spec: EdgeSpec) -> dict[str, Any]:
    endpoint: Any = {spec.network: api.create_endpoint_config(ipv4_address=spec.private_ip)}
    return {
        "network_mode": spec.network,
        "networking_config": api.create_networking_config(endpoint),
        "port_bindings": {port: ("127.0.0.1", port) for port in spec.published_ports},
        "sysctls": {"net.ipv4.ip_forward": "1"},
    }


def _volume_name(spec: EdgeSpec) -> str:
    return f"{spec.container_name}-routes"


def _carries(labels: Mapping[str, str] | None, wanted: Mapping[str, str]) -> bool:
    return all((labels or {}).get(key) == value for key, value in wanted.items())


def _name_taken(kind: str, name: str) -> Conflict:
    return Conflict(
        "NameTaken",
        f"a {kind} called {name} exists and is not ours",
        f"rename or remove it (`docker {kind} rm {name}`), then try again",
    )
