"""From a function to a route: its body read and checked, its work on a thread, its error told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from minicloud.api.parameters import Parameter, require_known
from minicloud.api.requests import B, Body, EmptyBody, read_body
from minicloud.domain.errors import InvalidRequest, MiniCloudError
from minicloud.domain.tags import shown

log = logging.getLogger(__name__)
Handler = Callable[[Request, B], Any]


JSON = "application/json"


@dataclass(frozen=True)
class Form:
    """What a route takes, and of which media type its answer is."""

    body: type[Body]
    parameters: tuple[Parameter, ...] = ()
    media_type: str = JSON


class DescribedRoute(Route):
    """A route that tells its form: the document of the API is made of these."""

    def __init__(
        self, method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]], form: Form
    ) -> None:
        super().__init__(f"/v1{path}", endpoint, methods=[method], name=f"{method} {path}")
        self.method = method
        self.form = form


def route(
    method: str, path: str, handler: Handler[B], body: type[B], media_type: str = JSON
) -> DescribedRoute:
    """A route that answers with what ``handler`` returns: JSON, or a response of its own."""
    form = Form(body, media_type=media_type)
    return DescribedRoute(method, path, _endpoint(handler, body, form), form)


def get(
    path: str, handler: Callable[[Request], Any], *parameters: Parameter, media_type: str = JSON
) -> DescribedRoute:
    """A route that reads; ``parameters`` are all that its query may have."""
    form = Form(EmptyBody, parameters, media_type)
    endpoint = _endpoint(lambda request, _body: handler(request), EmptyBody, form)
    return DescribedRoute("GET", path, endpoint, form)


def _endpoint(
    handler: Handler[B], body: type[B], form: Form
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        require_known(request, form.parameters)
        sent = await read_body(request, body)
        answer = await run_in_threadpool(handler, request, sent)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return endpoint


def error_response(error: MiniCloudError) -> JSONResponse:
    """An error as clients read it."""
    return JSONResponse({"error": error_view(error)}, status_code=error.http_status)


def error_view(error: MiniCloudError) -> dict[str, str]:
    """The error's three words."""
    return {"code": error.code, "message": error.message, "resolution": error.resolution}


async def on_minicloud_error(_request: Request, error: Exception) -> Response:
    """Answer with what was refused, and why."""
    if not isinstance(error, MiniCloudError):
        raise error
    return error_response(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer where there is no such route or method."""
    if not isinstance(error, HTTPException):
        raise error
    unknown = InvalidRequest(
        "InvalidAction",
        f"there is no {request.method} {shown(request.url.path, 80)}",
        "the client and the server may be of different releases: minicloud down, then up",
    )
    return JSONResponse({"error": error_view(unknown)}, status_code=error.status_code)


async def on_defect(_request: Request, error: Exception) -> Response:
    """Answer, without a traceback, where we have a defect; the log has it all."""
    log.error("a request failed in a way it should not", exc_info=error)
    return error_response(
        MiniCloudError(
            "InternalError",
            f"minicloud met something it did not expect ({type(error).__name__})",
            "see the server's log (minicloud status names it), and please report it",
        )
    )


ExceptionHandler = Callable[[Request, Exception], Awaitable[Response]]
EXCEPTION_HANDLERS: dict[Any, ExceptionHandler] = {
    MiniCloudError: on_minicloud_error,
    HTTPException: on_http_error,
    Exception: on_defect,
}
