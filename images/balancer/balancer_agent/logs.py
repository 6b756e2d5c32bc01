"""nginx's logs: kept small by the agent, and printed for people."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

ACCESS_LOG: Final = "access.log"
ERROR_LOG: Final = "error.log"
ROTATED_AT_BYTES: Final = 32 << 20
_KEPT: Final = 2
_MODE: Final = 0o660
_LOOK_INTERVAL_S: Final = 0.2
_CHUNK: Final = 1 << 16


def make(folder: Path, user: int) -> None:
    """Make the logs that are missing, for the workers' user and for root's group.

    nginx's first process opens them as root, and after a rotation its workers open them anew as
    their user; without CAP_DAC_OVERRIDE root needs its group's right to them, and without
    CAP_FOWNER it must own a file to change its mode.
    """
    for path in (folder / ACCESS_LOG, folder / ERROR_LOG):
        path.touch()
        found = path.stat()
        if (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) != (_MODE, user, 0):
            os.chown(path, 0, 0)
            path.chmod(_MODE)
            os.chown(path, user, 0)


def rotate(folder: Path, at_bytes: int = ROTATED_AT_BYTES) -> bool:
    """Rename what has grown too long; whether nginx must be told to open its logs anew."""
    rotated = False
    for name in (ACCESS_LOG, ERROR_LOG):
        path = folder / name
        if path.exists() and path.stat().st_size >= at_bytes:
            for number in range(_KEPT, 1, -1):
                older = folder / f"{name}.{number - 1}"
                if older.exists():
                    older.replace(folder / f"{name}.{number}")
            path.replace(folder / f"{name}.1")
            rotated = True
    return rotated


def print_log(folder: Path, tail: int, is_followed: bool) -> None:
    """Print the last lines of the access log; followed: also what comes, over rotations.

    Ends when nobody reads any more: standard output is closed, or standard input, if it is a pipe.
    """
    with suppress(BrokenPipeError):
        if not is_followed and not (folder / ACCESS_LOG).exists():
            return
        file = _open(folder)
        for line in _last_lines(folder, file, tail):
            _print(line)
        if is_followed:
            _follow(folder, file)


def _open(folder: Path) -> IO[bytes]:
    while True:
        try:
            return (folder / ACCESS_LOG).open("rb")
        except FileNotFoundError:
            time.sleep(_LOOK_INTERVAL_S)


def _last_lines(folder: Path, file: IO[bytes], count: int) -> Iterator[bytes]:
    lines: deque[bytes] = deque(maxlen=count)
    for older in (folder / f"{ACCESS_LOG}.{number}" for number in range(_KEPT, 0, -1)):
        if older.exists():
            lines.extend(older.read_bytes().splitlines(keepends=True)[-count:] if count else ())
    lines.extend(file)
    yield from lines


def _follow(folder: Path, file: IO[bytes]) -> None:
    while not _is_left():
        if chunk := file.read(_CHUNK):
            _print(chunk)
        elif _is_rotated(folder, file):
            # nginx writes to the old one until it has heard of the new one.
            time.sleep(_LOOK_INTERVAL_S)
            while chunk := file.read(_CHUNK):
                _print(chunk)
            file.close()
            file = _open(folder)
        else:
            time.sleep(_LOOK_INTERVAL_S)


def _is_rotated(folder: Path, file: IO[bytes]) -> bool:
    try:
        return (folder / ACCESS_LOG).stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _is_left() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    stdin = sys.stdin.fileno()
    if stat.S_ISFIFO(os.fstat(stdin).st_mode):
        poll.register(stdin, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def _print(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
