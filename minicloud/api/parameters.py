"""What clients may ask in a query: each parameter of a route says its own name, form and range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

_DIGITS_MAX = 9


class Parameter(Protocol):
    """A word of a route's query."""

    @property
    def name(self) -> str:
        """Its name in the query."""

    @property
    def is_required(self) -> bool:
        """Whether a request must have it."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """Its values, as a JSON schema."""


@dataclass(frozen=True)
class IntegerParameter:
    """A whole number, ``least`` to ``most``."""

    name: str
    default: int
    most: int
    least: int = 0
    is_required = False

    @property
    def schema(self) -> Mapping[str, Any]:
        """Its values, as a JSON schema."""
        limits = {"minimum": self.least, "maximum": self.most}
        return {"type": "integer", **limits, "default": self.default}

    def of(self, request: Request) -> int:
        """The number that a request has, or ``InvalidRequest``."""
        text = request.query_params.get(self.name, str(self.default))
        is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
        if not is_number or not self.least <= int(text) <= self.most:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"{self.name}={shown(text)}",
                f"use a number from {self.least} to {self.most}",
            )
        return int(text)


@dataclass(frozen=True)
class TextParameter:
    """A word that must be there."""

    name: str
    is_required = True

    @property
    def schema(self) -> Mapping[str, Any]:
        """Its values, as a JSON schema."""
        return {"type": "string", "minLength": 1}

    def of(self, request: Request) -> str:
        """The word that a request has, or ``InvalidRequest``."""
        text = request.query_params.get(self.name)
        if not text:
            raise InvalidRequest(
                "MissingParameter", f"{self.name} is missing", f"send ?{self.name}=…"
            )
        return text


@dataclass(frozen=True)
class FlagParameter:
    """A yes or no, no where it is absent."""

    name: str
    is_required = False

    @property
    def schema(self) -> Mapping[str, Any]:
        """Its values, as a JSON schema."""
        return {"type": "boolean", "default": False}

    def of(self, request: Request) -> bool:
        """Whether a request says yes, or ``InvalidRequest``."""
        text = request.query_params.get(self.name, "false")
        if text not in {"true", "false"}:
            raise InvalidRequest(
                "InvalidParameterValue", f"{self.name}={shown(text)}", "use true or false"
            )
        return text == "true"


def require_known(request: Request, parameters: tuple[Parameter, ...]) -> None:
    """Refuse a query that has a word of which the route makes nothing."""
    names = {parameter.name for parameter in parameters}
    for name in request.query_params:
        if name not in names:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"{shown(name, 80)} is no parameter of this route",
                f"its parameters: {', '.join(sorted(names)) or 'none'}",
            )
