"""TCP sessions of a network balancer's nginx, as the kernel has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

_TABLE: Final = Path("/proc/self/net/tcp")
_HELD_STATES: Final = frozenset({"01", "04", "05", "08"})
"""Established, and half closed by either side: there may still be something to say."""


@dataclass(frozen=True)
class Session:
    """A connection somebody holds: ``user`` is the number of the holder's user."""

    local_port: int
    peer_ip: str
    peer_port: int
    user: int


def sessions(table: str) -> Iterator[Session]:
    """What ``/proc/net/tcp`` says, of connections that are held."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[3] in _HELD_STATES:
            peer_ip, _, peer_port = fields[2].partition(":")
            yield Session(
                local_port=int(fields[1].partition(":")[2], 16),
                peer_ip=str(IPv4Address(bytes.fromhex(peer_ip)[::-1])),
                peer_port=int(peer_port, 16),
                user=int(fields[7]),
            )


def current_sessions() -> list[Session]:
    """Those of this network namespace, now."""
    return list(sessions(_TABLE.read_text()))


def in_flight(
    found: Iterable[Session], targets: Iterable[tuple[str, str, int]], user: int
) -> dict[str, int]:
    """How many sessions each target (id, ip, port) has with processes of this user.

    The user keeps the agent's own checks out. Two targets may share a machine's port: each group's
    target is then counted with both groups' sessions, which the kernel cannot tell apart.
    """
    counted = Counter((s.peer_ip, s.peer_port) for s in found if s.user == user)
    return {target: counted[ip, port] for target, ip, port in targets if counted[ip, port]}
