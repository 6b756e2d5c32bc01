"""The kernel requests that no tool in the image can make with ``NET_ADMIN`` alone."""

from __future__ import annotations

import errno
import os
import socket
import struct
from ipaddress import IPv4Address
from typing import Final

_ROUTE: Final = 0
_SOCK_DIAG: Final = 4
_REQUEST: Final = 0x1
_ACK: Final = 0x4
_REPLACE: Final = 0x100
_CREATE: Final = 0x400
_ERROR: Final = 2
_NESTED: Final = 0x8000

_RTM_SETLINK: Final = 19
_IFLA_AF_SPEC: Final = 26
_IFLA_INET_CONF: Final = 1
_IPV4_DEVCONF_ROUTE_LOCALNET: Final = 26

_RTM_NEWNEIGH: Final = 28
_RTM_DELNEIGH: Final = 29
_RTM_GETNEIGH: Final = 30
_NDA_DST: Final = 1
_NDA_LLADDR: Final = 2
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")
_STATE_INCOMPLETE: Final = 0x01
_STATE_REACHABLE: Final = 0x02
_NOBODY: Final = bytes.fromhex("020000000001")

_SOCK_DIAG_BY_FAMILY: Final = 20
_SOCK_DESTROY: Final = 21
_ALL_STATES: Final = 0xFFFFFFFF
_STATE_LISTEN: Final = 10
_NO_COOKIE: Final = b"\xff" * 8

_HEADER: Final = struct.Struct("=IHHII")


def set_route_localnet(interface_index: int, enabled: bool) -> None:
    """Let the interface carry 127.0.0.0/8, or not.

    The same as its sysctl, which a container cannot write: its ``/proc/sys`` is read-only.
    """
    value = struct.pack("=I", int(enabled))
    conf = _attribute(_IPV4_DEVCONF_ROUTE_LOCALNET, value)
    inet = _attribute(_IFLA_INET_CONF | _NESTED, conf)
    family = _attribute(socket.AF_INET | _NESTED, inet)
    link = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, interface_index, 0, 0)
    with _open(_ROUTE) as channel:
        _ask(channel, _RTM_SETLINK, link + _attribute(_IFLA_AF_SPEC | _NESTED, family))


def release_waiting_packets(interface_index: int, address: IPv4Address) -> None:
    """Let go of the packets that wait for this address to say where it is; nothing if none do.

    A client of this machine does not send its SYN again while the first one still waits here, and
    is told "no route to host" when the wait ends (3 s). Sent off to nobody, it tries again.
    """
    destination = _attribute(_NDA_DST, address.packed)
    with _open(_ROUTE) as channel:
        try:
            found = _ask(channel, _RTM_GETNEIGH, _neighbour(interface_index) + destination)
            if _NEIGHBOUR.unpack_from(found)[2] != _STATE_INCOMPLETE:
                return
            nobody = _neighbour(interface_index, _STATE_REACHABLE) + destination
            nobody += _attribute(_NDA_LLADDR, _NOBODY)
            _ask(channel, _RTM_NEWNEIGH, nobody, _ACK | _REPLACE | _CREATE)
            _ask(channel, _RTM_DELNEIGH, _neighbour(interface_index) + destination)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.EOPNOTSUPP}:
                raise


def _neighbour(interface_index: int, state: int = 0) -> bytes:
    return _NEIGHBOUR.pack(socket.AF_INET, interface_index, state, 0, 0)


def destroy_tcp_socket(source: tuple[IPv4Address, int], peer: tuple[IPv4Address, int]) -> bool:
    """Abort this machine's own TCP socket, both ends are told; False where there is none.

    It is looked up first: the kernel falls back to a listener on the same port, which is not ours
    to end, so the socket is named by its cookie and only if it is a connection.
    """
    with _open(_SOCK_DIAG) as channel:
        try:
            found = _ask(channel, _SOCK_DIAG_BY_FAMILY, _socket_id(source, peer, _NO_COOKIE))
            state, cookie = found[1], found[44:52]
            if state == _STATE_LISTEN:
                return False
            _ask(channel, _SOCK_DESTROY, _socket_id(source, peer, cookie))
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.EOPNOTSUPP}:
                return False
            raise
    return True


def _socket_id(
    source: tuple[IPv4Address, int], peer: tuple[IPv4Address, int], cookie: bytes
) -> bytes:
    head = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, _ALL_STATES)
    ports = struct.pack("!HH", source[1], peer[1])
    return head + ports + struct.pack("4s12x4s12xI", source[0].packed, peer[0].packed, 0) + cookie


def _attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def _open(family: int) -> socket.socket:
    channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, family)
    channel.settimeout(5)
    return channel


def _ask(channel: socket.socket, kind: int, body: bytes, flags: int = _ACK) -> bytes:
    """Send one request; its answer's body, or empty where the kernel only agrees."""
    if kind in {_SOCK_DIAG_BY_FAMILY, _RTM_GETNEIGH}:
        flags = 0  # these answer with what was asked for
    channel.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, 1, 0) + body)
    answer = channel.recv(65536)
    _, answered, _, _, _ = _HEADER.unpack_from(answer)
    if answered != _ERROR:
        return answer[_HEADER.size :]
    (code,) = struct.unpack_from("=i", answer, _HEADER.size)
    if code:
        raise OSError(-code, os.strerror(-code))
    return b""
