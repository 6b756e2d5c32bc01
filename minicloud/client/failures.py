"""From what the server says went wrong to the one tree of errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minicloud.domain.error_codes import class_of, error_with, is_about_capacity
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    MiniCloudError,
    NotFound,
    Unavailable,
)

if TYPE_CHECKING:
    from minicloud.client.shapes import ErrorShape

_HTTP_CLIENT_ERROR, _HTTP_SERVER_ERROR = 400, 500


def from_response(status: int, body: bytes) -> MiniCloudError:
    """The error of an answer with this HTTP status."""
    try:
        said: ErrorShape = json.loads(body)["error"]
        code, message, resolution = said["code"], said["message"], said["resolution"]
    except (ValueError, KeyError, TypeError):
        return MiniCloudError(
            "UnexpectedAnswer",
            f"the server answered with HTTP status {status} and nothing that can be understood",
            "client and server may be of different releases: minicloud down, then minicloud up",
        )
    return error_with(_class_by_status(status, code), code, message, resolution)


def from_record(said: ErrorShape) -> MiniCloudError:
    """The error that an operation or a stream ended with; it has no HTTP status, only its code."""
    return error_with(class_of(said["code"]), said["code"], said["message"], said["resolution"])


def _class_by_status(status: int, code: str) -> type[MiniCloudError]:
    if status == NotFound.http_status:
        return NotFound
    if status == Conflict.http_status:
        return CapacityExceeded if is_about_capacity(code) else Conflict
    if status == Unavailable.http_status:
        return EngineUnreachable if code == "EngineUnreachable" else Unavailable
    if _HTTP_CLIENT_ERROR <= status < _HTTP_SERVER_ERROR:
        return InvalidRequest
    return MiniCloudError
