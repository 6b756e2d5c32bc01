"""Settings as ELBv2 has them: lists of keys and values, both text.

A set of attributes says which there are (each told with the value that is true), and how some of
them are set. The others have the one value that is told: to set it changes nothing, and any other
is refused. Sources: AWS's references of ``LoadBalancerAttribute``, ``TargetGroupAttribute`` and
``ListenerAttribute``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Shape
from minicloud.domain.tags import shown

Given = dict[str, str]
Parser = Callable[[str, str], Any]
_FLAGS = {"true": True, "false": False}


def attribute_list(attributes: Mapping[str, str]) -> list[Shape]:
    """Attributes as answers have them."""
    return [{"Key": key, "Value": value} for key, value in attributes.items()]


def changes_of(
    noun: str,
    told: Mapping[str, str],
    settable: Iterable[str],
    given: Sequence[Any],
) -> Given:
    """Those of a request's attributes that can be set, by key.

    ``ValidationError`` for a key that is not ``told``, or comes twice;
    ``InvalidConfigurationRequest`` where one would become what it is not.
    """
    can_be_set = frozenset(settable)
    changes: Given = {}
    seen: set[str] = set()
    for attribute in given:
        key, value = attribute.get("Key", ""), attribute.get("Value", "")
        if key not in told:
            # Terraform knows these very words, and goes on without the attribute.
            raise AwsFailure(
                "ValidationError", f"{noun} attribute key {shown(key, 100)} is not recognized"
            )
        if key in seen:
            raise AwsFailure("ValidationError", f"{noun} attribute key '{key}' is specified twice")
        seen.add(key)
        if key in can_be_set:
            changes[key] = value
        elif value.lower() != told[key]:
            raise AwsFailure(
                "InvalidConfigurationRequest",
                f"The value {shown(value)} of '{key}' is not supported by minicloud;"
                f" it is '{told[key]}'",
            )
    return changes


def flag(value: bool) -> str:
    """A boolean as attributes write it."""
    return "true" if value else "false"


def parse_flag(key: str, value: str) -> bool:
    """``true`` or ``false``."""
    if value.lower() not in _FLAGS:
        raise _invalid(key, value, "it must be 'true' or 'false'")
    return _FLAGS[value.lower()]


def parse_seconds(key: str, value: str) -> int:
    """A number of seconds; its range is the services' to check."""
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise _invalid(key, value, "it must be a whole number")
    return int(value)


def parse_choice(choices: Iterable[str]) -> Parser:
    """A parser of one of these words."""
    words = tuple(choices)

    def parse(key: str, value: str) -> str:
        if value not in words:
            raise _invalid(key, value, f"it must be one of {', '.join(words)}")
        return value

    return parse


def _invalid(key: str, value: str, expected: str) -> AwsFailure:
    return AwsFailure(
        "ValidationError", f"The value {shown(value)} of '{key}' is invalid: {expected}"
    )
