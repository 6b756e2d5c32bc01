"""Pure rules: what leads where, and the nftables text that says so.

Every value that reaches the text is an ``ipaddress`` object, an integer in range, or a name that
matched an allow-list. The text is one transaction that replaces the table's *rules*, never its
chains: a packet sees the old rules or the new ones.

There is no map, on purpose. With one map in the place of a rule a route, 27 of 619,903 and 16 of
552,047 fresh connections were refused over 1,000 swaps each; with rules, 0 of 612,683 and 0 of
452,768 in the same run, and 0 with a map that was not swapped (kernel 6.18, two busy cores). Only a
connection's first packet walks the rules, and only if it is for us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

LOCALHOST: Final = IPv4Address("127.0.0.1")
LOOPBACK: Final = "loopback"
PUBLISHED: Final = "published"
_TABLE_PATTERN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
_INTERFACE_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
_NAT_PRIORITY: Final = -110
"""Before Docker's own NAT (-100): without its userland proxy that would take our ports first."""


class Refused(Exception):
    """A request that can never succeed, with the code the server passes on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Settings:
    """One edge's place in the world; see ``EdgeSpec`` on the server's side."""

    mode: str
    table: str
    bridge: str
    subnet: IPv4Network
    private_ip: IPv4Address
    public_block: IPv4Network
    host_ports: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Settings:
        """Read what the server wrote, and refuse anything that is not typed."""
        try:
            raw = json.loads(text)
            settings = cls(
                mode=raw["mode"],
                table=raw["table"],
                bridge=raw["bridge"],
                subnet=IPv4Network(raw["subnet"]),
                private_ip=IPv4Address(raw["private_ip"]),
                public_block=IPv4Network(raw["public_block"]),
                host_ports=frozenset(_port(port) for port in raw["host_ports"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(
                "InvalidEdgeSpec", f"the edge's settings are malformed: {error}"
            ) from error
        settings._check()
        return settings

    def _check(self) -> None:
        if self.mode not in {LOOPBACK, PUBLISHED}:
            raise Refused("InvalidEdgeSpec", f"no such mode: {self.mode!r}")
        if not _TABLE_PATTERN.fullmatch(self.table):
            raise Refused("InvalidEdgeSpec", f"not a name for an nftables table: {self.table!r}")
        if not _INTERFACE_PATTERN.fullmatch(self.bridge):
            raise Refused("InvalidEdgeSpec", f"not a name of an interface: {self.bridge!r}")
        if self.mode == LOOPBACK and not self.public_block.is_loopback:
            raise Refused("InvalidEdgeSpec", f"{self.public_block} is not within 127.0.0.0/8")
        if self.mode == LOOPBACK and LOCALHOST in self.public_block:
            raise Refused("InvalidEdgeSpec", f"{self.public_block} would take {LOCALHOST} itself")

    @property
    def front_ip(self) -> IPv4Address:
        """Where the host ports arrive, as the kernel that runs the table sees it."""
        return LOCALHOST if self.mode == LOOPBACK else self.private_ip


@dataclass(frozen=True)
class Route:
    """Where one public address leads; ``target_ip`` None refuses."""

    public_ip: IPv4Address
    target_ip: IPv4Address | None
    host_ports: Mapping[int, int]

    @classmethod
    def parse(cls, raw: Mapping[str, Any], settings: Settings) -> Route:
        """Read one route and hold it to the cloud's own addresses and ports."""
        try:
            target = raw["target_ip"]
            route = cls(
                public_ip=IPv4Address(raw["public_ip"]),
                target_ip=None if target is None else IPv4Address(target),
                host_ports={_port(key): _port(raw["host_ports"][key]) for key in raw["host_ports"]},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("InvalidRoute", f"the route is malformed: {error}") from error
        if route.public_ip not in settings.public_block:
            raise Refused("InvalidRoute", f"{route.public_ip} is not in {settings.public_block}")
        if route.target_ip is not None and route.target_ip not in settings.subnet:
            raise Refused("InvalidRoute", f"{route.target_ip} is not in {settings.subnet}")
        stray = sorted(set(route.host_ports) - settings.host_ports)
        if stray:
            raise Refused("InvalidRoute", f"host ports {stray} are not in the edge's block")
        return route

    def as_json(self) -> dict[str, Any]:
        """The same route as the server and the disk have it."""
        return {
            "public_ip": str(self.public_ip),
            "target_ip": None if self.target_ip is None else str(self.target_ip),
            "host_ports": {str(port): to for port, to in sorted(self.host_ports.items())},
        }


@dataclass(frozen=True)
class Front:
    """What a client connects to. ``port`` None: the whole address, every protocol and port."""

    ip: IPv4Address
    port: int | None


@dataclass(frozen=True)
class Back:
    """What is behind a front. ``port`` None: the same port the client asked for."""

    ip: IPv4Address
    port: int | None


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"not a port: {value!r}")  # noqa: TRY004 - one kind for all malformed input
    number = int(value)
    if not 0 < number < 65536:
        raise ValueError(f"not a port: {number}")
    return number


def leads(settings: Settings, routes: Iterable[Route]) -> dict[Front, Back]:
    """Every front that leads somewhere. Refuses two routes with the same host port."""
    found: dict[Front, Back] = {}
    owners: dict[int, IPv4Address] = {}
    for route in routes:
        for host_port in route.host_ports:
            owner = owners.setdefault(host_port, route.public_ip)
            if owner != route.public_ip:
                raise Refused("HostPortTaken", f"host port {host_port} belongs to {owner}")
        if route.target_ip is None:
            continue
        if settings.mode == LOOPBACK:
            found[Front(route.public_ip, None)] = Back(route.target_ip, None)
        for host_port, port in route.host_ports.items():
            found[Front(settings.front_ip, host_port)] = Back(route.target_ip, port)
    return found


def render(settings: Settings, routes: Iterable[Route]) -> str:
    """The whole table as one ``nft -f`` transaction; loading it again changes nothing."""
    chains, rules = _CHAINS[settings.mode], _rules(settings, leads(settings, routes))
    table = f"ip {settings.table}"
    lines = [f"add table {table}"]
    for name, hook in chains.items():
        lines.append(f"add chain {table} {name}" + (f" {{ {hook} }}" if hook else ""))
    lines += [f"flush table {table}"]
    lines += [f"add rule {table} {rule}" for rule in rules]
    return "\n".join(lines) + "\n"


_CHAINS: Final[Mapping[str, Mapping[str, str]]] = {
    LOOPBACK: {
        "addresses": "",
        "ports": "",
        "guard": "type filter hook prerouting priority raw; policy accept;",
        "lead": f"type nat hook output priority {_NAT_PRIORITY}; policy accept;",
        "refuse": "type filter hook input priority filter; policy accept;",
        "hide": f"type nat hook postrouting priority {-_NAT_PRIORITY - 20}; policy accept;",
    },
    PUBLISHED: {
        "ports": "",
        "lead": f"type nat hook prerouting priority {_NAT_PRIORITY}; policy accept;",
        "carry": "type filter hook forward priority filter; policy drop;",
        "hide": f"type nat hook postrouting priority {-_NAT_PRIORITY - 20}; policy accept;",
    },
}


def _rules(settings: Settings, backs: Mapping[Front, Back]) -> list[str]:
    rules = [_lead_rule(front, back) for front, back in backs.items()]
    rules += [
        f"lead ip daddr {settings.front_ip} tcp dport {ports} jump ports"
        for ports in _ranges(settings.host_ports)
    ]
    if settings.mode == PUBLISHED:
        return [*rules, "carry ct status dnat accept", "hide ct status dnat masquerade"]
    return [*rules, *_host_rules(settings)]


def _lead_rule(front: Front, back: Back) -> str:
    if front.port is None:
        return f"addresses ip daddr {front.ip} dnat to {back.ip}"
    return f"ports tcp dport {front.port} dnat to {back.ip}:{back.port}"


def _host_rules(settings: Settings) -> list[str]:
    """What keeps the host itself out of reach, both of machines and of an address without one."""
    bridge, block = f'"{settings.bridge}"', settings.public_block
    return [
        f"lead ip daddr {block} jump addresses",
        # Taken here, what leads nowhere is safe from NAT that comes after: without its userland
        # proxy Docker leads every local address to the ports it publishes.
        f"addresses dnat to {block.network_address}",
        # route_localnet lets the bridge carry 127.0.0.0/8; without these a machine could reach
        # what listens on the host's loopback, or speak in its name.
        f"guard iifname {bridge} ip daddr 127.0.0.0/8 drop",
        f"guard iifname {bridge} ip saddr 127.0.0.0/8 drop",
        # Every address of 127.0.0.0/8 is the host: unrefused, a freed one would reach its sshd.
        # At the input, as a refusal at the output tells a datagram's sender "not permitted".
        f"refuse ip daddr {block} meta l4proto tcp reject with tcp reset",
        f"refuse ip daddr {block} reject with icmp port-unreachable",
        f"hide oifname {bridge} ip saddr 127.0.0.0/8 masquerade",
        *(
            f"refuse ip daddr {LOCALHOST} tcp dport {ports} reject with tcp reset"
            for ports in _ranges(settings.host_ports)
        ),
    ]


def _ranges(ports: Iterable[int]) -> list[str]:
    """Ports as ``nft`` writes ranges: a block of a thousand is one element, not a thousand."""
    spans: list[list[int]] = []
    for port in sorted(ports):
        if spans and spans[-1][1] == port - 1:
            spans[-1][1] = port
        else:
            spans.append([port, port])
    return [str(low) if low == high else f"{low}-{high}" for low, high in spans]
