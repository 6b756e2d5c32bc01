"""The one tree of errors.

::

    MiniCloudError
    ├── InvalidRequest          the caller must change the request      (HTTP 400)
    │   ├── NotFound            the named thing does not exist          (HTTP 404)
    │   └── Conflict            not in this state, or taken             (HTTP 409)
    │       └── Busy            an operation is at work on it           (HTTP 409)
    ├── CapacityExceeded        the host or a limit cannot hold it      (HTTP 409)
    └── Unavailable             the world failed us, trying again helps (HTTP 503)
        └── EngineUnreachable   no Docker engine answers

Every error carries AWS's error code where AWS has one, a message (what is wrong) and a resolution
(what to do). Adapters translate their library's errors into this tree, always ``raise … from``.
"""

from __future__ import annotations


class MiniCloudError(Exception):
    """Anything minicloud refuses or fails to do, said so that a person can act on it."""

    http_status = 500
    exit_code = 1

    def __init__(self, code: str, message: str, resolution: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.resolution = resolution


class InvalidRequest(MiniCloudError):
    """The request can never succeed as it stands."""

    http_status = 400
    exit_code = 2


class NotFound(InvalidRequest):
    """The named resource does not exist."""

    http_status = 404
    exit_code = 3


class Conflict(InvalidRequest):
    """The resource is in a state, or in hands, that forbid the request."""

    http_status = 409
    exit_code = 4


class Busy(Conflict):
    """An operation is at work on the resource: the same request may succeed after it.

    ``operation_id`` is None where it is the resource's state alone that says so.
    """

    def __init__(
        self, message: str, resolution: str, resource_id: str, operation_id: str | None = None
    ) -> None:
        super().__init__("OperationInProgress", message, resolution)
        self.resource_id = resource_id
        self.operation_id = operation_id


class CapacityExceeded(MiniCloudError):
    """The host, or a limit that was set, cannot hold what was asked for."""

    http_status = 409
    exit_code = 5


class Unavailable(MiniCloudError):
    """Something outside minicloud failed; the same request may succeed later."""

    http_status = 503
    exit_code = 6


class EngineUnreachable(Unavailable):
    """No Docker engine answers."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "EngineUnreachable",
            f"no Docker engine answers ({detail})",
            "run `minicloud doctor --fix`, or start Docker and try again",
        )
