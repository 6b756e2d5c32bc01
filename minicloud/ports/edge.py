"""The edge: it carries every public address of a cloud to the machine behind it.

The edge serves on when the server is dead, and remembers its routes over its own restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class EdgeMode(StrEnum):
    """How a client on this machine reaches an address.

    ``LOOPBACK``: the address is a loopback IP of this machine, every port, kernel DNAT.
    ``PUBLISHED``: the engine is elsewhere (Docker Desktop, rootless, remote): only the stable host
    ports on 127.0.0.1 reach it.
    """

    LOOPBACK = "loopback"
    PUBLISHED = "published"


@dataclass(frozen=True)
class EdgeSpec:
    """One cloud's edge.

    ``public_block`` is the CIDR of its public addresses, ``host_ports`` the block of ports on
    127.0.0.1 that may be routed (``published_ports`` those of them that may be in the mode
    ``PUBLISHED``), ``private_ip`` its own address in the cloud's network.
    """

    container_name: str
    image: str
    network: str
    bridge: str
    subnet: str
    private_ip: str
    public_block: str
    host_ports: tuple[int, ...]
    published_ports: tuple[int, ...]
    table: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Route:
    """Where one public address leads now.

    ``target_ip`` None: no machine is behind it, connections are refused. ``host_ports`` maps a
    stable TCP port on 127.0.0.1 to the port of the machine behind the address.
    """

    public_ip: str
    target_ip: str | None
    host_ports: Mapping[int, int] = field(default_factory=dict)


class Edge(Protocol):
    """The edge of one cloud. Every method is safe to repeat."""

    def ensure(self, spec: EdgeSpec) -> EdgeMode:
        """Make the edge container if it is missing, start it, and say how clients reach it."""

    def set_route(self, route: Route, grace_s: float) -> None:
        """Lead the address to ``route.target_ip`` from now on.

        When this returns, no new connection reaches the earlier target. Connections that were
        open to it may finish for ``grace_s`` and are then reset (0: at once), also over a restart
        of the edge, unless that target is current again. One that was still being made is left to
        try again, and lands on the new target. In the mode ``PUBLISHED`` a client that only waits
        for data learns of the reset when it next sends.
        """

    def remove_route(self, public_ip: str) -> None:
        """Forget the address and its host ports; open connections are reset."""

    def replace_routes(self, routes: Sequence[Route]) -> None:
        """Make these routes, and no others, the truth; open connections that fit them stay."""

    def routes(self) -> Sequence[Route]:
        """What the edge carries now, read from the edge itself."""

    def remove(self, spec: EdgeSpec) -> None:
        """Take the edge away and every trace of it on the host."""
