"""Child processes, and the duty of a first process: whoever dies here is reaped here.

asyncio's own subprocesses are of no use to a first process: it must wait for *any* child, also for
the workers that a killed nginx leaves behind, and two waits would take each other's children.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Launch:
    """What to start, and how. ``descriptors`` stay open in it under their own numbers."""

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    descriptors: Collection[int]
    complaints: IO[bytes]


@dataclass(frozen=True)
class Child:
    """A process that leads a session of its own; ``ended`` gets its exit status."""

    pid: int
    ended: asyncio.Future[int]

    @property
    def is_alive(self) -> bool:
        """Whether it has not been reaped."""
        return not self.ended.done()

    def signal(self, number: signal.Signals) -> None:
        """Signal it if it is there, else whoever of its session it has left behind."""
        if self.is_alive:
            os.kill(self.pid, number)
            return
        for pid in self.left_behind():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End it and all of its session, without a word."""
        for pid in {self.pid, *self.left_behind()} if self.is_alive else self.left_behind():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def left_behind(self) -> list[int]:
        """The other processes of its session."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != self.pid:
                with suppress(OSError):
                    # Behind the name, which may hold anything, in brackets.
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[3]) == self.pid and fields[0] != "Z":
                        found.append(int(folder.name))
        return found


class Children:
    """Starts processes and reaps them; one for each first process."""

    def __init__(self) -> None:
        self._living: dict[int, Child] = {}

    def watch(self) -> None:
        """Reap from now on, in the running loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self.reap)

    def start(self, launch: Launch) -> Child:
        """Start it; ``OSError`` where that fails."""
        process = subprocess.Popen(
            launch.argv,
            stdin=subprocess.DEVNULL,
            stdout=launch.complaints,
            stderr=launch.complaints,
            cwd=launch.folder,
            env=launch.environment,
            pass_fds=launch.descriptors,
            start_new_session=True,
        )
        process.returncode = 0  # reaped here, not there: it must not wait for a number again
        child = Child(process.pid, asyncio.get_running_loop().create_future())
        self._living[child.pid] = child
        return child

    def reap(self) -> None:
        """Take every process that has ended off the kernel's hands."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            child = self._living.pop(pid, None)
            if child is not None and not child.ended.done():
                child.ended.set_result(os.waitstatus_to_exitcode(status))
