"""Values of a handler's output, held to the types of the model.

Strict on purpose: another type is a defect of the handler's, and ``TypeError`` lets a test find it.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any


def text(value: Any) -> str:
    """A string; an enumeration's member is its value."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return str(value)


def integer(value: Any) -> int:
    """An integer, which a boolean is not."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value


def boolean(value: Any) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not a boolean")
    return value


def number(value: Any) -> float:
    """Any number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def moment(value: Any) -> datetime:
    """A time that knows its offset."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"{value!r} is not an aware time")
    return value


def blob(value: Any) -> str:
    """Bytes, in base 64."""
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} is not bytes")
    return base64.b64encode(value).decode()
