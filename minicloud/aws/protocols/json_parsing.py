"""Requests of the ``json`` protocol: a document, read by the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from minicloud.aws.failures import AwsFailure
from minicloud.aws.protocols.compiled import CompiledShapes
from minicloud.aws.protocols.complaints import Complaints
from minicloud.aws.protocols.model import RawShape, ServiceModel
from minicloud.aws.protocols.scalars import from_json

Parse = Callable[[Any, str], Any]


def document_of(body: bytes) -> Any:
    """The JSON of a body; ``SerializationException`` where it is none."""
    try:
        return json.loads(body or b"{}", parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise AwsFailure("SerializationException", "The request's body is not JSON.") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


class JsonParsers:
    """Parsers of a service's shapes, each compiled when it is first needed."""

    def __init__(self, model: ServiceModel, complaints: Complaints) -> None:
        self._shapes = model.shapes
        self._complaints = complaints
        self._parsers = CompiledShapes(self._compile)

    def input(self, shape_name: str, document: Any) -> dict[str, Any]:
        """What handlers get of an operation's input."""
        parsed: dict[str, Any] = self._parsers[shape_name](document, "")
        return parsed

    def _compile(self, name: str) -> Parse:
        shape = self._shapes[name]
        match shape["type"]:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
            case _:
                return from_json(shape, self._complaints)

    def _structure(self, shape: RawShape) -> Parse:
        members = {n: self._parsers[r["shape"]] for n, r in shape["members"].items()}
        required: list[str] = shape.get("required", [])
        complaints = self._complaints

        def parse(value: Any, path: str) -> dict[str, Any]:
            prefix = f"{path}." if path else ""
            if not isinstance(value, dict):
                raise complaints.wrong_type(path or "the document", str(value), "a structure")
            parsed = {}
            for name, below in value.items():
                if name not in members:
                    raise complaints.unknown(prefix + name)
                if below is not None:
                    parsed[name] = members[name](below, prefix + name)
            for name in required:
                if name not in parsed:
                    raise complaints.missing(prefix + name)
            return parsed

        return parse

    def _list(self, shape: RawShape) -> Parse:
        read, complaints = self._parsers[shape["member"]["shape"]], self._complaints
        smallest, largest = shape.get("min", 0), shape.get("max")

        def parse(value: Any, path: str) -> list[Any]:
            if not isinstance(value, list):
                raise complaints.wrong_type(path, str(value), "a list")
            if largest is not None and not smallest <= len(value) <= largest:
                raise complaints.out_of_range(path, len(value), smallest, largest)
            return [read(item, f"{path}.{number}") for number, item in enumerate(value, 1)]

        return parse

    def _map(self, shape: RawShape) -> Parse:
        read_key = self._parsers[shape["key"]["shape"]]
        read_value = self._parsers[shape["value"]["shape"]]
        complaints = self._complaints

        def parse(value: Any, path: str) -> dict[Any, Any]:
            if not isinstance(value, dict):
                raise complaints.wrong_type(path, str(value), "a map")
            return {
                read_key(key, path): read_value(below, f"{path}.{key}")
                for key, below in value.items()
            }

        return parse
