"""The agent's door: a unix socket that speaks JSON lines, for whoever may ``docker exec`` here."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from balancer_agent.refusal import FAILED, INVALID_REQUEST, Refused

_LINE_MAX_BYTES: Final = 64 << 20

_log = logging.getLogger("balancer.server")

Operation = Callable[[Mapping[str, Any]], Awaitable[object]]


async def open_door(path: Path, operations: Mapping[str, Operation]) -> asyncio.Server:
    """Answer from now on. Requests of one connection are answered in turn."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                # What has begun is done, though who asked may have hung up.
                writer.write(await asyncio.shield(answer(operations, line)))
                await writer.drain()
        except (OSError, ValueError) as error:
            _log.info("a caller is gone: %s", error)
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(
        converse, path, limit=_LINE_MAX_BYTES, start_serving=False
    )
    path.chmod(0o600)
    await server.start_serving()
    return server


async def answer(operations: Mapping[str, Operation], line: bytes) -> bytes:
    """Do one request, a line of JSON, and give the line that answers it."""
    identity: object = None
    try:
        request = json.loads(line)
        identity = request["id"]
        operation = operations[request["op"]]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        return _failure(identity, INVALID_REQUEST, f"malformed request: {error}")
    try:
        result = await operation(request)
    except Refused as refusal:
        return _failure(identity, refusal.code, str(refusal))
    except Exception as error:  # noqa: BLE001 - whoever asked must hear of it, whatever it is
        _log.exception("%s failed", request["op"])
        return _failure(identity, FAILED, f"{type(error).__name__}: {error}")
    return json.dumps({"id": identity, "result": result}).encode() + b"\n"


def _failure(identity: object, code: str, message: str) -> bytes:
    reply = {"id": identity, "error": {"code": code, "message": message}}
    return json.dumps(reply).encode() + b"\n"
