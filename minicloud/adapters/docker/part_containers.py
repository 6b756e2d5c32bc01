"""Containers of parts of the cloud itself (the edge, a balancer): confined, and owned by labels.

A part is a container and a volume that holds its memory and outlives the container. Neither is
ever adopted, replaced or removed where it does not carry the part's labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from docker.errors import APIError
from docker.errors import NotFound as Missing
from docker.types import Mount

from minicloud.adapters.docker.connection import inspect_image
from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.translation import carries
from minicloud.domain.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

_LOG_CONFIG: Final = {"type": "json-file", "config": {"max-size": "1m", "max-file": "2"}}


@dataclass(frozen=True)
class Part:
    """A part's container and volume. ``labels`` are the identity of both."""

    name: str
    image: str
    command: Sequence[str]
    volume: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Confinement:
    """All that a part may do: these capabilities, and one folder on the disk to write to.

    Memory is written as Docker writes it (``128m``); ``tmpfs`` maps folders to mount options.
    """

    folder: str
    capabilities: tuple[str, ...]
    tmpfs: Mapping[str, str]
    memory_limit: str
    process_limit: int


class PartContainers:
    """Finds, makes and takes away the containers and volumes of parts."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._api = client.api

    def find(self, name: str, labels: Mapping[str, str]) -> dict[str, Any] | None:
        """The engine's description of the container of this name, or None.

        ``Conflict`` code ``NameTaken`` where it is another's.
        """
        with translated():
            try:
                found: dict[str, Any] = self._api.inspect_container(name)
            except Missing:
                return None
        if not carries(found["Config"]["Labels"] or {}, labels):
            raise _name_taken("container", name)
        return found

    def fits(self, existing: Mapping[str, Any], part: Part) -> bool:
        """Whether a container is of the part's image and command.

        An image that the engine does not have (any more) is no reproach: nothing else can be made.
        """
        if existing["Config"]["Cmd"] != list(part.command):
            return False
        with translated():
            try:
                return bool(existing["Image"] == inspect_image(self._api, part.image)["Id"])
            except Missing:
                return True

    def make(self, part: Part, confinement: Confinement, options: Mapping[str, Any]) -> None:
        """Make the container, stopped, and its volume if there is none.

        ``options`` are the host configuration's beyond the confinement; ``ports`` and
        ``networking_config`` in it are the container's own.
        """
        host_options = dict(options)
        ports = host_options.pop("ports", None)
        networking = host_options.pop("networking_config", None)
        with translated():
            self._make_volume(part)
            try:
                self._api.create_container(
                    part.image,
                    list(part.command),
                    name=part.name,
                    labels=dict(part.labels),
                    ports=ports,
                    networking_config=networking,
                    host_config=self._api.create_host_config(
                        **_confined(confinement, part.volume), **host_options
                    ),
                )
            except APIError as error:
                if error.status_code == 409 and self.find(part.name, part.labels) is not None:
                    return  # another caller made it meanwhile
                raise

    def address_options(self, network: str, private_ip: str) -> dict[str, Any]:
        """The options that give a container this address in a network."""
        endpoint: Any = {network: self._api.create_endpoint_config(ipv4_address=private_ip)}
        return {
            "network_mode": network,
            "networking_config": self._api.create_networking_config(endpoint),
        }

    def remove_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Take the volume away if it is there; the container must be gone.

        ``Conflict`` code ``NameTaken`` where it is another's.
        """
        with translated():
            try:
                volume = self._api.inspect_volume(name)
                if not carries(volume["Labels"] or {}, labels):
                    raise _name_taken("volume", name)
                self._api.remove_volume(name)
            except Missing:
                return

    def _make_volume(self, part: Part) -> None:
        volume = self._api.create_volume(part.volume, labels=dict(part.labels))
        if not carries(volume["Labels"] or {}, part.labels):
            raise _name_taken("volume", part.volume)


def _confined(confinement: Confinement, volume: str) -> dict[str, Any]:
    return {
        "cap_drop": ["ALL"],
        "cap_add": list(confinement.capabilities),
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "mounts": [Mount(confinement.folder, volume, type="volume")],
        "tmpfs": dict(confinement.tmpfs),
        "mem_limit": confinement.memory_limit,
        "pids_limit": confinement.process_limit,
        "log_config": _LOG_CONFIG,
        "restart_policy": {"Name": "unless-stopped"},
    }


def _name_taken(kind: str, name: str) -> Conflict:
    return Conflict(
        "NameTaken",
        f"a {kind} called {name} exists and is not ours",
        f"rename or remove it (`docker {kind} rm {name}`), then try again",
    )
