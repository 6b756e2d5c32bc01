"""Routes of operations."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get
from minicloud.api.parameters import IntegerParameter
from minicloud.api.views import View

_LIMIT = IntegerParameter("limit", default=50, most=1000)
_WAIT_S = IntegerParameter("wait_s", default=0, most=60)
_AFTER = IntegerParameter("after", default=0, most=999_999_999)


def routes(backend: Backend) -> list[Route]:
    """Look at operations, and wait for them."""
    operations = backend.operations

    def list_recent(request: Request) -> list[View]:
        limit = _LIMIT.of(request)
        return backend.operation_views(operations.list_recent(limit))

    def show(request: Request) -> View:
        wait_s = _WAIT_S.of(request)
        seen = _AFTER.of(request)
        operation_id: str = request.path_params["ref"]
        if wait_s:
            return backend.operation_views([operations.wait(operation_id, seen, wait_s)])[0]
        return backend.operation_views([operations.show(operation_id)])[0]

    return [
        get("/operations", list_recent, _LIMIT),
        get("/operations/{ref}", show, _WAIT_S, _AFTER),
    ]
