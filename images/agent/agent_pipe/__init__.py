"""What a ``docker exec`` runs: its standard input and output, joined to an agent's socket."""

from __future__ import annotations

import os
import selectors
import socket
import sys
import time
from pathlib import Path
from typing import Final

_PATIENCE_S: Final = 10.0
_RETRY_INTERVAL_S: Final = 0.02


def join(path: Path) -> None:
    """Carry bytes both ways until either side ends."""
    with _connect(path) as agent, selectors.DefaultSelector() as selector:
        stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
        selector.register(stdin, selectors.EVENT_READ)
        selector.register(agent, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 16)
                if not data:
                    return
                if key.fd == stdin:
                    agent.sendall(data)
                else:
                    _write(stdout, data)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _connect(path: Path) -> socket.socket:
    """The agent may be starting: it is waited for, not given up."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        agent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            agent.connect(str(path))
            return agent
        except (FileNotFoundError, ConnectionRefusedError):
            agent.close()
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_INTERVAL_S)
