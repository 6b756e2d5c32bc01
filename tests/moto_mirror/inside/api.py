"""What is asked of the cloud by its own API, on the socket that ``MIRROR_SOCKET`` names."""

from __future__ import annotations

import json
import os
import socket
from http.client import HTTPConnection
from typing import Any

_TIMEOUT_S = 60.0
_REFUSED_FROM = 300
_ENDED = frozenset({"succeeded", "failed"})


class _LocalConnection(HTTPConnection):
    def connect(self) -> None:
        """Connect to the socket's path."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(os.environ["MIRROR_SOCKET"])


def reset_cloud() -> None:
    """Leave nothing in the cloud but what it has when it is new; returns when all has gone."""
    _await_end(_ask("POST", "/v1/reset", "{}")["operations"])


def settle_cloud() -> None:
    """Wait for what is under way: in moto's world a change is done when its call returns."""
    _await_end(_ask("GET", "/v1/operations?limit=50"))


def _await_end(operations: Any) -> None:
    for operation in operations:
        now = operation
        while now["status"] not in _ENDED:
            now = _ask("GET", f"/v1/operations/{now['id']}?wait_s=10&after={now['version']}")


def _ask(method: str, path: str, body: str | None = None) -> Any:
    connection = _LocalConnection("localhost", timeout=_TIMEOUT_S)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        told = response.read()
    finally:
        connection.close()
    if response.status >= _REFUSED_FROM:
        raise RuntimeError(f"{method} {path} was refused: {told.decode()}")
    return json.loads(told)
