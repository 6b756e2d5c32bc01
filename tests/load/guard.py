"""The load goes to this machine alone: loopback, or a bridge of its own."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path

_LOOPBACK = IPv4Network("127.0.0.0/8")
_PRIVATE = (IPv4Network("172.16.0.0/12"), IPv4Network("10.0.0.0/8"))
_ROUTES = Path("/proc/net/route")
_INTERFACES = Path("/sys/class/net")
_UP, _GATEWAY = 0x1, 0x2


class NotHere(Exception):
    """The address is not of this machine."""


def ensure_local(address: str, routes: Path = _ROUTES, interfaces: Path = _INTERFACES) -> None:
    """Return if the address is this machine's own; ``NotHere`` otherwise.

    Own is what is loopback, and what the kernel sends straight to a bridge of this machine.
    """
    try:
        ip = IPv4Address(address)
    except AddressValueError as error:
        raise NotHere(f"{address!r} is not an IPv4 address") from error
    if ip in _LOOPBACK:
        return
    if not any(ip in network for network in _PRIVATE):
        raise NotHere(f"{address} is neither loopback nor private")
    interface = _interface_to(ip, routes)
    if interface is None or not (interfaces / interface / "bridge").is_dir():
        raise NotHere(f"{address} is not behind a bridge of this machine")


def _interface_to(ip: IPv4Address, routes: Path) -> str | None:
    """The interface of the most specific route to the address, if that needs no gateway."""
    best: tuple[int, str, int] | None = None
    for line in routes.read_text("ascii").splitlines()[1:]:
        interface, destination, _gateway, flags, _, _, _, mask = line.split()[:8]
        network = IPv4Network((_ip(destination), str(_ip(mask))))
        if ip in network and int(flags, 16) & _UP and (not best or network.prefixlen > best[0]):
            best = (network.prefixlen, interface, int(flags, 16))
    if best is None or best[2] & _GATEWAY:
        return None
    return best[1]


def _ip(hexadecimal: str) -> IPv4Address:
    return IPv4Address(int.from_bytes(bytes.fromhex(hexadecimal), "little"))
