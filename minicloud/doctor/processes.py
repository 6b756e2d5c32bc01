"""What ``/proc`` tells of the processes that an engine consists of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

_PROC = Path("/proc")
_ENDED_STATES = frozenset("ZX")


def is_alive(pid: int) -> bool:
    """Whether the process exists and can still run: a zombie is dead."""
    return _state(pid) not in _ENDED_STATES | {""}


def program_of(pid: int) -> str:
    """The program's file name, or the empty string where the process is gone."""
    argv = command_line(pid)
    return Path(argv[0]).name if argv else ""


def command_line(pid: int) -> Sequence[str]:
    """The process's arguments, the program first; empty where it is gone."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return raw.decode(errors="replace").rstrip("\0").split("\0") if raw else ()


def find(program: str) -> Iterator[int]:
    """Living processes of that program that see the same files as we do.

    An engine inside a container has its own ``/var/run`` and is none of ours, though its process
    is visible from the host.
    """
    ours = _mount_namespace("self")
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        pid = int(entry.name)
        if program_of(pid) == program and is_alive(pid) and _mount_namespace(entry.name) == ours:
            yield pid


def _state(pid: int) -> str:
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # The program's name stands in brackets and may itself hold spaces and brackets.
    return stat.rpartition(")")[2].split()[0]


def _mount_namespace(process: str) -> str:
    try:
        return str((_PROC / process / "ns" / "mnt").readlink())
    except (FileNotFoundError, ProcessLookupError):
        return ""
