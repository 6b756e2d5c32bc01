"""Where a client on this machine reaches what a cloud has: words for answers and for tags.

On Linux an address of the cloud is one of this machine, so it is its own name, which every client
resolves. Elsewhere all is on 127.0.0.1, at stable host ports, which a tag tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minicloud.domain.network import Place
from minicloud.ports.edge import EdgeMode
from minicloud.ports.store import CloudRecord

HOST_PORTS_KEY = "minicloud:host-ports"
_LOCALHOST = "127.0.0.1"


@dataclass(frozen=True)
class Whereabouts:
    """The cloud's place (None until the engine has given it its network), and how it is reached."""

    place: Place | None
    edge_is_loopback: bool

    @classmethod
    def of(cls, cloud: CloudRecord) -> Whereabouts:
        """Those of a cloud."""
        place = None if cloud.place is None else Place(cloud.place)
        return cls(place, cloud.edge_mode == EdgeMode.LOOPBACK)

    def public_name(self, public_ip: str) -> str:
        """A name of this address that any client on this machine resolves: an address itself."""
        return public_ip if self.edge_is_loopback else _LOCALHOST

    def with_host_ports(self, tags: Mapping[str, str], slot: int | None) -> Mapping[str, str]:
        """The tags, with where the address of a public slot is reached on 127.0.0.1.

        As ``22=20000 80=20001``, and only where the address itself is not of this machine.
        """
        if self.edge_is_loopback or self.place is None or slot is None:
            return tags
        ports = self.place.host_ports(slot)
        told = " ".join(f"{port}={host_port}" for host_port, port in ports.items())
        return {**tags, HOST_PORTS_KEY: told}
