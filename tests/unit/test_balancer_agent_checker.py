"""Checks against targets that are well, broken, or hostile: real sockets of this machine."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from balancer_agent import checker
from balancer_agent.checker import NotAsked, check
from balancer_agent.health import Outcome, Reason

from tests.unit.agent_documents import health_settings

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "127.0.0.1"


def asked(handler: Handler, **changes: Any) -> Outcome:
    """The outcome of one check of a server that does this with each connection."""

    async def run() -> Outcome:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            except OSError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await check(HOST, port, replace(health_settings(**changes), timeout_s=1))
        finally:
            server.close()

    return asyncio.run(run())


def saying(*pieces: bytes, pause_s: float = 0.0) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return handler


def verdict(outcome: Outcome) -> tuple[bool, str, Reason]:
    return outcome.passed, outcome.detail, outcome.reason


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_good_answer_passes_and_says_how_long_it_took() -> None:
    outcome = asked(saying(OK))
    assert verdict(outcome) == (True, "200 OK", Reason.NONE)
    assert 0 < outcome.duration_ms < 1000


def test_the_question_is_an_http_request_on_its_own_connection() -> None:
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        port = writer.get_extra_info("sockname")[1]
        heard.append(str(port).encode())

    asked(listen, path="/index.html?a=b")
    request, port = heard
    assert request.decode().split("\r\n") == [
        "GET /index.html?a=b HTTP/1.1",
        f"Host: {HOST}:{port.decode()}",
        "User-Agent: ELB-HealthChecker/2.0",
        "Connection: close",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("answer", "matcher", "passes", "detail"),
    [
        (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", [[200, 200]], False,
         "301 Moved Permanently"),
        (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", [[200, 399]], True,
         "301 Moved Permanently"),
        (b"HTTP/1.0 503 x\r\n\r\n", [[200, 200]], False, "503 Service Unavailable"),
        (b"HTTP/1.1 299\r\n\r\n", [[200, 204], [299, 299]], True, "299"),
        (b"HTTP/1.1 200 \x1b[31m\xff\r\n\r\n", [[200, 200]], True, "200 OK"),
        (b"HTTP/1.1 200 OK\n\n", [[200, 200]], True, "200 OK"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", [[200, 200]], True, "200 OK"),
        (b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" * 3 + OK, [[200, 200]], True, "200 OK"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", [[200, 200]], False, "101 Switching Protocols"),
    ],
)  # fmt: skip
def test_the_code_decides(
    answer: bytes, matcher: list[list[int]], passes: bool, detail: str
) -> None:
    reason = Reason.NONE if passes else Reason.MISMATCH
    assert verdict(asked(saying(answer), matcher=matcher)) == (passes, detail, reason)


def test_an_answer_in_pieces_is_one_answer() -> None:
    pieces = [OK[at : at + 1] for at in range(len(OK))]
    assert asked(saying(*pieces)).passed


@pytest.mark.parametrize(
    ("pieces", "detail"),
    [
        ([], "sent no answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-"], "closed the connection in its answer"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], "closed the connection in its answer"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "does not speak HTTP/1: SSH-2.0-OpenSSH_9.2."),
        ([b"\x16\x03\x01\x1b]0;pwned\x07\r\n"], "does not speak HTTP/1: ....]0;pwned.."),
        ([b"HTTP/2 200\r\n\r\n"], "does not speak HTTP/1: HTTP/2 200."),
        ([b"HTTP/1.1 2000 OK\r\n\r\n"], "does not speak HTTP/1: HTTP/1.1 2000 OK."),
        ([b"HTTP/1.1 000 OK\r\n\r\n"], "does not speak HTTP/1: HTTP/1.1 000 OK."),
        ([b"\r\n\r\n"], "does not speak HTTP/1: ."),
        ([b"x" * 100_000], f"does not speak HTTP/1: {'x' * 40}"),
        ([b"HTTP/1.1 200 " + b"x" * 9000], "its status line is longer than 8192 bytes"),
        ([b"HTTP/1.1 200 " + b"x" * 9000 + b"\r\n"], "its status line is longer than 8192 bytes"),
        (
            [b"HTTP/1.1 200 OK\r\n", *[b"X-Long: " + b"y" * 8000 + b"\r\n"] * 100],
            "the head of its answer is longer than 65536 bytes",
        ),
        (
            [b"HTTP/1.1 103 Early\r\n\r\n" * 10_000],
            "the head of its answer is longer than 65536 bytes",
        ),
    ],
)
def test_what_is_no_answer_fails_and_says_so_in_plain_text(
    pieces: list[bytes], detail: str
) -> None:
    outcome = asked(saying(*pieces))
    assert verdict(outcome) == (False, detail, Reason.FAILED)
    assert detail.isascii()
    assert detail.isprintable()


class Dripping:
    """A loop in which a head without an end arrives byte by byte."""

    def __init__(self) -> None:
        self.rest = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 60_000
        self.reads = 0

    async def sock_recv(self, _: socket.socket, size: int) -> bytes:
        self.reads += 1
        return self.rest[self.reads - 1 : self.reads]


def test_a_head_that_comes_byte_by_byte_is_given_up_before_it_costs_much() -> None:
    loop = Dripping()
    with socket.socket() as unused, pytest.raises(Exception, match="more than 512 pieces"):
        asyncio.run(checker._answered_code(cast("asyncio.AbstractEventLoop", loop), unused))
    assert loop.reads == 512


async def _never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("handler", [_never, _forever])
def test_whoever_does_not_come_to_an_end_has_timed_out(handler: Handler) -> None:
    began_s = time.monotonic()
    assert verdict(asked(handler)) == (False, "timed out after 1 s", Reason.TIMEOUT)
    assert time.monotonic() - began_s < 2


def test_a_reset_connection_has_failed() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    assert verdict(asked(reset)) == (False, "connection reset", Reason.FAILED)


def test_a_closed_port_has_failed() -> None:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        port = unused.getsockname()[1]
        for protocol in ("HTTP", "TCP"):
            outcome = asyncio.run(check(HOST, port, health_settings(protocol=protocol)))
            assert verdict(outcome) == (False, "connection refused", Reason.FAILED)


def test_a_tcp_check_wants_a_connection_and_no_more() -> None:
    assert verdict(asked(_never, protocol="TCP")) == (True, "connected", Reason.NONE)


def test_a_body_is_not_waited_for() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"z" * 65536)
            await writer.drain()

    began_s = time.monotonic()
    assert asked(endless).passed
    assert time.monotonic() - began_s < 1


def test_a_target_is_not_blamed_for_what_this_machine_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def out_of_files(*_: object) -> Outcome:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(checker, "_ask", out_of_files)
    with pytest.raises(NotAsked, match="Too many open files"):
        asyncio.run(check(HOST, 80, health_settings()))


def test_a_target_is_not_blamed_for_an_agent_that_was_held_up() -> None:
    async def hold_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        time.sleep(2.1)  # the agent's own loop stands still, as on a machine that slept
        await reader.read()

    with pytest.raises(NotAsked, match="held up"):
        asked(hold_up)
