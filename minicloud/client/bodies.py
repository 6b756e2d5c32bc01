"""From a request to the JSON that is sent."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def body_of(request: DataclassInstance) -> dict[str, Any]:
    """The request's fields, at every depth without those that are None: the server has defaults."""
    body: dict[str, Any] = asdict(request)
    return _without_none(body)


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value is not None
    }
