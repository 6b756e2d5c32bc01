"""An engine that dies and comes back: nothing half-done, nothing lost, a clear word meanwhile.

The engine is one of our own, in a network namespace of its own, so that it can be killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.engine import DockerEngine
from minicloud.adapters.docker.images.builder import DockerImageBuilder
from minicloud.domain.errors import EngineUnreachable
from tests.integration.live import LiveCloud

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an engine of our own takes root")
NAMESPACE = "mc-engine"
INSIDE = ("nsenter", f"--net=/run/netns/{NAMESPACE}")
READ_PAGE = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read())"


@dataclass
class MortalEngine:
    """A ``dockerd`` that can be killed and started again."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Its address."""
        return f"unix://{self.folder}/docker.sock"

    def start(self) -> None:
        """Start it and wait until it answers."""
        for stale in ("docker.pid", "exec/containerd/containerd.pid"):
            (self.folder / stale).unlink(missing_ok=True)
        with (self.folder / "log").open("a") as log:
            arguments = (
                *("--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"),
                *("--pidfile", f"{self.folder}/docker.pid", "--host", self.host),
            )
            process = subprocess.Popen(
                [*INSIDE, "dockerd", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.processes.append(process)
        until_s = time.monotonic() + 40
        while not self.answers():
            assert time.monotonic() < until_s, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it answers."""
        with suppress(docker.errors.DockerException, requests.RequestException):
            return bool(docker.DockerClient(self.host, version="1.41", timeout=2).ping())
        return False

    def kill(self) -> None:
        """End it without a word."""
        self.processes[-1].kill()
        self.processes[-1].wait()

    def end(self) -> None:
        """End it in good order, with every container."""
        if self.processes and self.processes[-1].poll() is None:
            self.processes[-1].send_signal(signal.SIGTERM)
            self.processes[-1].wait(30)


@pytest.fixture(scope="module")
def mortal_engine() -> Iterator[MortalEngine]:
    # Short, since sockets lie below it.
    folder = Path(tempfile.mkdtemp(prefix="mc-eng-", dir="/tmp"))
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    subprocess.run([*INSIDE, "ip", "link", "set", "lo", "up"], check=True)
    engine = MortalEngine(folder)
    try:
        engine.start()
        _carry_images_over(engine)
        yield engine
    finally:
        engine.end()
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        for mount in sorted((m.split()[1] for m in mounts if str(folder) in m), reverse=True):
            subprocess.run(["umount", mount], check=True)
        shutil.rmtree(folder)


def _carry_images_over(engine: MortalEngine) -> None:
    usual = connect()
    builder = DockerImageBuilder(usual)
    own = docker.DockerClient(engine.host, version="1.41", timeout=120)
    for recipe in builder.recipes():
        reference = builder.ensure(recipe.name, lambda _progress: None).reference
        with tempfile.TemporaryFile(dir=engine.folder) as saved:
            saved.writelines(usual.images.get(reference).save(named=True))
            saved.seek(0)
            own.images.load(saved)


@pytest.fixture
def mortal_cloud(mortal_engine: MortalEngine) -> Iterator[LiveCloud]:
    home = Path(tempfile.mkdtemp(prefix="mc-mortal-", dir="/tmp"))
    client = docker.DockerClient(mortal_engine.host, version="1.41")
    live = LiveCloud(home, DockerEngine(client), INSIDE, mortal_engine.host)
    try:
        live.ok("image", "build")
        yield live
    finally:
        live.ok("down", "--purge", "--yes")
        shutil.rmtree(home)


def page(url: str) -> str:
    done = subprocess.run(
        [*INSIDE, sys.executable, "-c", READ_PAGE, url], check=False, capture_output=True, text=True
    )
    return done.stdout


def state(cloud: LiveCloud, ref: str) -> str:
    return str(cloud.show(ref)["state"])


def test_no_engine_is_said_at_once_and_machines_come_back_stopped(
    mortal_engine: MortalEngine, mortal_cloud: LiveCloud
) -> None:
    cloud = mortal_cloud
    before = cloud.launch("shop", image="web")
    cloud.ok("address", "allocate", "front")
    cloud.ok("address", "associate", "front", "shop")
    address = cloud.json("address", "show", "front")
    url = f"http://{_first(address)['public_ip']}/"
    cloud.eventually(lambda: before["hostname"] in page(url), "the page")
    mortal_engine.kill()
    refused = cloud.cli("instance", "launch", "more", "--image", "base", "--type", "t3.nano")
    assert refused.returncode == 6
    assert "EngineUnreachable" in refused.stderr
    assert "doctor --fix" in refused.stderr
    assert cloud.json("status")["engine"]["reachable"] is False
    assert len(cloud.json("instance", "list")) == 1
    mortal_engine.start()
    cloud.eventually(lambda: state(cloud, "shop") == "stopped", "the truth to be recorded")
    assert "through the engine" in cloud.show("shop")["state_reason"]["message"]
    cloud.ok("instance", "start", "shop")
    assert cloud.show("shop")["private_ip"] == before["private_ip"]
    cloud.eventually(lambda: before["hostname"] in page(url), "the page, at the same address")


def test_an_operation_waits_for_its_engine_and_then_goes_on(
    mortal_engine: MortalEngine, mortal_cloud: LiveCloud
) -> None:
    cloud = mortal_cloud
    cloud.launch("growing", image="web")
    cloud.ok("scale-up", "growing", "--type", "t3.micro", "--no-wait")
    mortal_engine.kill()
    (operation,) = [o for o in cloud.json("operation", "list") if o["kind"] == "scale-up"]
    with pytest.raises(EngineUnreachable):
        cloud.engine.ping()
    mortal_engine.start()

    def ended() -> Any:
        found = _first(cloud.json("operation", "show", operation["id"]))
        return found if found["status"] in {"succeeded", "failed"} else None

    outcome = cloud.eventually(ended, "the operation to end")
    grown = cloud.eventually(lambda: _settled(cloud), "the machine to settle")
    assert grown["type"] == ("t3.micro" if outcome["status"] == "succeeded" else "t3.nano")
    assert len(cloud.json("instance", "list")) == 1


def _settled(cloud: LiveCloud) -> Any:
    found = cloud.show("growing")
    return found if found["state"] in {"running", "stopped"} else None


def _first(answer: Any) -> Any:
    return answer[0] if isinstance(answer, list) else answer
