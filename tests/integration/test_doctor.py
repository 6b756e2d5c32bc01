"""The starter on a second, real ``dockerd`` beside the one the other tests use.

Every test leaves the machine in a state that a killed session leaves, and asks for an engine.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from minicloud.doctor import processes, starter
from minicloud.doctor.starter import EnginePlaces
from minicloud.domain.errors import Unavailable

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or starter.find_program("dockerd") is None,
    reason="starting a second dockerd takes root and an installed dockerd",
)
END_TIMEOUT_S = 20


@pytest.fixture(scope="module")
def bridge() -> Iterator[str]:
    """A bridge for the second engine: told to use none, it removes the first one's docker0."""
    name = "mc-doctor0"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", name], check=True)
    yield name
    subprocess.run(["ip", "link", "delete", name], check=True)


@pytest.fixture
def places(bridge: str) -> Iterator[EnginePlaces]:
    # Not tmp_path: containerd's sockets must stay below the length a UNIX socket path may have.
    folder = Path(tempfile.mkdtemp(prefix="mc-doctor-", dir="/tmp"))
    found = EnginePlaces(
        socket=folder / "docker.sock",
        pid_file=folder / "docker.pid",
        exec_root=folder / "exec",
        log_file=folder / "dockerd.log",
        lock_file=folder / "lock",
        system_containerd_socket=folder / "containerd.sock",
        arguments=(
            *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
            *("--pidfile", str(folder / "docker.pid"), "--host", f"unix://{folder}/docker.sock"),
            *("--bridge", bridge, "--iptables=false"),
        ),
    )
    yield found
    daemon = starter.find_daemon(found)
    if daemon is not None:
        end(daemon, signal.SIGTERM)
    remove(folder)


@pytest.fixture
def stranger() -> Iterator[int]:
    """A living process that has nothing to do with Docker."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


def ensure(places: EnginePlaces) -> tuple[int, list[str]]:
    lines: list[str] = []
    with starter.exclusive(places.lock_file, lines.append):
        starter.ensure_running(places, lines.append)
    assert starter.answers(places)
    daemon = starter.find_daemon(places)
    assert daemon is not None
    assert places.pid_file.read_text() == str(daemon)
    return daemon, lines


def end(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)
    deadline = time.monotonic() + END_TIMEOUT_S
    while processes.is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} does not end"
        time.sleep(0.02)


def remove(folder: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", mount], check=True)
    shutil.rmtree(folder)


def test_from_nothing_and_again(places: EnginePlaces) -> None:
    daemon, lines = ensure(places)
    assert any("answers after" in line for line in lines)
    assert ensure(places) == (daemon, [])


def test_after_a_killed_engine(places: EnginePlaces) -> None:
    daemon, _ = ensure(places)
    end(daemon, signal.SIGKILL)
    again, _ = ensure(places)
    assert again != daemon


def test_after_a_killed_engine_whose_pids_are_others_now(
    places: EnginePlaces, stranger: int
) -> None:
    daemon, _ = ensure(places)
    end(daemon, signal.SIGKILL)
    places.pid_file.write_text(str(stranger))
    places.containerd_pid_file.write_text(str(stranger))
    _, lines = ensure(places)
    assert sum(f"process {stranger} is sleep now" in line for line in lines) == 2
    assert processes.is_alive(stranger)


def test_an_engine_that_is_starting_is_waited_for(places: EnginePlaces) -> None:
    with places.log_file.open("wb") as log:
        process = subprocess.Popen(
            ["dockerd", *places.arguments], stdout=log, stderr=log, start_new_session=True
        )
    os.kill(process.pid, signal.SIGSTOP)
    waker = subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {process.pid}"])
    daemon, lines = ensure(places)
    assert daemon == process.pid
    assert lines == [f"dockerd (pid {daemon}) is starting: waiting for it"]
    waker.wait()
    process.terminate()
    process.wait()


def test_an_engine_that_never_answers_is_named_and_left_alone(places: EnginePlaces) -> None:
    daemon, _ = ensure(places)
    os.kill(daemon, signal.SIGSTOP)
    with pytest.raises(Unavailable, match=f"pid {daemon}") as caught:
        starter.ensure_running(places, lambda _: None, timeout_s=0.5)
    assert caught.value.code == "EngineStartTimeout"
    os.kill(daemon, signal.SIGCONT)
    assert ensure(places) == (daemon, [])


def test_two_doctors_start_one_engine(places: EnginePlaces) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        found = pool.map(ensure, [places] * 3, chunksize=1)
    assert len({daemon for daemon, _ in found}) == 1
    assert sum("started dockerd" in line for _, lines in found for line in lines) == 1


def test_an_engine_that_dies_shows_its_last_words(places: EnginePlaces) -> None:
    lines: list[str] = []
    broken = replace(places, arguments=(*places.arguments, "--storage-driver=nonsense"))
    with pytest.raises(Unavailable) as caught:
        starter.ensure_running(broken, lines.append)
    assert caught.value.code == "EngineStartFailed"
    assert str(places.log_file) in caught.value.resolution
    assert any("nonsense" in line for line in lines)
