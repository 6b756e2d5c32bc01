"""The pytest plugin: a fresh cloud for each test that asks for ``minicloud_cloud``.

::

    def test_a_machine_is_launched(minicloud_cloud):
        ec2 = boto3.client("ec2")          # the environment points at the cloud
        ec2.run_instances(ImageId=..., MinCount=1, MaxCount=1)

The cloud is on the simulated engine unless ``--minicloud-engine docker``, or ``minicloud_engine``
in the configuration, says otherwise. Each process of pytest-xdist has one of its own; it is emptied
before each test, and removed with its server and its home when the session ends.

pytest imports this in every project of an environment that has minicloud: what a session does not
use is not imported, neither the client nor anything of the standard library that pytest has not.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minicloud.client import Client
    from minicloud.client.shapes import OperationShape, SettingsShape

_ENGINES = ("simulated", "docker")
# What a person's own settings would put in the place of the cloud's.
_IN_THE_WAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_ENDPOINT = "AWS_ENDPOINT_URL"


@dataclass(frozen=True)
class MinicloudCloud:
    """A cloud in which nothing has happened yet, and what reaches it."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    engine: str
    client: Client


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which engine the clouds are on."""
    parser.getgroup("minicloud").addoption(
        "--minicloud-engine",
        choices=_ENGINES,
        default=None,
        help="what the clouds of minicloud_cloud are on (default: simulated)",
    )
    parser.addini("minicloud_engine", "what the clouds of minicloud_cloud are on", default="")


@pytest.fixture(scope="session")
def minicloud_session_cloud(pytestconfig: pytest.Config) -> Iterator[MinicloudCloud]:
    """The cloud of this process, as the tests before have left it."""
    engine = pytestconfig.getoption("minicloud_engine") or pytestconfig.getini("minicloud_engine")
    engine = str(engine or _ENGINES[0])
    if engine not in _ENGINES:
        raise pytest.UsageError(f"minicloud_engine is {engine!r}; there are: {', '.join(_ENGINES)}")
    with _temporary_cloud(engine) as client:
        if engine == "docker":
            _finish(client, client.images.build([]))
        access = client.cloud.aws_access()
        if access["url"] is None:
            pytest.fail(f"the cloud's AWS endpoint does not listen: {access['error']}")
        yield MinicloudCloud(
            access["url"],
            access["region"],
            access["access_key_id"],
            access["secret_access_key"],
            engine,
            client,
        )


@pytest.fixture(scope="session")
def _minicloud_settings(minicloud_session_cloud: MinicloudCloud) -> SettingsShape:
    """The settings that the cloud began with."""
    return minicloud_session_cloud.client.cloud.status()["settings"]


@pytest.fixture
def minicloud_cloud(
    minicloud_session_cloud: MinicloudCloud,
    _minicloud_settings: SettingsShape,
    monkeypatch: pytest.MonkeyPatch,
) -> MinicloudCloud:
    """A cloud as new; AWS's own clients reach it, by the environment, for as long as the test."""
    cloud = minicloud_session_cloud
    _finish(cloud.client, cloud.client.cloud.reset())
    cloud.client.cloud.change_settings(**_minicloud_settings)
    _point_at(cloud, monkeypatch)
    return cloud


def _point_at(cloud: MinicloudCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    other_endpoints = [name for name in os.environ if name.startswith(f"{_ENDPOINT}_")]
    for name in (*_IN_THE_WAY, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", *other_endpoints):
        monkeypatch.delenv(name, raising=False)
    variables = {
        _ENDPOINT: cloud.endpoint_url,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ACCESS_KEY_ID": cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        # A person's own files may name other endpoints, service by service.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if "boto3" in sys.modules:
        # It keeps the keys that it has first found, from one test to the next.
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


@contextmanager
def _temporary_cloud(engine: str) -> Iterator[Client]:
    """A cloud with a home of its own, taken away at the end, its server too."""
    import secrets
    import shutil
    import tempfile

    from minicloud.client import Client
    from minicloud.client.launcher import await_end
    from minicloud.home import CloudHome

    # Not under pytest's own folders: the path of a socket has to be short.
    root = tempfile.mkdtemp(prefix="mc-", dir="/tmp" if Path("/tmp").is_dir() else None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("MINICLOUD_HOME", root)
        # What is in the engine has the cloud's name, so two at once must not share one.
        home = CloudHome(f"pytest-{secrets.token_hex(4)}")
    try:
        client = Client.connect(home, engine=engine)
        pid = client.cloud.status()["server"]["pid"]
        try:
            yield client
        finally:
            for _ in client.cloud.purge():
                pass
            await_end(pid)
    finally:
        shutil.rmtree(root)


def _finish(client: Client, operations: list[OperationShape]) -> None:
    """Wait until these have ended; the first error of those that failed is raised."""
    from minicloud.client.failures import from_record

    for ended in client.operations.wait(operations):
        if ended["error"] is not None:
            raise from_record(ended["error"])
