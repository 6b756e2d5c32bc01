"""The AWS endpoint of a live server: its port, its keys, who reaches it, and how it ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import requests

from minicloud.adapters.docker.connection import connect
from minicloud.adapters.docker.engine import DockerEngine
from tests.integration.live import LiveCloud


@pytest.fixture
def live() -> Iterator[LiveCloud]:
    """A cloud without anything in it."""
    with tempfile.TemporaryDirectory(prefix="mc-aws-", dir="/tmp") as folder:
        cloud = LiveCloud(Path(folder), DockerEngine(connect()))
        yield cloud
        cloud.ok("down", "--purge", "--yes")


def _environment(live: LiveCloud) -> dict[str, str]:
    words = shlex.split(live.ok("env"))
    return dict(word.split("=", 1) for word in words if word.startswith("AWS_") and "=" in word)


def _identity(environment: dict[str, str]) -> Any:
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    client = session.client("sts", endpoint_url=environment["AWS_ENDPOINT_URL"])
    return client.get_caller_identity()


def _status(live: LiveCloud) -> Any:
    return live.json("status")


def test_boto3_is_answered_and_finds_the_cloud_again_after_a_kill(live: LiveCloud) -> None:
    environment = _environment(live)
    assert _identity(environment)["Account"] == "123456789012"
    os.kill(_status(live)["server"]["pid"], signal.SIGKILL)
    assert _environment(live) == environment
    assert _identity(environment)["Account"] == "123456789012"
    live.ok("down")
    assert _environment(live) == environment


def test_nothing_but_aws_is_reached_over_tcp_and_that_on_the_loopback_alone(
    live: LiveCloud,
) -> None:
    url = _environment(live)["AWS_ENDPOINT_URL"]
    answer = requests.get(f"{url}/v1/status", timeout=5)
    assert (answer.status_code, "MissingAuthenticationToken" in answer.text) == (403, True)
    port = urlsplit(url).port
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    hosts = {row[1].split(":")[0] for row in listening if row[1].endswith(f":{port:04X}")}
    assert hosts == {"0100007F"}


def test_a_port_that_is_taken_is_told_and_tried_again(live: LiveCloud) -> None:
    url = _environment(live)["AWS_ENDPOINT_URL"]
    live.ok("down")
    with socket.create_server(("127.0.0.1", urlsplit(url).port or 0)):
        told = live.cli("env")
        assert (told.returncode, told.stdout) == (6, "")
        assert "EndpointPortTaken" in told.stderr
        assert _status(live)["aws"]["error"]["code"] == "EndpointPortTaken"
        assert live.json("instance", "list") == []
    live.eventually(lambda: _status(live)["aws"]["url"] == url, "the port to be listened on")


def test_idle_and_endless_clients_keep_nobody_out(live: LiveCloud) -> None:
    environment = _environment(live)
    place = urlsplit(environment["AWS_ENDPOINT_URL"])
    where = (place.hostname or "", place.port or 0)
    with ExitStack() as open_ones:
        for _ in range(100):
            idle = open_ones.enter_context(socket.create_connection(where))
            idle.sendall(b"POST / HTTP/1.1\r\nHost: local")
        assert _identity(environment)["Account"] == "123456789012"
        endless = open_ones.enter_context(socket.create_connection(where))
        assert _is_cut_off(endless)
        idle.settimeout(20)
        assert idle.recv(1) == b""


def _is_cut_off(endless: socket.socket) -> bool:
    endless.settimeout(10)
    try:
        for _ in range(1000):
            endless.sendall(b"X-Header: " + b"x" * 10_000 + b"\r\n")
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def test_no_answer_waits_for_the_acknowledgement_of_its_head(live: LiveCloud) -> None:
    url = _environment(live)["AWS_ENDPOINT_URL"]
    durations_s = []
    with requests.Session() as session:
        for _ in range(30):
            began_s = time.monotonic()
            session.get(url, timeout=5)
            durations_s.append(time.monotonic() - began_s)
    # Linux acknowledges after 40 ms where it has nothing to send; an answer takes one or two.
    assert min(durations_s[10:]) < 0.03, durations_s


def test_the_server_ends_at_once_though_a_client_stays_connected(live: LiveCloud) -> None:
    environment = _environment(live)
    with requests.Session() as session:
        assert session.get(environment["AWS_ENDPOINT_URL"], timeout=5).status_code == 403
        began_s = time.monotonic()
        live.ok("down")
        assert time.monotonic() - began_s < 5


def test_the_secret_is_in_no_status_and_no_log(live: LiveCloud) -> None:
    environment = _environment(live)
    _identity(environment)
    secret = environment["AWS_SECRET_ACCESS_KEY"]
    status = _status(live)
    assert secret not in json.dumps(status)
    assert secret not in Path(status["server"]["log"]).read_text()
