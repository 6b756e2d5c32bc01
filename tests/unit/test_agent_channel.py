"""The line to an agent: requests and answers of any size, in frames, over lines that break."""

from __future__ import annotations

import json
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from socket import socketpair as pair
from typing import Any

import pytest

from minicloud.adapters.docker.agent_channel import AgentChannel, AgentKind
from minicloud.domain.errors import Conflict, NotFound, Unavailable

STDOUT, STDERR = 1, 2


class FakeEngine:
    """An engine whose commands are threads that answer as an agent would.

    Each hangs up at the request of its number, or never.
    """

    def __init__(self, *hangs_up_at: int) -> None:
        self.argv: list[str] = []
        self.laid = 0
        self.asked: list[dict[str, Any]] = []
        self.is_gone = False
        self._patience = list(hangs_up_at)

    def exec_create(self, container: str, argv: list[str], stdin: bool) -> dict[str, str]:
        assert stdin
        if self.is_gone:
            raise NotFound("EngineObjectMissing", f"no {container}")
        self.argv = argv
        return {"Id": "1"}

    def exec_start(self, identity: str, socket: bool) -> Any:
        assert (identity, socket) == ("1", True)
        ours, theirs = pair()
        patience = self._patience.pop(0) if self._patience else None
        threading.Thread(target=self._talk, args=(theirs, patience), daemon=True).start()
        self.laid += 1
        return ours

    def _talk(self, line: socket.socket, patience: int | None) -> None:
        with line, line.makefile("rb") as requests:
            for number, text in enumerate(requests):
                if number == patience:
                    _say(line, STDERR, b"Killed\n")
                    return
                request = json.loads(text)
                self.asked.append(request)
                answer = json.dumps({"id": request["id"], **self._answer(request)}).encode() + b"\n"
                # Docker cuts what is said into frames where it likes.
                for start in range(0, len(answer), 32768):
                    _say(line, STDERR, b"a warning\n")
                    _say(line, STDOUT, answer[start : start + 32768])

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "fail":
            return {"error": {"code": request["code"], "message": "it cannot"}}
        return {"result": request.get("payload")}


def _say(line: socket.socket, stream: int, data: bytes) -> None:
    line.sendall(struct.pack(">BxxxI", stream, len(data)) + data)


KIND = AgentKind(
    argv=("agent", "pipe"),
    unreachable=lambda name, detail: Unavailable("Gone", f"{name}: {detail}"),
    refusal=Conflict,
)


def channel_to(engine: Any) -> AgentChannel:
    return AgentChannel(engine, "box", KIND)


def test_one_line_serves_many_requests_and_threads() -> None:
    engine = FakeEngine()
    channel = channel_to(engine)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: channel.call("echo", {"payload": n}), range(200)))
    assert answers == list(range(200))
    assert (engine.laid, engine.argv) == (1, ["agent", "pipe"])


def test_megabytes_both_ways() -> None:
    payload = "é\n" * 1_000_000
    assert channel_to(FakeEngine()).call("echo", {"payload": payload}) == payload


def test_a_broken_line_is_laid_anew_and_the_request_sent_again() -> None:
    engine = FakeEngine(2)
    channel = channel_to(engine)
    assert [channel.call("echo", {"payload": n}) for n in range(4)] == [0, 1, 2, 3]
    assert engine.laid == 2


def test_an_agent_that_hangs_up_each_time_is_unreachable() -> None:
    with pytest.raises(Unavailable) as refused:
        channel_to(FakeEngine(0, 0)).call("echo")
    assert (refused.value.code, refused.value.message) == ("Gone", "box: Killed")


def test_a_container_that_is_gone_is_unreachable_and_found_again() -> None:
    engine = FakeEngine()
    channel = channel_to(engine)
    engine.is_gone = True
    with pytest.raises(Unavailable) as refused:
        channel.call("echo")
    assert refused.value.code == "Gone"
    engine.is_gone = False
    assert channel.call("echo", {"payload": 1}) == 1


def test_a_refusal_is_told_in_the_kinds_words_and_the_line_stays() -> None:
    engine = FakeEngine()
    channel = channel_to(engine)
    with pytest.raises(Conflict) as refused:
        channel.call("fail", {"code": "Taken"})
    assert (refused.value.code, refused.value.message) == ("Taken", "it cannot")
    channel.call("echo")
    assert engine.laid == 1


def test_a_closed_channel_lays_its_line_anew() -> None:
    engine = FakeEngine()
    channel = channel_to(engine)
    channel.call("echo")
    channel.close()
    channel.call("echo")
    assert engine.laid == 2
