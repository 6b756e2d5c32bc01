"""Machines that misbehave by port, and a client that writes and reads bytes as they come."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from minicloud.client import Client
from tests.load.targets import run_inside

_SERVER = Path(__file__).with_name("odd_server.pl")
PORTS = {
    "close": 9001,
    "garbage": 9002,
    "never": 9003,
    "partial": 9004,
    "endless": 9005,
    "events": 9006,
    "head": 9007,
    "sleep": 9008,
    "websocket": 9009,
    "lines": 9010,
    "busy": 9011,
}
"""Behaviours, and where ``start`` has them."""


def start(client: Client, machine: str, places: Mapping[int, str] | None = None) -> None:
    """Have behaviours on a machine, by port; every one at its usual port where none are named."""
    chosen = places or {port: name for name, port in PORTS.items()}
    words = " ".join(f"{port}={name}" for port, name in chosen.items())
    command = f"cat >/root/odd.pl; setsid perl /root/odd.pl {words}"
    run_inside(client, machine, f"{command} </dev/null >/dev/null 2>&1 &", _SERVER.read_text())
    until_s = time.monotonic() + 20
    address, last = client.instances.show(machine)["private_ip"], [*chosen][-1]
    while time.monotonic() < until_s:
        try:
            socket.create_connection((address, last), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the odd server of {machine} does not come up")


@contextmanager
def talking(address: str, port: int, timeout_s: float = 15) -> Iterator[socket.socket]:
    """A plain connection."""
    with socket.create_connection((address, port), timeout=timeout_s) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def exchange(address: str, port: int, request: bytes, timeout_s: float = 15) -> bytes:
    """All that comes back until the other side closes; nothing where it resets."""
    answer = b""
    with talking(address, port, timeout_s) as connection:
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
    return answer


def request(path: str, *headers: str, method: str = "GET") -> bytes:
    """A request after which the server is to close."""
    lines = [f"{method} {path} HTTP/1.1", "Host: odd.test", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def status_of(answer: bytes) -> int:
    """The status of an answer; 0 where there is none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0
