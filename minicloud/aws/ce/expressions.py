"""Cost Explorer's filters: which costs an ``Expression`` leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minicloud.aws.ce.costs import Cost
from minicloud.aws.failures import AwsFailure
from minicloud.domain.tags import shown

DIMENSIONS = ("INSTANCE_TYPE", "LINKED_ACCOUNT", "REGION", "SERVICE", "USAGE_TYPE")
_Matches = Callable[[Cost], bool]
_EXACT, _ABSENT = frozenset({"EQUALS", "CASE_SENSITIVE"}), "ABSENT"
_DEPTH_MAX = 10


def matcher(expression: Mapping[str, Any] | None) -> _Matches:
    """Whether a cost passes; ``ValidationException`` for what is no filter, or not carried out."""
    return (lambda _cost: True) if expression is None else _matcher(expression, 1)


def require_dimension(key: str) -> str:
    """Refuse a dimension that this bill does not know."""
    if key not in DIMENSIONS:
        raise AwsFailure(
            "ValidationException",
            f"The dimension {shown(key)} is not supported by minicloud; there are"
            f" {', '.join(DIMENSIONS)}",
        )
    return key


def _matcher(expression: Mapping[str, Any], depth: int) -> _Matches:
    if len(expression) != 1:
        raise AwsFailure("ValidationException", "Expression must have exactly one root operator")
    if depth > _DEPTH_MAX:
        raise AwsFailure("ValidationException", "Expression is nested too deeply")
    ((operator, operand),) = expression.items()
    if operator not in _OPERATORS:
        raise AwsFailure(
            "ValidationException", f"A filter by {operator} is not supported by minicloud"
        )
    return _OPERATORS[operator](operand, depth)


def _and(operand: Sequence[Mapping[str, Any]], depth: int) -> _Matches:
    parts = _parts(operand, depth)
    return lambda cost: all(matches(cost) for matches in parts)


def _or(operand: Sequence[Mapping[str, Any]], depth: int) -> _Matches:
    parts = _parts(operand, depth)
    return lambda cost: any(matches(cost) for matches in parts)


def _not(operand: Mapping[str, Any], depth: int) -> _Matches:
    matches = _matcher(operand, depth + 1)
    return lambda cost: not matches(cost)


def _parts(operand: Sequence[Mapping[str, Any]], depth: int) -> list[_Matches]:
    if len(operand) < 2:
        raise AwsFailure("ValidationException", "And and Or take two expressions or more")
    return [_matcher(each, depth + 1) for each in operand]


def _dimension(operand: Mapping[str, Any], _depth: int) -> _Matches:
    key, values = require_dimension(operand.get("Key", "")), _values(operand)
    if _options(operand) - _EXACT:
        raise _unsupported_option(operand)
    return lambda cost: cost.dimensions[key] in values


def _tag(operand: Mapping[str, Any], _depth: int) -> _Matches:
    key, options = operand.get("Key", ""), _options(operand)
    if options == {_ABSENT}:
        return lambda cost: key not in cost.tags
    if options - _EXACT:
        raise _unsupported_option(operand)
    values = _values(operand)
    return lambda cost: cost.tags.get(key) in values


def _values(operand: Mapping[str, Any]) -> frozenset[str]:
    values: Sequence[str] = operand.get("Values") or ()
    if not values:
        raise AwsFailure("ValidationException", "A filter has at least one value")
    return frozenset(values)


def _options(operand: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(operand.get("MatchOptions") or ())


def _unsupported_option(operand: Mapping[str, Any]) -> AwsFailure:
    return AwsFailure(
        "ValidationException",
        f"The match options {shown(str(sorted(_options(operand))))} are not supported by minicloud",
    )


_OPERATORS: Mapping[str, Callable[[Any, int], _Matches]] = {
    "And": _and,
    "Or": _or,
    "Not": _not,
    "Dimensions": _dimension,
    "Tags": _tag,
}
