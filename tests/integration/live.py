"""A cloud on the real engine, driven as a person drives it: by the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.engine import DockerEngine

_MINICLOUD = Path(sys.executable).with_name("minicloud")
PATIENCE_S = 30


@dataclass(frozen=True)
class LiveCloud:
    """A cloud of its own home. ``engine`` looks, and meddles, behind its back.

    ``prefix`` comes before each command, ``docker_host`` names another engine than the usual.
    """

    home: Path
    engine: DockerEngine
    prefix: tuple[str, ...] = ()
    docker_host: str = ""

    def cli(self, *words: str, stdin: str = "") -> Any:
        """Run a command; the finished process, its output as text."""
        environment = {"DOCKER_HOST": self.docker_host} if self.docker_host else {}
        return subprocess.run(
            [*self.prefix, str(_MINICLOUD), *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "MINICLOUD_HOME": str(self.home), **environment},
        )

    def ok(self, *words: str) -> str:
        """Run a command that must succeed; its output."""
        done = self.cli(*words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return str(done.stdout)

    def json(self, *words: str) -> Any:
        """Run a command that must succeed; what it prints as JSON."""
        return json.loads(self.ok(*words, "-o", "json"))

    def launch(self, name: str, *, image: str = "base", type_name: str = "t3.nano") -> Any:
        """Have a machine; its view."""
        self.ok("instance", "launch", name, "--image", image, "--type", type_name)
        return self.show(name)

    def show(self, ref: str) -> Any:
        """One machine."""
        shown = self.json("instance", "show", ref)
        return shown[0] if isinstance(shown, list) else shown

    def inside(self, ref: str, *argv: str) -> str:
        """What a command inside a machine prints."""
        return self.ok("instance", "exec", ref, "--", *argv).strip()

    def page(self, url: str) -> str:
        """The page at the URL, once it answers."""
        return str(self.eventually(lambda: _page(url), f"{url} to answer"))

    def eventually(self, look: Callable[[], Any], what: str) -> Any:
        """What ``look`` finds, once it finds something."""
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited {PATIENCE_S} s in vain for {what}")


def url_of(resource: Any, port: int = 80) -> str:
    """The first URL that leads to a port of a machine or an address."""
    return str(next(e["url"] for e in resource["endpoints"] if e["port"] == port))


def refuses(url: str) -> bool:
    """Whether a new connection to the URL is refused at once."""
    try:
        requests.get(url, timeout=2)
    except requests.ConnectionError as error:
        return "refused" in str(error)
    return False


def _page(url: str) -> str:
    try:
        answer = requests.get(url, timeout=2)
    except requests.RequestException:
        return ""
    return answer.text if answer.ok else ""


@contextmanager
def live_cloud() -> Iterator[LiveCloud]:
    """A cloud with the shipped images, taken away at the end; nothing of it may be left."""
    home = Path(tempfile.mkdtemp(prefix="mc-live-", dir="/tmp"))
    cloud = LiveCloud(home, DockerEngine(connect()))
    try:
        cloud.ok("up", "--cpu-overcommit", "30", "--address-limit", "8")
        cloud.ok("image", "build")
        yield cloud
    finally:
        cloud.ok("down", "--purge", "--yes")
        left = [
            container.name
            for container in cloud.engine.containers({})
            if container.name.startswith("minicloud-default-")
        ]
        shutil.rmtree(home)
        assert left == []
