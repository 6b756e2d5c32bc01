"""AWS's services as botocore's models describe them.

The models are read through botocore's own loader at the first request. Of a model only what the
operations that are carried out reach is kept: EC2's alone is 40 MB in memory.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RawShape = Mapping[str, Any]
_FORGOTTEN = frozenset({"documentation", "pattern", "deprecatedMessage"})
_SERVICE_MODEL = "service-2"
EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


@dataclass(frozen=True)
class OperationModel:
    """An operation: the names of its shapes, or None, and the element around its result."""

    name: str
    input: str | None
    output: str | None
    result_wrapper: str | None


@dataclass(frozen=True)
class ServiceModel:
    """A service. ``shapes`` are those that ``operations`` reach, as the model has them but for
    their documentation; ``known`` are the names of all its operations, carried out or not.
    """

    name: str
    namespace: str
    target_prefix: str
    operations: Mapping[str, OperationModel]
    shapes: Mapping[str, RawShape]
    known: frozenset[str]


@functools.cache
def load_model(service: str, operation_names: frozenset[str]) -> ServiceModel:
    """The model of a service, by botocore's name of it, with these operations of it; read once."""
    # Imported when a client comes: 0.1 s that a server's first answer must not pay.
    from botocore.loaders import Loader

    raw = Loader().load_service_model(service, _SERVICE_MODEL)
    metadata = raw["metadata"]
    operations = {name: _operation(name, raw["operations"][name]) for name in operation_names}
    shapes: dict[str, RawShape] = {}
    for operation in operations.values():
        for shape in (operation.input, operation.output):
            if shape is not None:
                _keep(shape, raw["shapes"], shapes)
    # Where the model's has no slash at its end, the service's own answers have one.
    namespace = EC2_NAMESPACE if service == "ec2" else metadata.get("xmlNamespace", "")
    return ServiceModel(
        name=service,
        namespace=namespace,
        target_prefix=metadata.get("targetPrefix", ""),
        operations=operations,
        shapes=shapes,
        known=frozenset(raw["operations"]),
    )


def _operation(name: str, raw: Mapping[str, Any]) -> OperationModel:
    output = raw.get("output", {})
    return OperationModel(
        name, raw.get("input", {}).get("shape"), output.get("shape"), output.get("resultWrapper")
    )


def _keep(name: str, all_shapes: Mapping[str, RawShape], kept: dict[str, RawShape]) -> None:
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each in kept:
            continue
        shape = {k: v for k, v in all_shapes[each].items() if k not in _FORGOTTEN}
        if "members" in shape:
            shape["members"] = {k: _reference(v) for k, v in shape["members"].items()}
        for part in ("member", "key", "value"):
            if part in shape:
                shape[part] = _reference(shape[part])
        kept[each] = shape
        waiting += references(shape)


def _reference(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in raw.items() if key not in _FORGOTTEN}


def references(shape: RawShape) -> list[str]:
    """The names of the shapes that a shape is made of."""
    parts = [shape[part] for part in ("member", "key", "value") if part in shape]
    return [reference["shape"] for reference in [*shape.get("members", {}).values(), *parts]]
