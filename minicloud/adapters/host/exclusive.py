"""What one process has to itself: a lock that dies with it, a socket that its owner alone opens."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BACKLOG = 256


@contextmanager
def held_alone(path: Path) -> Iterator[bool]:
    """Hold the file locked; False at once where another process does."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def private_socket(path: Path) -> socket.socket:
    """Listen on a UNIX domain socket that none but its owner can open; the path must be free."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    earlier_mask = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(earlier_mask)
    listening.listen(_BACKLOG)
    return listening
