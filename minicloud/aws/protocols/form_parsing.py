"""Requests of the ``ec2`` and ``query`` protocols: a form's tree, read by the model.

The two differ in how lists and members are named: EC2 capitalises a member's ``locationName`` and
numbers a list's items right behind it (``InstanceId.1``); query numbers them behind ``member``
(``Subnets.member.1``), or right behind a flattened list's name. Both are read whichever number they
begin with: Libcloud begins with 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minicloud.aws.protocols.compiled import CompiledShapes
from minicloud.aws.protocols.complaints import Complaints
from minicloud.aws.protocols.form import Node
from minicloud.aws.protocols.model import RawShape, ServiceModel
from minicloud.aws.protocols.scalars import from_text

Parse = Callable[[Any, str], Any]
_NUMBER_LENGTH_MAX = 6
# EC2 has words of its own for a type that it does not know, and it knows more each month.
_OPEN_ENUM = "InstanceType"


class FormParsers:
    """Parsers of a service's shapes, each compiled when it is first needed."""

    def __init__(self, model: ServiceModel, complaints: Complaints, *, is_ec2: bool) -> None:
        self._shapes = model.shapes
        self._complaints = complaints
        self._is_ec2 = is_ec2
        self._parsers = CompiledShapes(self._compile)

    def input(self, shape_name: str, tree: Mapping[str, Node]) -> dict[str, Any]:
        """What handlers get of an operation's input."""
        parsed: dict[str, Any] = self._parsers[shape_name](tree, "")
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
            case _ if name == _OPEN_ENUM:
                return self._scalar({key: shape[key] for key in shape if key != "enum"})
            case _:
                return self._scalar(shape)

    def _scalar(self, shape: RawShape) -> Parse:
        read, complaints = from_text(shape, self._complaints), self._complaints

        def parse(node: Any, path: str) -> Any:
            if not isinstance(node, str):
                raise complaints.unknown(f"{path}.{next(iter(node), '')}")
            return read(node, path)

        return parse

    def _structure(self, shape: RawShape) -> Parse:
        complaints = self._complaints
        members: dict[str, tuple[str, Parse]] = {}
        wire_names: dict[str, str] = {}
        for name, reference in shape["members"].items():
            wire_names[name] = self._wire_name(name, reference)
            members[wire_names[name]] = (name, self._parsers[reference["shape"]])
        required: list[str] = shape.get("required", [])
        # An empty list leaves no trace in a form. EC2 has words of its own for each.
        lists = {name for name in required if self._is_ec2 and self._is_list(shape, name)}

        def parse(node: Any, path: str) -> dict[str, Any]:
            prefix = f"{path}." if path else ""
            if isinstance(node, str):
                raise complaints.wrong_type(path, node, "a structure")
            parsed = {}
            for key, below in node.items():
                if key not in members:
                    raise complaints.unknown(prefix + key)
                name, read = members[key]
                parsed[name] = read(below, prefix + key)
            for name in required:
                if name in lists:
                    parsed.setdefault(name, [])
                elif name not in parsed:
                    raise complaints.missing(prefix + wire_names[name])
            return parsed

        return parse

    def _is_list(self, shape: RawShape, member: str) -> bool:
        return bool(self._shapes[shape["members"][member]["shape"]]["type"] == "list")

    def _wire_name(self, name: str, reference: Mapping[str, Any]) -> str:
        if "queryName" in reference:
            return str(reference["queryName"])
        given: str = reference.get("locationName", name)
        return given[0].upper() + given[1:] if self._is_ec2 else given

    def _list(self, shape: RawShape) -> Parse:
        read, complaints = self._parsers[shape["member"]["shape"]], self._complaints
        item_name: str = shape["member"].get("locationName", "member")
        smallest, largest = shape.get("min", 0), shape.get("max")

        def parse(node: Any, path: str) -> list[Any]:
            items = self._items(node, path, item_name)
            if largest is not None and not smallest <= len(items) <= largest:
                raise complaints.out_of_range(path, len(items), smallest, largest)
            return [read(item, where) for item, where in items]

        return parse

    def _items(self, node: Any, path: str, item_name: str) -> list[tuple[Any, str]]:
        """A list's items in the order of their numbers, with their paths."""
        if node == "":
            return []
        if isinstance(node, str):
            raise self._complaints.wrong_type(path, node, "a list")
        if not self._is_ec2 and set(node) <= {item_name, "member"} and len(node) == 1:
            name, below = next(iter(node.items()))
            return self._items(below, f"{path}.{name}", "")
        numbers: dict[int, str] = {}
        for key in node:
            is_number = key.isascii() and key.isdigit() and len(key) <= _NUMBER_LENGTH_MAX
            if not is_number or int(key) in numbers:
                raise self._complaints.unknown(f"{path}.{key}")
            numbers[int(key)] = key
        return [(node[key], f"{path}.{key}") for _, key in sorted(numbers.items())]

    def _map(self, shape: RawShape) -> Parse:
        key_name = shape["key"].get("locationName", "key")
        value_name = shape["value"].get("locationName", "value")
        read_key = self._parsers[shape["key"]["shape"]]
        read_value = self._parsers[shape["value"]["shape"]]
        complaints = self._complaints

        def parse(node: Any, path: str) -> dict[Any, Any]:
            parsed = {}
            for entry, where in self._items(node, path, "entry"):
                if isinstance(entry, str) or set(entry) != {key_name, value_name}:
                    raise complaints.wrong_type(where, str(entry), "a key and a value")
                key = read_key(entry[key_name], f"{where}.{key_name}")
                parsed[key] = read_value(entry[value_name], f"{where}.{value_name}")
            return parsed

        return parse
