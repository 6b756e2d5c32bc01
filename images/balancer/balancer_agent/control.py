"""Speaking with one nginx, over the unix socket in its folder."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_ANSWER_MAX_BYTES: Final = 64 << 20
TIMEOUT_S: Final = 2.0
_HELD_UP_S: Final = 0.5


class NoAnswer(Exception):
    """That nginx does not answer, or not as it should."""


@dataclass(frozen=True)
class Counted:
    """What an nginx counts. ``in_flight`` by target, ``counters`` since it began.

    ``active``: its clients' connections, without the one that asked; ``waiting``: those of them on
    which nothing is being asked.
    """

    in_flight: Mapping[str, int]
    active: int
    waiting: int
    counters: Mapping[str, int]


NOTHING_COUNTED: Final = Counted({}, 0, 0, {})


class HttpControl:
    """An application balancer's nginx: Lua behind HTTP."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def tell(self, state: bytes) -> None:
        """Give it the snapshot; when this returns, every request that begins obeys it."""
        status, body = await self._exchange("POST", "/state", state)
        if status != 204:
            raise NoAnswer(f"POST /state: {status} {body[:200]!r}")

    async def retire(self) -> None:
        """From now on it answers ``Connection: close``."""
        status, body = await self._exchange("POST", "/retire", b"")
        if status != 204:
            raise NoAnswer(f"POST /retire: {status} {body[:200]!r}")

    async def counted(self) -> Counted:
        """What it counts."""
        status, body = await self._exchange("GET", "/counters", b"")
        try:
            raw = json.loads(body) if status == 200 else {}
            return Counted(
                in_flight=_whole_numbers(raw["in_flight"]),
                active=max(0, int(raw["connections"]["active"]) - 1),
                waiting=int(raw["connections"]["waiting"]),
                counters=_whole_numbers(raw["counters"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoAnswer(f"GET /counters: {status} {body[:200]!r}") from error

    async def _exchange(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        # HTTP/1.0: the answer ends where the connection does, and nothing is in chunks.
        head = f"{method} {target} HTTP/1.0\r\nHost: control\r\nContent-Length: {len(body)}\r\n\r\n"
        answer = await _converse(self._path, head.encode() + body, b"")
        top, _, rest = answer.partition(b"\r\n\r\n")
        words = top.split(b" ", 2)
        if len(words) < 2 or not words[1].isdigit():
            raise NoAnswer(f"{method} {target}: {answer[:200]!r}")
        return int(words[1]), rest


class LineControl:
    """A network balancer's nginx: njs behind a line of JSON. What is in flight the kernel knows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def tell(self, state: bytes) -> None:
        """Give it the snapshot; when this returns, every session that begins obeys it."""
        answer = await _converse(self._path, state + b"\n", b"\n")
        if answer.strip() != b"ok":
            raise NoAnswer(f"the snapshot: {answer[:200]!r}")

    async def retire(self) -> None:
        """Nothing to say: a session is not shared by requests."""

    async def counted(self) -> Counted:
        """What it counts."""
        answer = await _converse(self._path, b'{"op":"counters"}\n', b"\n")
        try:
            return Counted({}, 0, 0, _whole_numbers(json.loads(answer)["counters"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoAnswer(f"the counters: {answer[:200]!r}") from error


Control = HttpControl | LineControl


async def _converse(path: Path, request: bytes, until: bytes) -> bytes:
    """Say it and listen until the end, or until ``until`` has come. ``NoAnswer`` for all faults.

    Nobody is blamed for a time in which this process itself was held up (a machine that slept, or
    is very busy): then it is said again, which changes nothing where it was heard.
    """
    began_s = time.monotonic()
    try:
        return await _converse_once(path, request, until)
    except NoAnswer:
        if time.monotonic() - began_s < TIMEOUT_S + _HELD_UP_S:
            raise
    return await _converse_once(path, request, until)


async def _converse_once(path: Path, request: bytes, until: bytes) -> bytes:
    writer = None
    answer = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(request)
            await writer.drain()
            while chunk := await reader.read(1 << 16):
                answer += chunk
                if (until and answer.endswith(until)) or len(answer) > _ANSWER_MAX_BYTES:
                    break
    except (OSError, TimeoutError) as error:
        raise NoAnswer(str(error) or f"no answer within {TIMEOUT_S:g} s") from error
    finally:
        if writer is not None:
            writer.close()
    return bytes(answer)


def _whole_numbers(raw: Any) -> dict[str, int]:
    # An empty table of Lua's may come as an empty list.
    return {str(key): int(value) for key, value in (raw or {}).items()}
