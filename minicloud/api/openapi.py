"""The document of this API, OpenAPI 3.1, made of its routes and of what they take.

Answers are described by their media type and by how errors read; views are made by hand, and have
no schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.routing import BaseRoute

from minicloud.api.endpoint import DescribedRoute, get
from minicloud.api.requests import Body, EmptyBody

Document = dict[str, Any]
_SCHEMAS, _RESPONSES = "#/components/schemas/", "#/components/responses/"
_IN_PATH = re.compile(r"{(\w+)(?::\w+)?}")
_ERRORS = {
    "400": "Something in the request is wrong; the error says what.",
    "404": "There is no such thing.",
    "409": "The state of something forbids it, or there is no room.",
    "503": "The engine, or something else that it needs, does not answer.",
}
_ERROR: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "One word, as AWS has it."},
                "message": {"type": "string", "description": "What went wrong."},
                "resolution": {"type": "string", "description": "What to do about it."},
            },
            "required": ["code", "message", "resolution"],
        }
    },
    "required": ["error"],
}


def with_document(routes: Sequence[BaseRoute], version: str) -> list[BaseRoute]:
    """These routes, and one that answers with the document of all of them."""
    described = [route for route in routes if isinstance(route, DescribedRoute)]

    def show(_request: Request) -> Document:
        return document([*described, its_own], version)

    its_own = get("/openapi.json", show)
    return [*routes, its_own]


def document(routes: Sequence[DescribedRoute], version: str) -> Document:
    """The document of these routes, in this version of minicloud."""
    paths: dict[str, Any] = {}
    for route in routes:
        path = _IN_PATH.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "minicloud",
            "version": version,
            "description": "EC2 on a laptop: the native API, on the cloud's UNIX domain socket.",
        },
        "paths": paths,
        "components": {
            "schemas": {**_schemas(routes), "Error": _ERROR},
            "responses": {status: _error(why) for status, why in _ERRORS.items()},
        },
    }


def _schemas(routes: Iterable[DescribedRoute]) -> Mapping[str, Any]:
    bodies = dict.fromkeys(route.form.body for route in routes if _has_body(route))
    _, definitions = models_json_schema(
        [(body, "validation") for body in bodies], ref_template=f"{_SCHEMAS}{{model}}"
    )
    schemas: Mapping[str, Any] = definitions["$defs"]
    return schemas


def _operation(route: DescribedRoute) -> Document:
    operation: Document = {
        "operationId": f"{route.method} {route.path.removeprefix('/v1')}",
        "tags": [route.path.split("/")[2]],
        "parameters": [*_parameters(route)],
        "responses": {
            "200": {"description": "Done, or begun.", "content": {route.form.media_type: {}}},
            **{status: {"$ref": f"{_RESPONSES}{status}"} for status in _ERRORS},
        },
    }
    if _has_body(route):
        operation["summary"] = (route.form.body.__doc__ or "").partition("\n")[0]
        operation["requestBody"] = _body(route.form.body)
    return operation


def _has_body(route: DescribedRoute) -> bool:
    return route.form.body is not EmptyBody


def _body(body: type[Body]) -> Document:
    return {
        "required": any(field.is_required() for field in body.model_fields.values()),
        "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{body.__name__}"}}},
    }


def _parameters(route: DescribedRoute) -> Iterator[Document]:
    for name in _IN_PATH.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for parameter in route.form.parameters:
        yield {
            "name": parameter.name,
            "in": "query",
            "required": parameter.is_required,
            "schema": dict(parameter.schema),
        }


def _error(why: str) -> Document:
    schema = {"$ref": f"{_SCHEMAS}Error"}
    return {"description": why, "content": {"application/json": {"schema": schema}}}
