"""Identifiers: a prefix that says the kind and 17 hexadecimal digits, as EC2's."""

from __future__ import annotations

import re
from enum import StrEnum

from minicloud.domain.errors import InvalidRequest

_DIGITS = 17
_SHOWN_MAX = 40


class IdKind(StrEnum):
    """The kinds of resource that have identifiers; the value is the prefix."""

    CLOUD = "cloud"
    INSTANCE = "i"
    IMAGE = "ami"
    ALLOCATION = "eipalloc"
    ASSOCIATION = "eipassoc"
    OPERATION = "op"
    BALANCER = "lb"
    LISTENER = "lsn"
    RULE = "rule"
    TARGET_GROUP = "tg"
    CERTIFICATE = "cert"
    RESERVATION = "ri"


def make_id(kind: IdKind, random_hex: str) -> str:
    """Form an identifier from at least 17 random hexadecimal digits."""
    if not re.fullmatch(r"[0-9a-f]{17,}", random_hex):
        raise ValueError("an identifier is made of at least 17 hexadecimal digits")
    return f"{kind.value}-{random_hex[:_DIGITS]}"


def is_id(kind: IdKind, text: str) -> bool:
    """Whether ``text`` is a well-formed identifier of this kind."""
    return re.fullmatch(rf"{kind.value}-[0-9a-f]{{{_DIGITS}}}", text) is not None


def looks_like_id(kind: IdKind, text: str) -> bool:
    """Whether ``text`` was meant as an identifier of this kind, well-formed or not."""
    return re.fullmatch(rf"{kind.value}-[0-9a-f]*", text) is not None


def require_id(kind: IdKind, text: str, malformed_code: str) -> str:
    """Return ``text`` if it is a well-formed identifier, else raise with AWS's code."""
    if not is_id(kind, text):
        raise InvalidRequest(
            malformed_code,
            f"{text[:_SHOWN_MAX]!r} is not an identifier of the form {kind.value}-<17 hex digits>",
            "copy it from the output of the list command, or use the name",
        )
    return text
