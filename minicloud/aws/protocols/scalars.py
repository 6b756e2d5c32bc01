"""A model's simple values, as text of a form and as JSON has them, checked against the model."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from minicloud.aws.protocols.complaints import Complaints
from minicloud.aws.protocols.model import RawShape

Check = Callable[[Any, str], Any]
"""From a value and its path to the value, or the family's complaint."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_BITS = {"integer": 31, "long": 63}
_NUMBERS = frozenset({"integer", "long", "float", "double"})
_DIGITS_MAX = 40


def from_text(shape: RawShape, complaints: Complaints) -> Check:
    """How to read a simple shape from a form's text."""
    kind: str = shape["type"]
    checked = _checked(shape, complaints)
    if kind in {"string", "character"}:
        return checked
    read, expected = _READERS[kind], _EXPECTED[kind]

    def parse(text: Any, path: str) -> Any:
        try:
            return checked(read(text), path)
        except (ValueError, OverflowError) as error:
            raise complaints.wrong_type(path, text, expected) from error

    return parse


def from_json(shape: RawShape, complaints: Complaints) -> Check:
    """How to take a simple shape from JSON."""
    kind: str = shape["type"]
    checked = _checked(shape, complaints)

    def parse(value: Any, path: str) -> Any:
        try:
            return checked(_json_value(kind, value), path)
        except (ValueError, OverflowError, OSError) as error:
            raise complaints.wrong_type(path, str(value), _EXPECTED[kind]) from error

    return parse


def _json_value(kind: str, value: Any) -> Any:
    if kind in {"string", "character"} and isinstance(value, str):
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind in _NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        return _json_number(kind, value)
    if kind == "timestamp" and isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if kind == "blob" and isinstance(value, str):
        return _blob(value)
    raise ValueError(kind)


def _json_number(kind: str, value: float) -> float:
    if kind not in _BITS:
        return value
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(kind)
    return _in_bits(kind, int(value))


def _checked(shape: RawShape, complaints: Complaints) -> Check:
    """The model's range and set of values."""
    values: list[str] | None = shape.get("enum")
    smallest, largest = shape.get("min"), shape.get("max")
    measure: Callable[[Any], Any] = len if shape["type"] in {"string", "blob"} else lambda v: v
    low = -math.inf if smallest is None else smallest
    high = math.inf if largest is None else largest
    known = None if values is None else frozenset(values)

    def check(value: Any, path: str) -> Any:
        if known is not None and value not in known:
            raise complaints.not_among(path, value, values or [])
        if not low <= measure(value) <= high:
            raise complaints.out_of_range(path, measure(value), smallest, largest)
        return value

    if known is None and smallest is None and largest is None:
        return lambda value, _path: value
    return check


def _integer(kind: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ValueError(kind)
        return _in_bits(kind, int(text))

    return read


def _in_bits(kind: str, number: int) -> int:
    if not -(2 ** _BITS[kind]) <= number < 2 ** _BITS[kind]:
        raise ValueError(kind)
    return number


def _float(text: str) -> float:
    number = float(text[:_DIGITS_MAX])
    if not math.isfinite(number) or len(text) > _DIGITS_MAX:
        raise ValueError(text)
    return number


def _boolean(text: str) -> bool:
    # Libcloud and older tools write Python's words.
    word = text.lower()
    if word not in {"true", "false"}:
        raise ValueError(text)
    return word == "true"


def _timestamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _blob(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


_EXPECTED = {
    "string": "text",
    "character": "text",
    "integer": "an integer",
    "long": "an integer",
    "float": "a number",
    "double": "a number",
    "boolean": "true or false",
    "timestamp": "a time (2026-01-31T12:00:00Z)",
    "blob": "base64",
}
_READERS: dict[str, Callable[[str], Any]] = {
    "integer": _integer("integer"),
    "long": _integer("long"),
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "blob": _blob,
}
