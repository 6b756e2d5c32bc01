"""The client: HTTP over a socket, errors made again, waiting, starting a server, its home."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.client import Client, launcher
from minicloud.client.failures import from_response
from minicloud.client.http import Exchange, ProtocolError
from minicloud.client.transport import Transport, is_answering, segment
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    MiniCloudError,
    NotFound,
    Unavailable,
)
from minicloud.home import CloudHome
from tests.unit import canned

_OP = "op-00000000000000001"


@contextmanager
def _server(path: Path, answer: bytes) -> Iterator[list[bytes]]:
    """Answers every request with these bytes, and keeps what was asked."""
    asked: list[bytes] = []
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                if request := connection.recv(65536):
                    asked.append(request)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def _counted(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


def _chunked(*chunks: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


def test_a_request_says_what_it_should(tmp_path: Path) -> None:
    with _server(tmp_path / "s", _counted(b'{"operations": []}')) as asked:
        client = Client(Transport(tmp_path / "s"))
        assert client.instances.resize("a b", "t3.large") == []
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/instances/a%20b/resize HTTP/1.1\r\n")
    assert json.loads(body) == {"type": "t3.large"}


def test_queries_and_absent_fields(tmp_path: Path) -> None:
    with _server(tmp_path / "s", _counted(b"[]")) as asked:
        client = Client(Transport(tmp_path / "s"))
        client.instances.list(include_terminated=True)
        client.cloud.change_settings(address_limit=7)
    assert asked[0].startswith(b"GET /v1/instances?all=true HTTP/1.1")
    assert asked[1].endswith(b'{"address_limit": 7}')


@given(chunks=st.lists(st.binary(min_size=1, max_size=200), max_size=8))
def test_chunks_are_put_together(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("c") / "s"
    with _server(path, _chunked(*chunks)), Exchange(path) as exchange:
        assert exchange.ask("GET", "/", b"", 5) == 200
        assert exchange.body() == b"".join(chunks)


def test_json_lines_cross_chunks(tmp_path: Path) -> None:
    pieces = _chunked(b'{"stream": "stdout", "data_', b'base64": "aGk="}\n{"exit', b'_code": 3}\n')
    with _server(tmp_path / "s", pieces):
        output = list(Client(Transport(tmp_path / "s")).instances.exec("web", ["true"]))
    assert [(o.data, o.exit_code) for o in output] == [(b"hi", None), (b"", 3)]


def test_an_error_in_a_stream_is_raised(tmp_path: Path) -> None:
    line = json.dumps({"error": canned.error("EngineUnreachable")}).encode()
    with _server(tmp_path / "s", _chunked(line)), pytest.raises(EngineUnreachable):
        list(Client(Transport(tmp_path / "s")).cloud.purge())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        _counted(b"this is not JSON"),
    ],
)
def test_what_is_no_answer_is_unavailable(tmp_path: Path, answer: bytes) -> None:
    with _server(tmp_path / "s", answer), pytest.raises(Unavailable) as raised:
        Client(Transport(tmp_path / "s")).instances.list()
    assert raised.value.code == "ServerGone"


def test_silence_ends_in_a_timeout(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        with pytest.raises(Unavailable) as raised:
            Client(Transport(tmp_path / "s", answer_timeout_s=0.01)).instances.list()
    assert raised.value.code == "ServerTimeout"


@given(answer=st.binary(max_size=300))
def test_no_answer_brings_anything_but_our_errors(
    tmp_path_factory: pytest.TempPathFactory, answer: bytes
) -> None:
    path = tmp_path_factory.mktemp("c") / "s"
    with _server(path, answer), Exchange(path) as exchange:
        try:
            exchange.ask("GET", "/", b"", 5)
            exchange.body()
        except (OSError, ProtocolError):
            pass


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "InvalidParameterValue", InvalidRequest),
        (404, "InvalidInstanceID.NotFound", NotFound),
        (405, "InvalidAction", InvalidRequest),
        (409, "IncorrectInstanceState", Conflict),
        (409, "InsufficientInstanceCapacity", CapacityExceeded),
        (409, "AddressLimitExceeded", CapacityExceeded),
        (409, "InsufficientAddressCapacity", CapacityExceeded),
        (503, "EngineUnreachable", EngineUnreachable),
        (503, "EngineDiskFull", Unavailable),
        (500, "InternalError", MiniCloudError),
    ],
)
def test_errors_are_made_again(
    tmp_path: Path, status: int, code: str, expected: type[MiniCloudError]
) -> None:
    said = json.dumps({"error": {"code": code, "message": "m", "resolution": "r"}}).encode()
    with (
        _server(tmp_path / "s", _counted(said, f"{status} No")),
        pytest.raises(MiniCloudError) as raised,
    ):
        Client(Transport(tmp_path / "s")).instances.list()
    assert type(raised.value) is expected
    assert (raised.value.code, raised.value.message, raised.value.resolution) == (code, "m", "r")


@given(body=st.binary(max_size=100) | st.sampled_from([b"[]", b'{"error": 3}', b'{"error": {}}']))
def test_an_error_that_cannot_be_read_is_still_an_error(body: bytes) -> None:
    assert from_response(502, body).code == "UnexpectedAnswer"


@given(ref=st.text(min_size=1, max_size=256).filter(lambda ref: "/" not in ref))
def test_a_ref_is_one_plain_segment(ref: str) -> None:
    assert segment(ref).isascii()
    assert not set(segment(ref)) & set("/?# \r\n")


@pytest.mark.parametrize("ref", ["", "a/b", "x" * 257])
def test_what_can_be_no_ref_is_refused_here(ref: str) -> None:
    with pytest.raises(InvalidRequest):
        segment(ref)


def test_waiting_follows_all_and_keeps_their_order() -> None:
    changes = {
        "op-1": iter([canned.operation("running", id="op-1"), canned.operation(id="op-1")]),
        "op-2": iter([canned.operation("failed", id="op-2")]),
    }
    answers: dict[tuple[str, str], Callable[[Any], Any]] = {
        ("GET", "/operations/op-1"): lambda _query: next(changes["op-1"]),
        ("GET", "/operations/op-2"): lambda _query: next(changes["op-2"]),
    }
    operations = Client(canned.CannedTransport(answers)).operations
    begun: list[Any] = [canned.operation("running", id=id_) for id_ in ("op-1", "op-2", "op-1")]
    seen: list[str] = []
    ended = operations.wait(begun, lambda operation: seen.append(operation["status"]))
    assert [(o["id"], o["status"]) for o in ended] == [
        *(("op-1", "succeeded"), ("op-2", "failed"), ("op-1", "succeeded"))
    ]
    assert sorted(seen) == ["failed", "running", "succeeded"]


def test_waiting_ends_where_the_server_goes() -> None:
    gone = Unavailable("ServerGone", "a", "b")
    operations = Client(canned.CannedTransport({("GET", f"/operations/{_OP}"): gone})).operations
    begun: list[Any] = [canned.operation("running")]
    with pytest.raises(Unavailable):
        operations.wait(begun)


def test_a_server_is_started_where_none_listens_and_asked_once(tmp_path: Path) -> None:
    started: list[Any] = []

    def start() -> None:
        server = _server(tmp_path / "s", _counted(b"[]"))
        started.append((server, server.__enter__()))

    client = Client(Transport(tmp_path / "s", start))
    assert client.instances.list() == []
    assert client.instances.list() == []
    ((server, asked),) = started
    server.__exit__(None, None, None)
    assert len(asked) == 2


def test_without_starting_it_is_unavailable(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    with pytest.raises(Unavailable) as raised:
        Client.connect(CloudHome("none"), start=False).instances.list()
    assert raised.value.code == "ServerNotRunning"
    assert not is_answering(CloudHome("none").socket)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CloudHome:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    return CloudHome("trial")


@pytest.fixture
def spawning(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Makes the launcher start these programs, one after another, in place of a server."""
    children: list[subprocess.Popen[bytes]] = []

    def use(*programs: str) -> list[str]:
        left = list(programs)

        def spawn(home: CloudHome, engine: str | None) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-c", left.pop(0), str(home.socket)]
            with home.log.open("ab") as log:
                children.append(subprocess.Popen(command, stdout=log, stderr=log))
            return children[-1]

        monkeypatch.setattr(launcher, "_spawn", spawn)
        return left

    yield use
    for child in children:
        child.kill()
        child.wait()


_LISTEN = """
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
while True: s.accept()
"""


def test_a_server_that_gives_way_to_a_dying_one_is_started_again(
    home: CloudHome, spawning: Callable[..., list[str]]
) -> None:
    left = spawning("pass", _LISTEN)
    launcher.start_server(home)
    assert not left
    assert home.folder.stat().st_mode & 0o777 == 0o700


def test_a_server_that_ends_with_an_error_has_it_told(
    home: CloudHome, spawning: Callable[..., list[str]]
) -> None:
    last_words = "error: StoreDamaged: it is no database\\n  → begin anew\\n"
    spawning(f"import sys; sys.stderr.write('{last_words}'); sys.exit(6)")
    with pytest.raises(Unavailable) as raised:
        launcher.start_server(home)
    assert (raised.value.code, raised.value.message, raised.value.resolution) == (
        *("StoreDamaged", "it is no database", "begin anew"),
    )


def test_a_server_that_dies_of_a_defect_has_its_last_line_told(
    home: CloudHome, spawning: Callable[..., list[str]]
) -> None:
    home.ensure()
    home.log.write_text("error: Old: an old word\n  → forgotten\n")
    spawning("raise ValueError('five')")
    with pytest.raises(Unavailable) as raised:
        launcher.start_server(home)
    assert raised.value.code == "ServerDied"
    assert "ValueError: five" in raised.value.message


def test_of_many_clients_one_starts_the_server(
    home: CloudHome, spawning: Callable[..., list[str]]
) -> None:
    left = spawning(_LISTEN)
    threads = [threading.Thread(target=launcher.start_server, args=(home,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not left


def test_waiting_never_brings_a_server_back(tmp_path: Path) -> None:
    running = json.dumps(canned.operation("running")).encode()
    started: list[str] = []
    with _server(tmp_path / "s", _counted(running)):
        client = Client(Transport(tmp_path / "s", lambda: started.append("again")))
        following = client.operations.follow(_OP)
        next(following)
    (tmp_path / "s").unlink()
    with pytest.raises(Unavailable) as raised:
        next(following)
    assert raised.value.code == "ServerNotRunning"
    assert not started


def test_the_end_of_a_process_is_seen_child_or_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    launcher.await_end(child.pid)
    launcher.await_end(child.pid)
    child.wait()


def test_homes_are_apart_and_for_their_owner_alone(home: CloudHome, tmp_path: Path) -> None:
    assert home.folder == tmp_path / "clouds" / "trial"
    assert not home.folder.exists()
    home.ensure()
    assert home.folder.stat().st_mode & 0o777 == 0o700
    assert {home.socket.parent, home.lock.parent, home.database.parent, home.log.parent} == {
        home.folder
    }


@pytest.mark.parametrize("name", ["", "A", "-a", "a" * 33, "a/b", "..", "a b", "é", "a\n"])
def test_a_cloud_has_a_plain_name(name: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        CloudHome(name)
    assert raised.value.code == "InvalidCloudName"


def test_a_path_too_long_for_a_socket_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINICLOUD_HOME", "/" + "long/" * 20)
    with pytest.raises(InvalidRequest) as raised:
        CloudHome()
    assert "MINICLOUD_HOME" in raised.value.resolution


def test_a_home_that_cannot_be_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not pytest's own folder: its path may be too long for a socket, which is refused first.
    with tempfile.NamedTemporaryFile(prefix="mc-") as file:
        monkeypatch.setenv("MINICLOUD_HOME", file.name)
        with pytest.raises(InvalidRequest) as raised:
            CloudHome().ensure()
    assert raised.value.code == "HomeNotWritable"
