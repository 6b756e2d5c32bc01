"""From an error's code back to its place in the tree: journals and streams keep the code alone."""

from __future__ import annotations

from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    MiniCloudError,
    NotFound,
    Unavailable,
)

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


def class_of(code: str) -> type[MiniCloudError]:
    """The class of what an operation or a stream ended with."""
    if code == "EngineUnreachable":
        return EngineUnreachable
    if is_about_capacity(code):
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


def is_about_capacity(code: str) -> bool:
    """Whether the host, or a limit, cannot hold what was asked for."""
    return code in _CAPACITY_CODES or code.startswith(_CAPACITY_BEGINNING)


def error_with(
    error_class: type[MiniCloudError], code: str, message: str, resolution: str
) -> MiniCloudError:
    """An error of this class in words that were said elsewhere."""
    # Not by calling the class: EngineUnreachable words its message itself.
    error = error_class.__new__(error_class)
    MiniCloudError.__init__(error, code, message, resolution)
    return error
