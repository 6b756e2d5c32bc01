"""Starts ``dockerd`` where no service manager does, from whatever an earlier one left behind.

An engine whose session was killed leaves pid files and sockets. ``dockerd`` refuses to start when
the process that its pid file names exists, whatever that process is by now; and it waits in vain
for a containerd whose pid file names a living stranger. Such files are removed, and only they: a
file whose owner lives is never touched, and a ``dockerd`` that is still starting is waited for.

The caller holds ``exclusive``, so that two doctors never start two engines.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minicloud.doctor import processes
from minicloud.domain.errors import Unavailable

Report = Callable[[str], None]
POLL_INTERVAL_S = 0.1
PING_TIMEOUT_S = 2.0
START_TIMEOUT_S = 90.0
LOG_TAIL_LINES = 15
# A cron job's or a minimal shell's PATH often lacks the places where daemons and iptables are.
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class EnginePlaces:
    """Where an engine keeps what others must find. ``arguments`` are passed to ``dockerd``."""

    socket: Path = Path("/var/run/docker.sock")
    pid_file: Path = Path("/var/run/docker.pid")
    exec_root: Path = Path("/var/run/docker")
    log_file: Path = Path("/var/log/minicloud-dockerd.log")
    lock_file: Path = Path("/var/run/minicloud-doctor.lock")
    system_containerd_socket: Path = Path("/run/containerd/containerd.sock")
    program: str = "dockerd"
    arguments: tuple[str, ...] = ()

    @property
    def containerd_pid_file(self) -> Path:
        """The pid file of the containerd that this engine starts for itself."""
        return self.exec_root / "containerd" / "containerd.pid"


@contextmanager
def exclusive(lock_file: Path, report: Report) -> Iterator[None]:
    """Hold the lock that keeps two doctors apart; it dies with the process that holds it."""
    with lock_file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another doctor is at work: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def answers(places: EnginePlaces) -> bool:
    """Whether an engine answers at its socket now."""
    connection = http.client.HTTPConnection("localhost", timeout=PING_TIMEOUT_S)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PING_TIMEOUT_S)
        try:
            line.connect(str(places.socket))
            connection.sock = line
            connection.request("GET", "/_ping")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


def ensure_running(
    places: EnginePlaces, report: Report, timeout_s: float = START_TIMEOUT_S
) -> None:
    """Return when an engine answers at ``places``: wait for the one that starts, or start one.

    Raises ``Unavailable``: ``EngineStartFailed`` with the last lines of its log where it dies,
    ``EngineStartTimeout`` where it lives and does not answer within ``timeout_s``.
    """
    if answers(places):
        return
    deadline = time.monotonic() + timeout_s
    running = find_daemon(places)
    if running is not None:
        report(f"dockerd (pid {running}) is starting: waiting for it")
        if _wait(places, lambda: processes.is_alive(running), deadline):
            return
        if processes.is_alive(running):
            raise _timeout(running, timeout_s, places)
        report(f"dockerd (pid {running}) ended: starting another")
    remove_stale(places, report)
    _start(places, report, timeout_s)


def wait_for_answer(places: EnginePlaces, timeout_s: float = START_TIMEOUT_S) -> None:
    """Return when an engine that a service manager looks after answers."""
    if _wait(places, lambda: True, time.monotonic() + timeout_s):
        return
    raise Unavailable(
        "EngineStartTimeout",
        f"the docker service is started but has not answered for {timeout_s:.0f} s",
        "look at `journalctl --unit=docker`, then run `minicloud doctor --fix` again",
    )


def find_program(program: str) -> str | None:
    """Where the program is, on PATH or where the system keeps its daemons."""
    return shutil.which(program, path=_search_path())


def find_daemon(places: EnginePlaces) -> int | None:
    """The living ``dockerd`` that these places belong to, or None."""
    default = str(EnginePlaces().pid_file)
    for pid in processes.find("dockerd"):
        named = _option(processes.command_line(pid), ("-p", "--pidfile"), default)
        if Path(named).resolve() == places.pid_file.resolve():
            return pid
    return None


def remove_stale(places: EnginePlaces, report: Report) -> None:
    """Remove the pid files and sockets that no living engine owns. No ``dockerd`` may be alive."""
    _remove_stale_pid_file(places.pid_file, lambda _: False, report)
    # A containerd that outlived its dockerd is taken over by the next one.
    _remove_stale_pid_file(places.containerd_pid_file, lambda pid: _serves(pid, places), report)
    for path in (places.socket, places.system_containerd_socket):
        if path.is_socket() and _is_deaf(path):
            path.unlink()
            report(f"removed {path}: nothing listens there")


def _remove_stale_pid_file(pid_file: Path, is_owner: Callable[[int], bool], report: Report) -> None:
    try:
        text = pid_file.read_text().strip()
    except FileNotFoundError:
        return
    pid = int(text) if text.isdigit() else 0
    if pid and processes.is_alive(pid):
        if is_owner(pid):
            return
        reason = f"process {pid} is {processes.program_of(pid) or 'another program'} now"
    else:
        reason = f"process {text or '(none)'} is gone"
    pid_file.unlink()
    report(f"removed stale {pid_file}: {reason}")


def _serves(containerd_pid: int, places: EnginePlaces) -> bool:
    program, *arguments = processes.command_line(containerd_pid) or ("",)
    folder = f"{places.exec_root}/"
    return Path(program).name == "containerd" and any(folder in word for word in arguments)


def _is_deaf(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PING_TIMEOUT_S)
        try:
            line.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _start(places: EnginePlaces, report: Report, timeout_s: float) -> None:
    with places.log_file.open("ab") as log:
        log_start_bytes = os.fstat(log.fileno()).st_size
        process = subprocess.Popen(
            [find_program(places.program) or places.program, *places.arguments],
            env={**os.environ, "PATH": _search_path()},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
    report(f"started dockerd (pid {process.pid}), log {places.log_file}")
    started = time.monotonic()
    if _wait(places, lambda: process.poll() is None, started + timeout_s):
        report(f"dockerd answers after {time.monotonic() - started:.1f} s")
        return
    if process.poll() is None:
        raise _timeout(process.pid, timeout_s, places)
    for line in _tail(places.log_file, log_start_bytes):
        report(f"  {line}")
    raise Unavailable(
        "EngineStartFailed",
        f"dockerd ended with exit code {process.returncode} before it answered",
        f"its last words are above, all of them in {places.log_file}; mend that and run "
        "`minicloud doctor --fix` again",
    )


def _wait(places: EnginePlaces, lives: Callable[[], bool], deadline: float) -> bool:
    while lives() and time.monotonic() < deadline:
        if answers(places):
            return True
        time.sleep(POLL_INTERVAL_S)
    return answers(places)


def _timeout(pid: int, timeout_s: float, places: EnginePlaces) -> Unavailable:
    return Unavailable(
        "EngineStartTimeout",
        f"dockerd (pid {pid}) lives but has not answered at {places.socket} for {timeout_s:.0f} s",
        f"run `minicloud doctor --fix` again to go on waiting, or `kill {pid}` first to start "
        f"afresh; its log may tell more ({places.log_file}, if minicloud started it)",
    )


def _tail(log_file: Path, start_bytes: int) -> list[str]:
    with log_file.open("rb") as log:
        log.seek(start_bytes)
        return log.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]


def _option(argv: Sequence[str], names: tuple[str, ...], default: str) -> str:
    for index, word in enumerate(argv):
        name, mark, value = word.partition("=")
        if name in names:
            return value if mark else next(iter(argv[index + 1 :]), default)
    return default


def _search_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_PATH))
