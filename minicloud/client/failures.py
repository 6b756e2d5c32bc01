"""From what the server says went wrong to the one tree of errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

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

_CAPACITY_CODES = frozenset(
    {"InsufficientInstanceCapacity", "InsufficientAddressCapacity", "AddressLimitExceeded"}
)
_CAPACITY_BEGINNING = "TooMany"
_CONFLICT_CODES = frozenset(
    {
        "DependencyViolation",
        "DuplicateListener",
        "DuplicateLoadBalancerName",
        "DuplicateTargetGroupName",
        "EngineConflict",
        "ImageInUse",
        "IncorrectInstanceState",
        "NameTaken",
        "OperationInProgress",
        "PriorityInUse",
        "Resource.AlreadyAssociated",
        "ResourceInUse",
        "SubnetTaken",
        "TargetGroupAssociationLimit",
    }
)
_CONFLICT_ENDINGS = (".Duplicate", ".InUse", ".Unavailable")
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
    return _made(_class_by_status(status, code), code, message, resolution)


def from_record(said: ErrorShape) -> MiniCloudError:
    """The error that an operation or a stream ended with; it has no HTTP status, only its code."""
    return _made(_class_by_code(said["code"]), said["code"], said["message"], said["resolution"])


def _class_by_status(status: int, code: str) -> type[MiniCloudError]:
    if status == NotFound.http_status:
        return NotFound
    if status == Conflict.http_status:
        return CapacityExceeded if _is_about_capacity(code) else Conflict
    if status == Unavailable.http_status:
        return EngineUnreachable if code == "EngineUnreachable" else Unavailable
    if _HTTP_CLIENT_ERROR <= status < _HTTP_SERVER_ERROR:
        return InvalidRequest
    return MiniCloudError


def _class_by_code(code: str) -> type[MiniCloudError]:
    if code == "EngineUnreachable":
        return EngineUnreachable
    if _is_about_capacity(code):
        return CapacityExceeded
    # EC2 has a dot before it, ELBv2 has none.
    if code.endswith("NotFound") or code == "EngineObjectMissing":
        return NotFound
    if code in _CONFLICT_CODES or code.endswith(_CONFLICT_ENDINGS):
        return Conflict
    if code == "InternalError":
        return MiniCloudError
    # A request is checked before its operation begins, so what fails later is the world's doing.
    return InvalidRequest if code.startswith("Invalid") else Unavailable


def _is_about_capacity(code: str) -> bool:
    return code in _CAPACITY_CODES or code.startswith(_CAPACITY_BEGINNING)


def _made(
    error_class: type[MiniCloudError], code: str, message: str, resolution: str
) -> MiniCloudError:
    # Not by calling the class: EngineUnreachable words its message itself, and these are the
    # server's words.
    error = error_class.__new__(error_class)
    MiniCloudError.__init__(error, code, message, resolution)
    return error
