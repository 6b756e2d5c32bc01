"""One question to one target, over a connection of its own, and what its answer is worth.

A target may be broken or hostile: the whole takes ``timeout_s`` at most, no more than the answer's
head is read, and of that no more than 64 KiB; what is shown of it is printable ASCII and short.
"""

from __future__ import annotations

import asyncio
import errno
import http
import os
import re
import socket
import time
from typing import Final

from balancer_agent.document import HTTP, HealthSettings
from balancer_agent.health import Outcome, Reason

_STATUS_LINE_MAX_BYTES: Final = 8 << 10
_HEAD_MAX_BYTES: Final = 64 << 10
_PIECES_MAX: Final = 512
"""Read byte by byte, a head within the limit would still cost seconds of this process."""
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_SHOWN_MAX: Final = 40
_LATE_S: Final = 1.0
_OUR_OWN: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
)
_CAUSES: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network unreachable",
}
_PHRASES: Final = {int(status): status.phrase for status in http.HTTPStatus}


class NotAsked(Exception):
    """The check could not be made, and the target is not to blame."""


class _Bad(Exception):
    """The target's answer is none; the message says why, in printable ASCII."""


async def check(ip: str, port: int, settings: HealthSettings) -> Outcome:
    """Ask once. ``NotAsked`` where this machine itself was out of something, or held up."""
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(settings.timeout_s):
            outcome = await _ask(ip, port, settings)
    except TimeoutError:
        outcome = _timed_out(settings, time.monotonic() - began_s)
    except _Bad as bad:
        outcome = Outcome(False, str(bad), 0.0, Reason.FAILED)
    except OSError as error:
        if error.errno in _OUR_OWN:
            raise NotAsked(str(error)) from error
        if error.errno == errno.ETIMEDOUT:
            outcome = _timed_out(settings, 0.0)
        else:
            number = error.errno or 0
            cause = _CAUSES.get(number, os.strerror(number).lower())
            outcome = Outcome(False, cause, 0.0, Reason.FAILED)
    duration_ms = round((time.monotonic() - began_s) * 1000, 3)
    return Outcome(outcome.passed, outcome.detail, duration_ms, outcome.reason)


def _timed_out(settings: HealthSettings, took_s: float) -> Outcome:
    if took_s > settings.timeout_s + _LATE_S:
        # It was this process that did not get to look: it judges nobody by that.
        raise NotAsked(f"the agent was held up for {took_s - settings.timeout_s:.1f} s")
    return Outcome(False, f"timed out after {settings.timeout_s} s", 0.0, Reason.TIMEOUT)


async def _ask(ip: str, port: int, settings: HealthSettings) -> Outcome:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, (ip, port))
        if settings.protocol != HTTP:
            return Outcome(True, "connected", 0.0)
        request = (
            f"GET {settings.path} HTTP/1.1\r\nHost: {ip}:{port}\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n"
        )
        await loop.sock_sendall(connection, request.encode("ascii"))
        code = await _answered_code(loop, connection)
    shown = f"{code} {_PHRASES.get(code, '')}".rstrip()
    if settings.matches(code):
        return Outcome(True, shown, 0.0)
    return Outcome(False, shown, 0.0, Reason.MISMATCH)


async def _answered_code(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> int:
    """The code of the first whole answer that is more than an interim one (1xx)."""
    received = bytearray()
    total = scanned = 0
    code: int | None = None
    for _ in range(_PIECES_MAX):
        chunk = await loop.sock_recv(connection, 8192)
        if not chunk:
            raise _Bad("closed the connection in its answer" if total else "sent no answer")
        received += chunk
        total += len(chunk)
        while (code := code or _code(received)) is not None:
            end = _HEAD_END.search(received, max(0, scanned - len(b"\r\n\r\n")))
            if end is None:
                break
            if code >= 200 or code == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return code
            del received[: end.end()]
            code, scanned = None, 0
        scanned = len(received)
        if total > _HEAD_MAX_BYTES:
            raise _Bad(f"the head of its answer is longer than {_HEAD_MAX_BYTES} bytes")
    raise _Bad(f"sends its answer in more than {_PIECES_MAX} pieces")


def _code(received: bytearray) -> int | None:
    """The status line's code; None while the line is not whole. ``_Bad`` where it is no such."""
    line, newline, _ = received.partition(b"\n")
    if len(line) > _STATUS_LINE_MAX_BYTES:
        raise _Bad(f"its status line is longer than {_STATUS_LINE_MAX_BYTES} bytes")
    if not newline:
        if not line.startswith(b"HTTP/1."[: len(line)]):
            raise _Bad(f"does not speak HTTP/1: {_printable(line)}")
        return None
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise _Bad(f"does not speak HTTP/1: {_printable(line)}")
    return int(match[1])


def _printable(line: bytearray) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line[:_SHOWN_MAX])
