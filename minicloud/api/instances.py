"""Routes of instances."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get, route
from minicloud.api.parameters import FlagParameter, IntegerParameter
from minicloud.api.requests import (
    EmptyBody,
    ExecBody,
    LaunchBody,
    ModifyBody,
    ResizeBody,
)
from minicloud.api.streaming import JSON_LINES, PLAIN_TEXT, json_lines, stream
from minicloud.api.views import View, instance_view
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.operation import Operation
from minicloud.ports.engine import ExecOutput
from minicloud.services.launching import LaunchRequest

_ALL, _FOLLOW = FlagParameter("all"), FlagParameter("follow")
_TAIL_MAX = 1_000_000
_TAIL = IntegerParameter("tail", default=_TAIL_MAX, most=_TAIL_MAX)


def routes(backend: Backend) -> list[Route]:
    """Launch, look at, change and end instances."""
    instances = backend.instances

    def list_all(request: Request) -> list[View]:
        around = backend.surroundings()
        include = _ALL.of(request)
        return [instance_view(i, around) for i in instances.list_all(include_terminated=include)]

    def show(request: Request) -> View:
        return instance_view(instances.show(_ref(request)), backend.surroundings())

    def launch(_request: Request, body: LaunchBody) -> View:
        fields = body.model_dump(exclude={"type"})
        launched, operations = instances.launch(LaunchRequest(type_name=body.type, **fields))
        around = backend.surroundings()
        return {
            "operations": backend.operation_views(operations),
            "instances": [instance_view(instance, around) for instance in launched],
        }

    def act(action: Callable[[str], list[Operation]]) -> Callable[[Request, EmptyBody], View]:
        return lambda request, _body: {"operations": backend.operation_views(action(_ref(request)))}

    def resize(request: Request, body: ResizeBody) -> View:
        operations = instances.resize(_ref(request), body.type)
        return {"operations": backend.operation_views(operations)}

    def modify(request: Request, body: ModifyBody) -> View:
        changed = instances.modify(
            _ref(request), termination_protection=body.termination_protection, tags=body.tags
        )
        return instance_view(changed, backend.surroundings())

    def execute(request: Request, body: ExecBody) -> StreamingResponse:
        output = instances.exec(_ref(request), body.argv, _decoded(body.stdin_base64))
        return json_lines(_output_views(output), output.close)

    def logs(request: Request) -> StreamingResponse:
        tail = _TAIL.of(request)
        console = instances.logs(
            _ref(request),
            None if tail == _TAIL_MAX else tail,
            follow=_FOLLOW.of(request),
        )
        return stream(console, console.close, PLAIN_TEXT)

    return [
        get("/instances", list_all, _ALL),
        route("POST", "/instances", launch, LaunchBody),
        get("/instances/{ref}", show),
        route("PATCH", "/instances/{ref}", modify, ModifyBody),
        route("POST", "/instances/{ref}/start", act(instances.start), EmptyBody),
        route("POST", "/instances/{ref}/stop", act(instances.stop), EmptyBody),
        route("POST", "/instances/{ref}/reboot", act(instances.reboot), EmptyBody),
        route("POST", "/instances/{ref}/terminate", act(instances.terminate), EmptyBody),
        route("POST", "/instances/{ref}/resize", resize, ResizeBody),
        route("POST", "/instances/{ref}/exec", execute, ExecBody, JSON_LINES),
        get("/instances/{ref}/logs", logs, _TAIL, _FOLLOW, media_type=PLAIN_TEXT),
    ]


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        # binascii's own, or that it is not even ASCII.
        raise InvalidRequest(
            "InvalidParameterValue", "stdin_base64 is not base64", "encode the input"
        ) from error


def _output_views(output: Iterator[ExecOutput]) -> Iterator[dict[str, Any]]:
    for piece in output:
        if piece.exit_code is not None:
            yield {"exit_code": piece.exit_code}
        else:
            yield {"stream": piece.stream, "data_base64": base64.b64encode(piece.data).decode()}
