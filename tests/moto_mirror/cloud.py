"""The cloud that moto's tests meet: one on the simulated engine, gone when they are over."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from minicloud.client import Client
from minicloud.client.launcher import await_end
from minicloud.home import CloudHome

_NAME = "moto-mirror"


@dataclass(frozen=True)
class MirrorCloud:
    """What reaches the cloud: AWS's clients, and its own API."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    socket: Path


@contextmanager
def mirror_cloud() -> Iterator[MirrorCloud]:
    """A cloud with a home of its own."""
    # The path of a socket has to be short.
    root = tempfile.mkdtemp(prefix="mc-moto-", dir="/tmp")
    try:
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("MINICLOUD_HOME", root)
            home = CloudHome(_NAME)
            client = Client.connect(home, engine="simulated")
            pid = client.cloud.status()["server"]["pid"]
        try:
            yield _reached(client, home)
        finally:
            for _ in client.cloud.purge():
                pass
            await_end(pid)
    finally:
        shutil.rmtree(root)


def _reached(client: Client, home: CloudHome) -> MirrorCloud:
    access = client.cloud.aws_access()
    if access["url"] is None:
        raise RuntimeError(f"the cloud's AWS endpoint does not listen: {access['error']}")
    return MirrorCloud(
        access["url"],
        access["region"],
        access["access_key_id"],
        access["secret_access_key"],
        home.socket,
    )
