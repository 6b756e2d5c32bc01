"""Starting a cloud's server where none runs, and seeing it end.

Several clients may start one at once. The servers settle it among themselves with a lock: those
that lose end at once with status 0, so a child that has ended well only means "look again".
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from minicloud.client.transport import is_answering
from minicloud.domain.errors import Unavailable

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
_LOG_TAIL_LINES = 3


def start_server(home: CloudHome) -> None:
    """Start the cloud's server and return once it answers.

    ``Unavailable`` with code ``ServerDied`` and the end of its log where it cannot start, with
    code ``ServerStartTimeout`` where it says nothing for 20 seconds.
    """
    home.ensure()
    log_start = home.log.stat().st_size if home.log.exists() else 0
    deadline = time.monotonic() + _START_TIMEOUT_S
    server = _spawn(home)
    while not is_answering(home.socket):
        if time.monotonic() > deadline:
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
            server = server if is_answering(home.socket) else _spawn(home)
        else:
            raise _died(home, log_start, status)


def await_end(pid: int) -> None:
    """Return once the process has ended; ``Unavailable`` where it takes over a minute."""
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while not _has_ended(pid):
        if time.monotonic() > deadline:
            raise Unavailable(
                "ServerStillRunning",
                f"the server (process {pid}) has not ended after {_STOP_TIMEOUT_S:.0f} s",
                f"it may be in a long step; wait, or end it: kill {pid}",
            )
        time.sleep(_POLL_S)


def _spawn(home: CloudHome) -> Popen[bytes]:
    import subprocess
    import sys

    try:
        with open(home.log, "ab", opener=_for_owner_alone) as log:
            return subprocess.Popen(
                [sys.executable, "-m", "minicloud.server", "--cloud", home.name],
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
        raise Unavailable(
            "ServerNotStarted",
            f"the server cannot be started ({error.strerror})",
            f"see that there is room on the disk and that {home.folder} can be written to",
        ) from error


def _for_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _died(home: CloudHome, log_start: int, status: int) -> Unavailable:
    with home.log.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(log_start, size - _LOG_TAIL_BYTES))
        lines = log.read().decode("utf-8", "replace").split("\n")
    said = " | ".join([line.strip() for line in lines if line.strip()][-_LOG_TAIL_LINES:])
    return Unavailable(
        "ServerDied",
        f"the server of cloud {home.name} ended with status {status} ({said or 'it said nothing'})",
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
