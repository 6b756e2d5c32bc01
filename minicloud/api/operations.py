"""Routes of operations."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get
from minicloud.api.requests import integer_parameter
from minicloud.api.views import View

_WAIT_MAX_S = 60
_VERSION_MAX = 999_999_999


def routes(backend: Backend) -> list[Route]:
    """Look at operations, and wait for them."""
    operations = backend.operations

    def list_recent(request: Request) -> list[View]:
        limit = integer_parameter(request, "limit", 50, 1000)
        return backend.operation_views(operations.list_recent(limit))

    def show(request: Request) -> View:
        wait_s = integer_parameter(request, "wait_s", 0, _WAIT_MAX_S)
        seen = integer_parameter(request, "after", 0, _VERSION_MAX)
        operation_id: str = request.path_params["ref"]
        if wait_s:
            return backend.operation_views([operations.wait(operation_id, seen, wait_s)])[0]
        return backend.operation_views([operations.show(operation_id)])[0]

    return [get("/operations", list_recent), get("/operations/{ref}", show)]
