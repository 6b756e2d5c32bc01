"""The listening sockets: the agent's own, so that a port stays open whatever becomes of an nginx.

Each generation of nginx gets sockets of its own, which share their port (``SO_REUSEPORT``). Which
of them a new connection goes to is not left to the kernel's hash: a one-instruction filter names
the newest, so that from one moment on every new connection has the new certificate, protocol and
settings, and the older socket's queue is emptied by the nginx that was there for it. (Closing it
instead would reset what waits in its queue; to share one socket would let the old nginx go on
taking new connections for as long as it retires.) Needs no privilege; Linux 4.6 or newer.

The filter gives an index into the kernel's list of the sockets on that port: in the order of their
``listen``, and the last one takes the place of one that goes.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from typing import Final

from balancer_agent.refusal import FAILED, PORT_TAKEN, Refused

_BACKLOG: Final = 4096
_SO_ATTACH_REUSEPORT_CBPF: Final = 51
_RETURN_CONSTANT: Final = 0x06
_PARKING_TIMEOUT_S: Final = 1.0
_UNACKED_OFFSET: Final = 24
"""``tcpi_unacked`` of ``struct tcp_info``: of a listening socket, how many wait to be accepted."""


class Ports:
    """Every listening socket, by its port."""

    def __init__(self) -> None:
        self._doors: dict[int, _Door] = {}
        self._parked: list[socket.socket] = []

    def bind(self, port: int) -> socket.socket:
        """A socket of this port that does not listen yet. ``Refused`` where it cannot be had."""
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind(("0.0.0.0", port))
        except OSError as error:
            made.close()
            code = PORT_TAKEN if error.errno in {errno.EADDRINUSE, errno.EACCES} else FAILED
            raise Refused(code, f"port {port} cannot be listened on: {error.strerror}") from error
        return made

    def listen(self, port: int, bound: socket.socket) -> None:
        """Let it listen; connections still go where they went, if they went anywhere."""
        self._doors.setdefault(port, _Door()).listen(bound)

    def lead_to(self, port: int, listening: socket.socket) -> None:
        """From now on every new connection to the port goes to this socket."""
        self._doors[port].lead_to(listening)

    def close(self, port: int, listening: socket.socket) -> None:
        """Stop listening on it, at once, whoever else holds it."""
        door = self._doors.get(port)
        if door is not None and door.has(listening):
            other_end = _unlisten(listening)
            if other_end is not None:
                self._parked.append(other_end)
            if door.forget(listening):
                del self._doors[port]
        listening.close()
        left = [other_end for other_end in self._parked if _is_left(other_end)]
        self._parked = [other_end for other_end in self._parked if other_end not in left]
        for other_end in left:
            other_end.close()


class _Door:
    """The sockets of one port, in the kernel's own order."""

    def __init__(self) -> None:
        self._members: list[socket.socket] = []
        self._leader: socket.socket | None = None

    def listen(self, bound: socket.socket) -> None:
        bound.listen(_BACKLOG)
        self._members.append(bound)
        if self._leader is None:
            self.lead_to(bound)

    def lead_to(self, listening: socket.socket) -> None:
        self._leader = listening
        _attach(listening, self._members.index(listening))

    def has(self, listening: socket.socket) -> bool:
        return listening in self._members

    def forget(self, listening: socket.socket) -> bool:
        """It listens no more; whether it was the last."""
        at = self._members.index(listening)
        last = self._members.pop()
        if last is not listening:
            self._members[at] = last
        if self._leader is listening:
            self._leader = None
        if self._members:
            self.lead_to(self._leader or self._members[-1])
        return not self._members


def waiting(listening: socket.socket) -> int:
    """How many connections wait in the socket's queue to be accepted."""
    info = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED_OFFSET + 4)
    (count,) = struct.unpack_from("=I", info, _UNACKED_OFFSET)
    return int(count)


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jump_true", ctypes.c_ubyte),
        ("jump_false", ctypes.c_ubyte),
        ("constant", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def _attach(listening: socket.socket, index: int) -> None:
    instruction = _Instruction(_RETURN_CONSTANT, 0, 0, index)
    program = _Program(1, ctypes.pointer(instruction))
    listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, bytes(program))


def _unlisten(listening: socket.socket) -> socket.socket | None:
    """End a listening socket that others hold, too, without a sign to them.

    Shut down alone it would read "hang-up" for good, and an nginx that retires would spin on it.
    So it is made the one end of a connection on which nothing is ever said; the other is returned.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as lot:
        lot.settimeout(_PARKING_TIMEOUT_S)
        lot.bind(("127.0.0.1", 0))
        lot.listen(1)
        place = lot.getsockname()
        listening.shutdown(socket.SHUT_RDWR)
        if listening.connect_ex(place) not in {0, errno.EINPROGRESS}:
            return None
        try:
            other_end, _ = lot.accept()
        except TimeoutError:
            return None
    other_end.setblocking(False)
    return other_end


def _is_left(other_end: socket.socket) -> bool:
    """Whether the last holder of a parked socket has let go of it."""
    try:
        return not other_end.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True
