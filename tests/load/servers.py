"""Servers on loopback that misbehave as told, for the client's own tests."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_HEAD = re.compile(rb"(GET|POST) [^? ]+\?(\S+) HTTP/1\.1\r\n")


@dataclass(frozen=True)
class Asked:
    """A request, by its number on this server (from 0)."""

    number: int
    method: str
    id: str


@dataclass(frozen=True)
class Reply:
    """What a server does: it waits, writes, waits again, and may then close or reset."""

    data: bytes
    before_s: float = 0.0
    then: str = "go on"
    """``go on``, ``close`` or ``reset``."""
    after_s: float = 0.0


Behaviour = Callable[[Asked], Reply]


def answer(body: str, status: int = 200, *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


def well(asked: Asked) -> Reply:
    """As a target answers."""
    return Reply(answer(asked.id))


@contextmanager
def server(behaviour: Behaviour) -> Iterator[int]:
    """A server; its port."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    counter = iter(range(1_000_000))
    lock = threading.Lock()

    def take(method: str, name: str) -> Asked:
        with lock:
            return Asked(next(counter), method, name)

    def accept() -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_serve, args=(accepted, take, behaviour), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _serve(
    accepted: socket.socket, take: Callable[[str, str], Asked], behaviour: Behaviour
) -> None:
    with accepted:
        while True:
            data = accepted.recv(4096)
            if not data:
                return
            found = _HEAD.match(data)
            assert found is not None, data
            reply = behaviour(take(found[1].decode(), found[2].decode()))
            time.sleep(reply.before_s)
            accepted.sendall(reply.data)
            time.sleep(reply.after_s)
            if reply.then == "reset":
                linger = struct.pack("ii", 1, 0)
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            if reply.then != "go on":
                return
