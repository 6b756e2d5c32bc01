"""Where a cloud's addresses lie.

The engine can hold sixteen clouds side by side; each takes one *place*, 0 to 15, which fixes its
private subnet (a /20 of AWS's default 172.31.0.0/16), its public block (a /20 of 127.31.0.0/16,
local to this machine) and its stable host ports.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from minicloud.domain.errors import CapacityExceeded

PLACES = 16
# All places together: the block of a default VPC, as AWS gives it.
PRIVATE_NETWORK = IPv4Network("172.31.0.0/16")
_PLACE_PREFIX = 20
_PLACE_ADDRESSES = 4096
# What a stable host port can lead to, in this order; every port is open at the address itself.
HOST_PORT_TARGETS = (22, 80, 443, 8080)
_HOST_PORT_BASE = 20000
_PUBLIC_SLOTS = 125
# Where the engine must publish each port by a process of its own, fewer are offered.
_PUBLISHED_SLOTS = 32
_RESERVED = 10


@dataclass(frozen=True)
class Place:
    """One cloud's share of the address space."""

    number: int

    def __post_init__(self) -> None:
        """Refuse a place that does not exist."""
        if not 0 <= self.number < PLACES:
            raise ValueError(f"place {self.number} is not one of {PLACES}")

    @property
    def subnet(self) -> IPv4Network:
        """Where private addresses are given from."""
        first = PRIVATE_NETWORK.network_address + self.number * _PLACE_ADDRESSES
        return IPv4Network((first, _PLACE_PREFIX))

    @property
    def public_block(self) -> IPv4Network:
        """Where public addresses are given from."""
        first = IPv4Address("127.31.0.0") + self.number * _PLACE_ADDRESSES
        return IPv4Network((first, _PLACE_PREFIX))

    @property
    def gateway(self) -> str:
        """The bridge's own address."""
        return str(self.subnet[1])

    @property
    def edge_ip(self) -> str:
        """The edge's address, where it lives in the cloud's network."""
        return str(self.subnet[2])

    @property
    def slot_count(self) -> int:
        """How many machines or addresses either block holds."""
        return self.subnet.num_addresses - _RESERVED - 1

    def private_ip(self, slot: int) -> str:
        """The private address of a slot."""
        return str(self.subnet[_RESERVED + self._checked(slot)])

    def public_ip(self, slot: int) -> str:
        """The public address of a slot."""
        return str(self.public_block[_RESERVED + self._checked(slot)])

    def public_slot_count(self, *, ports_are_published: bool) -> int:
        """How many public addresses there are; with published ports, only those that have some."""
        return _PUBLISHED_SLOTS if ports_are_published else _PUBLIC_SLOTS

    def host_ports(self, slot: int) -> dict[int, int]:
        """The stable host ports of a public slot: port on 127.0.0.1 to port of the machine."""
        per_slot = len(HOST_PORT_TARGETS)
        first = _HOST_PORT_BASE + (self.number * _PUBLIC_SLOTS + self._checked(slot)) * per_slot
        return {first + i: target for i, target in enumerate(HOST_PORT_TARGETS)}

    def host_port_block(self, *, ports_are_published: bool) -> tuple[int, ...]:
        """Every stable host port of the cloud."""
        count = self.public_slot_count(ports_are_published=ports_are_published)
        return tuple(port for slot in range(count) for port in self.host_ports(slot))

    def _checked(self, slot: int) -> int:
        if not 0 <= slot < self.slot_count:
            raise ValueError(f"slot {slot} is not one of {self.slot_count}")
        return slot


def next_slot(taken: Collection[int], last: int, count: int, what: str) -> int:
    """The first free slot after the one given last, going round.

    Going round keeps a freed address out of use for as long as possible, so that a client that
    still holds it does not meet a stranger.
    """
    taken_now = frozenset(taken)
    for step in range(1, count + 1):
        slot = (last + step) % count
        if slot not in taken_now:
            return slot
    raise CapacityExceeded(
        "InsufficientAddressCapacity",
        f"all {count} {what} addresses of this cloud are taken",
        "terminate instances or release addresses",
    )
