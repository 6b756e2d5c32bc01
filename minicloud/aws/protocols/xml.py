"""Answers as XML: a handler's output, written by the model and held to it.

Each shape is compiled once into a closure that appends to a list of strings. What the model has
not, or has as another type, is a defect of the handler's and raises ``TypeError``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, NamedTuple

from minicloud.aws.protocols import typed_values
from minicloud.aws.protocols.compiled import CompiledShapes
from minicloud.aws.protocols.model import ServiceModel

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
Append = Callable[[str], object]
Write = Callable[[Any, Append], None]
Text = Callable[[Any], str]

# What XML gives a meaning, and what it has no room for: a tag's value may hold either.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escaped(text: str) -> str:
    """Text as the content of an element."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)


class _Tags(NamedTuple):
    opening: str
    closing: str


class XmlWriters:
    """Writers of a service's shapes, each compiled when it is first needed."""

    def __init__(self, model: ServiceModel, *, item_name: str) -> None:
        """``item_name`` is the element around a list's item where the model names none."""
        self._shapes = model.shapes
        self._item_name = item_name
        # By shape and tag: one call an element, with its tags in it.
        self._elements = CompiledShapes(self._compile)

    def write(self, shape_name: str, tag: str, value: Mapping[str, Any], append: Append) -> None:
        """Write a structure: its members alone where the tag is empty, else in their element."""
        self._elements[shape_name, tag](value, append)

    def _compile(self, key: tuple[str, str]) -> Write:
        name, tag = key
        shape = self._shapes[name]
        tags = _Tags(f"<{tag}>", f"</{tag}>") if tag else _Tags("", "")
        match shape["type"]:
            case "structure":
                return self._structure(name, tags)
            case "list":
                reference = shape["member"]
                item_tag = reference.get("locationName", self._item_name)
                return self._list(name, tags, item_tag)
            case "map":
                return self._map(name, tags)
            case "string" | "character":
                return _string_element(tags)
            case kind:
                return _text_element(tags, _TEXTS[kind])

    def _structure(self, name: str, tags: _Tags) -> Write:
        opening, closing = tags
        members = {
            member: self._member(member, reference)
            for member, reference in self._shapes[name]["members"].items()
        }

        def write(value: Any, append: Append) -> None:
            append(opening)
            try:
                for member, below in value.items():
                    if below is not None:
                        members[member](below, append)
            except (KeyError, AttributeError) as error:
                raise TypeError(f"{name} is not to hold {value!r}: {error!r}") from error
            append(closing)

        return write

    def _member(self, member: str, reference: Mapping[str, Any]) -> Write:
        tag = reference.get("locationName", member)
        shape = self._shapes[reference["shape"]]
        if shape["type"] == "list" and shape.get("flattened"):
            return self._list(reference["shape"], _Tags("", ""), tag)
        return self._elements[reference["shape"], tag]

    def _list(self, name: str, tags: _Tags, item_tag: str) -> Write:
        opening, closing = tags
        item = self._elements[self._shapes[name]["member"]["shape"], item_tag]

        def write(value: Any, append: Append) -> None:
            if not isinstance(value, list | tuple):
                raise TypeError(f"{name} is to be a list, not {value!r}")
            append(opening)
            for each in value:
                item(each, append)
            append(closing)

        return write

    def _map(self, name: str, tags: _Tags) -> Write:
        opening, closing = tags
        key, item = self._shapes[name]["key"], self._shapes[name]["value"]
        write_key = self._elements[key["shape"], key.get("locationName", "key")]
        write_value = self._elements[item["shape"], item.get("locationName", "value")]

        def write(value: Any, append: Append) -> None:
            if not isinstance(value, Mapping):
                raise TypeError(f"{name} is to be a map, not {value!r}")
            append(opening)
            for each, below in value.items():
                append("<entry>")
                write_key(each, append)
                write_value(below, append)
                append("</entry>")
            append(closing)

        return write


def _string_element(tags: _Tags) -> Write:
    """Most of every answer is text: as few calls as can be."""
    opening, closing = tags
    has_special = _SPECIAL.search

    def write(value: Any, append: Append) -> None:
        # An enumeration's member is text of another class.
        text = value if value.__class__ is str else typed_values.text(value)
        if has_special(text) is not None:
            text = escaped(text)
        append(f"{opening}{text}{closing}")

    return write


def _text_element(tags: _Tags, text: Text) -> Write:
    opening, closing = tags

    def write(value: Any, append: Append) -> None:
        append(f"{opening}{text(value)}{closing}")

    return write


def _integer(value: Any) -> str:
    return str(typed_values.integer(value))


def _boolean(value: Any) -> str:
    return "true" if typed_values.boolean(value) else "false"


def _number(value: Any) -> str:
    return repr(typed_values.number(value))


def _timestamp(value: Any) -> str:
    moment = typed_values.moment(value)
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Without the offset, which is UTC's.
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"


_TEXTS: dict[str, Text] = {
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "float": _number,
    "double": _number,
    "timestamp": _timestamp,
    "blob": typed_values.blob,
}
