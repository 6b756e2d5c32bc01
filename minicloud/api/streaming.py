"""Answers that come piece by piece: a thread reads the source, the client reads as it likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from starlette.responses import StreamingResponse

from minicloud.api.endpoint import error_view
from minicloud.domain.errors import MiniCloudError

JSON_LINES, PLAIN_TEXT = "application/x-ndjson", "text/plain"
_END = object()
_PIECES_AHEAD = 64


def stream(
    source: Iterator[bytes], close: Callable[[], None], media_type: str
) -> StreamingResponse:
    """Send the source's pieces; ``close`` is called when the client has gone, or at the end."""
    return StreamingResponse(_pump(source, close), media_type=media_type)


def json_lines(
    source: Iterator[dict[str, Any]], close: Callable[[], None] = lambda: None
) -> StreamingResponse:
    """Send each item as a line of JSON, and an error, if one comes, as the last line."""

    def lines() -> Iterator[bytes]:
        try:
            for item in source:
                yield json.dumps(item).encode() + b"\n"
        except MiniCloudError as error:
            yield json.dumps({"error": error_view(error)}).encode() + b"\n"

    return stream(lines(), close, JSON_LINES)


def log_lines(source: Iterator[bytes], close: Callable[[], None]) -> StreamingResponse:
    """Send lines of JSON as they are, and an error, if one comes, as the last of them."""

    def lines() -> Iterator[bytes]:
        try:
            yield from source
        except MiniCloudError as error:
            yield json.dumps({"error": error_view(error)}).encode() + b"\n"

    return stream(lines(), close, JSON_LINES)


async def _pump(source: Iterator[bytes], close: Callable[[], None]) -> AsyncIterator[bytes]:
    # The source blocks in a thread of its own; closing it is what ends that thread when the
    # client leaves a console that says nothing.
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[Any] = asyncio.Queue()
    room = asyncio.Semaphore(_PIECES_AHEAD)

    def read() -> None:
        try:
            for piece in source:
                asyncio.run_coroutine_threadsafe(room.acquire(), loop).result()
                loop.call_soon_threadsafe(pieces.put_nowait, piece)
        finally:
            loop.call_soon_threadsafe(pieces.put_nowait, _END)

    reader = loop.run_in_executor(None, read)
    try:
        while (piece := await pieces.get()) is not _END:
            room.release()
            yield piece
    finally:
        close()
        for _ in range(_PIECES_AHEAD):
            room.release()
        await reader
