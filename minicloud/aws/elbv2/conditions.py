"""A rule's conditions, as requests and answers have them.

Paths and hosts can be written in two forms, ``Values`` and a configuration, and are answered in
both, as AWS does; the other conditions have a configuration alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Shape
from minicloud.domain.rule import (
    Condition,
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    SourceIpCondition,
)
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import RuleConditionUnionTypeDef

_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "query-string": "QueryStringConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
}
# Those that hold plain values; the first two can be written without a configuration.
_PLAIN: dict[str, type[HostCondition | PathCondition | MethodCondition | SourceIpCondition]] = {
    "host-header": HostCondition,
    "path-pattern": PathCondition,
    "http-request-method": MethodCondition,
    "source-ip": SourceIpCondition,
}
_WITHOUT_CONFIG = frozenset({"host-header", "path-pattern"})
_LENGTH_MAX = 128
_METHOD_LENGTH_MAX = _NAME_LENGTH_MAX = 40
_METHOD = re.compile(r"[A-Z_-]*")
_FIELDS = {
    HostCondition: "host-header",
    PathCondition: "path-pattern",
    MethodCondition: "http-request-method",
    HeaderCondition: "http-header",
    QueryCondition: "query-string",
    SourceIpCondition: "source-ip",
}
CARRIED = frozenset(
    {
        "Conditions.Field",
        "Conditions.Values",
        *(f"Conditions.{config}.Values" for config in _CONFIGS.values()),
        "Conditions.HttpHeaderConfig.HttpHeaderName",
    }
)


def conditions_from(given: Sequence[RuleConditionUnionTypeDef]) -> list[Condition]:
    """The conditions of a request; what each may hold is the rule's to check.

    What AWS has words of its own for is refused here: a value that is missing, or too long.
    """
    return [_condition({**condition}) for condition in given]


def condition_shape(condition: Condition) -> Shape:
    """A condition as answers have it."""
    field = _FIELDS[type(condition)]
    config: dict[str, Any] = {"Values": condition.values}
    match condition:
        case HeaderCondition():
            config["HttpHeaderName"] = condition.name
        case QueryCondition():
            config["Values"] = [{"Key": p.key, "Value": p.value} for p in condition.values]
    shape: dict[str, Any] = {"Field": field, _CONFIGS[field]: config}
    if field in _WITHOUT_CONFIG:
        shape["Values"] = condition.values
    return shape


def _condition(given: dict[str, Any]) -> Condition:
    field = given.get("Field", "")
    if field not in _CONFIGS:
        raise AwsFailure(
            "ValidationError",
            f"Condition field {shown(field)} must be one of '[{','.join(_CONFIGS)}]'",
        )
    config = _config(field, given)
    values = config.get("Values", [])
    if not values:
        raise _without_value(field, given)
    if field == "query-string":
        return QueryCondition(tuple(_pair(value) for value in values))
    for value in values:
        is_method = field == "http-request-method"
        _require_length(field, value, _METHOD_LENGTH_MAX if is_method else _LENGTH_MAX)
        if is_method and not _METHOD.fullmatch(value):
            raise AwsFailure(
                "ValidationError",
                f"The '{field}' value is invalid; the allowed characters are A-Z, hyphen and"
                " underscore",
            )
    if field in _PLAIN:
        return _PLAIN[field](tuple(values))
    name = config.get("HttpHeaderName", "")
    _require_length("HttpHeaderName", name, _NAME_LENGTH_MAX)
    return HeaderCondition(name, tuple(values))


def _config(field: str, given: dict[str, Any]) -> dict[str, Any]:
    """The condition's configuration, in whichever form it is written."""
    own = {"Field", _CONFIGS[field], *(["Values"] if field in _WITHOUT_CONFIG else [])}
    strange = given.keys() - own
    if strange:
        raise AwsFailure(
            "ValidationError",
            f"{', '.join(sorted(strange))} cannot be specified for the condition field '{field}'",
        )
    config: dict[str, Any] = given.get(_CONFIGS[field], {})
    values = given.get("Values")
    if not values:
        return config
    if config.get("Values", values) != values:
        raise AwsFailure("ValidationError", f"You cannot specify both Values and {_CONFIGS[field]}")
    return {"Values": values}


def _pair(given: dict[str, str]) -> QueryValue:
    if "Value" not in given:
        raise AwsFailure(
            "ValidationError", "A 'Value' must be specified in 'QueryStringKeyValuePair'"
        )
    for member in ("Key", "Value"):
        _require_length(member, given.get(member, ""), _LENGTH_MAX)
    return QueryValue(given["Value"], given.get("Key") or None)


def _require_length(what: str, text: str, largest: int) -> None:
    if len(text) > largest:
        raise AwsFailure(
            "ValidationError", f"The '{what}' value is too long; the limit is '{largest}'"
        )


def _without_value(field: str, given: dict[str, Any]) -> AwsFailure:
    if field in _WITHOUT_CONFIG:
        return AwsFailure("ValidationError", "A condition value must be specified")
    if _CONFIGS[field] in given:
        return AwsFailure("ValidationError", f"A '{field}' value must be specified")
    return AwsFailure("ValidationError", f"A '{_CONFIGS[field]}' must be specified with '{field}'")
