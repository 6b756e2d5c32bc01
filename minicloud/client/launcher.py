"""Starting a cloud's server where none runs, and seeing it end.

Of several clients at once one starts it, and the others wait for it. That only spares the machine
the work: the servers settle by a lock of their own who serves, and those that lose end at once with
status 0, so a child that has ended well means "look again".
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minicloud.client.failures import from_record
from minicloud.client.transport import is_answering
from minicloud.domain.errors import MiniCloudError, Unavailable

if TYPE_CHECKING:
    from subprocess import Popen

    from minicloud.home import CloudHome

_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 60.0
_POLL_S = 0.02
# A server that is about to end still holds the lock: what was started meanwhile gives way to it,
# so it is tried again, but not in a busy loop.
_RESPAWN_S = 0.25
_LOG_TAIL_BYTES = 4096
# As the server tells an error that ends it.
_LAST_WORDS = re.compile(r"^error: (\S+): (.*)\n  → (.*)\s*\Z", re.MULTILINE)


def start_server(home: CloudHome, engine: str | None = None) -> None:
    """Start the cloud's server, unless another client is quicker, and return once it answers.

    ``engine`` is what a new cloud is to be on: the server of one on another refuses to start.
    Where it cannot start, what it said last is raised: its own error if that was one, else
    ``Unavailable`` with code ``ServerDied``. Code ``ServerStartTimeout`` where it says nothing for
    20 seconds.
    """
    home.ensure()
    with _launching(home):
        if not is_answering(home.socket):
            _start(home, engine)


@contextmanager
def _launching(home: CloudHome) -> Iterator[None]:
    try:
        lock = home.launch_lock.open("a")
    except OSError as error:
        raise _not_started(home, error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(home: CloudHome, engine: str | None) -> None:
    log_start = home.log.stat().st_size if home.log.exists() else 0
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    server = _spawn(home, engine)
    while not is_answering(home.socket):
        if time.monotonic() > deadline_s:
            raise Unavailable(
                "ServerStartTimeout",
                f"the server did not answer within {_START_TIMEOUT_S:.0f} s",
                f"read its log: {home.log}",
            )
        status = server.poll()
        if status is None:
            time.sleep(_POLL_S)
        elif status == 0:
            time.sleep(_RESPAWN_S)
            server = server if is_answering(home.socket) else _spawn(home, engine)
        else:
            raise _died(home, log_start, status)


def await_end(pid: int) -> None:
    """Return once the process has ended; ``Unavailable`` where it takes over a minute."""
    deadline_s = time.monotonic() + _STOP_TIMEOUT_S
    while not _has_ended(pid):
        if time.monotonic() > deadline_s:
            raise Unavailable(
                "ServerStillRunning",
                f"the server (process {pid}) has not ended after {_STOP_TIMEOUT_S:.0f} s",
                f"it may be in a long step; wait, or end it: kill {pid}",
            )
        time.sleep(_POLL_S)


def _spawn(home: CloudHome, engine: str | None) -> Popen[bytes]:
    import subprocess
    import sys

    chosen = [] if engine is None else ["--engine", engine]
    try:
        with open(home.log, "ab", opener=_for_owner_alone) as log:
            return subprocess.Popen(
                [sys.executable, "-m", "minicloud.server", "--cloud", home.name, *chosen],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Not the caller's folder, which a server would keep from being unmounted; so a
                # relative MINICLOUD_HOME has to be made absolute.
                cwd="/",
                env={**os.environ, "MINICLOUD_HOME": str(home.root)},
            )
    except OSError as error:
        raise _not_started(home, error) from error


def _for_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _not_started(home: CloudHome, error: OSError) -> Unavailable:
    return Unavailable(
        "ServerNotStarted",
        f"the server cannot be started ({error.strerror})",
        f"see that there is room on the disk and that {home.folder} can be written to",
    )


def _died(home: CloudHome, log_start: int, status: int) -> MiniCloudError:
    with home.log.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(log_start, size - _LOG_TAIL_BYTES))
        text = log.read().decode("utf-8", "replace")
    told = _LAST_WORDS.search(text)
    if told is not None:
        code, message, resolution = told.groups()
        return from_record({"code": code, "message": message, "resolution": resolution})
    said = text.strip().rpartition("\n")[2].strip() or "it said nothing"
    return Unavailable(
        "ServerDied",
        f"the server of cloud {home.name} ended with status {status} ({said})",
        f"read its log: {home.log}",
    )


def _has_ended(pid: int) -> bool:
    try:
        # It may be a child of this very process, and then stays until it is waited for.
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
