"""How a client talks to a machine, and what it must see when its connection is cut."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

LOCALHOST = "127.0.0.1"
HANGING_S = 8.0


def ask(ip: str, port: int = 7000) -> str:
    """Connect afresh and hear which machine answers."""
    with socket.create_connection((ip, port), timeout=HANGING_S) as connection:
        return say(connection)


def say(connection: socket.socket) -> str:
    connection.sendall(b"?\n")
    answer = connection.recv(100)
    if not answer:
        raise ConnectionResetError("closed")
    return answer.decode().strip()


def eventually(check: Callable[[], bool], timeout_s: float = 8.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, "it does not come to pass"
        time.sleep(0.05)


def answers(ip: str, port: int, expected: str) -> bool:
    with contextlib.suppress(OSError):
        return ask(ip, port) == expected
    return False


def assert_cut(connection: socket.socket) -> None:
    """The connection is ended by a reset, without hanging and without another machine's word."""
    connection.settimeout(HANGING_S)

    def go_on() -> None:
        for _ in range(50):
            say(connection)
            time.sleep(0.05)

    with pytest.raises((ConnectionResetError, ConnectionAbortedError, BrokenPipeError)):
        go_on()
