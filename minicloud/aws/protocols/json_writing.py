"""Answers as JSON: a handler's output, written by the model and held to it.

What the model has not, or has as another type, is a defect of the handler's: ``TypeError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minicloud.aws.protocols import typed_values
from minicloud.aws.protocols.compiled import CompiledShapes
from minicloud.aws.protocols.model import RawShape, ServiceModel

Plain = Callable[[Any], Any]


class JsonWriters:
    """From values to what ``json.dumps`` takes, each shape compiled when it is first needed."""

    def __init__(self, model: ServiceModel) -> None:
        self._shapes = model.shapes
        self._writers = CompiledShapes(self._compile)

    def plain(self, shape_name: str, value: Mapping[str, Any]) -> Any:
        """An operation's output."""
        return self._writers[shape_name](value)

    def _compile(self, name: str) -> Plain:
        shape = self._shapes[name]
        match shape["type"]:
            case "structure":
                return self._structure(name, shape)
            case "list":
                return self._list(name, shape)
            case "map":
                return self._map(name, shape)
            case kind:
                return _SCALARS[kind]

    def _structure(self, name: str, shape: RawShape) -> Plain:
        members = {n: self._writers[r["shape"]] for n, r in shape["members"].items()}

        def write(value: Any) -> Any:
            try:
                return {n: members[n](below) for n, below in value.items() if below is not None}
            except (KeyError, AttributeError) as error:
                raise TypeError(f"{name} is not to hold {value!r}: {error!r}") from error

        return write

    def _list(self, name: str, shape: RawShape) -> Plain:
        item = self._writers[shape["member"]["shape"]]

        def write(value: Any) -> Any:
            if not isinstance(value, list | tuple):
                raise TypeError(f"{name} is to be a list, not {value!r}")
            return [item(each) for each in value]

        return write

    def _map(self, name: str, shape: RawShape) -> Plain:
        write_value = self._writers[shape["value"]["shape"]]

        def write(value: Any) -> Any:
            if not isinstance(value, Mapping):
                raise TypeError(f"{name} is to be a map, not {value!r}")
            return {typed_values.text(key): write_value(below) for key, below in value.items()}

        return write


def _timestamp(value: Any) -> float:
    return round(typed_values.moment(value).timestamp(), 3)


_SCALARS: dict[str, Plain] = {
    "string": typed_values.text,
    "character": typed_values.text,
    "integer": typed_values.integer,
    "long": typed_values.integer,
    "boolean": typed_values.boolean,
    "float": typed_values.number,
    "double": typed_values.number,
    "timestamp": _timestamp,
    "blob": typed_values.blob,
}
