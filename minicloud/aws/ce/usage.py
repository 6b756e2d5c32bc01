"""GetCostAndUsage: what has been spent, by days or months, in groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ce.costs import Cost, costs_between
from minicloud.aws.ce.expressions import DIMENSIONS, matcher, require_dimension
from minicloud.aws.ce.time_buckets import DAILY, MONTHLY, buckets
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.billing.money import UNITS_PER_USD, divided, exact_text, usd_of
from minicloud.domain.billing.price_book import CURRENCY
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ce.type_defs import (
        GetCostAndUsageRequestTypeDef,
        GroupDefinitionTypeDef,
    )

_Metric = Callable[[Sequence[Cost]], Shape]
# How far back AWS keeps what it tells by days and by months.
_MONTHS_MAX = {DAILY: 14, MONTHLY: 38}
_GROUPINGS_MAX = 2


def get_cost_and_usage(backend: AwsBackend, request: GetCostAndUsageRequestTypeDef) -> Shape:
    """What the days and months of a period have cost; nothing yet where they are still to come."""
    wanted = buckets(request, _MONTHS_MAX)
    metrics = _metrics(request["Metrics"])
    groupings = _groupings(request.get("GroupBy") or ())
    passes = matcher(request.get("Filter"))
    costs = [
        cost
        for cost in costs_between(
            backend, wanted[0].start, wanted[-1].end, lambda c: not c.line.doubt.is_future
        )
        if passes(cost)
    ]
    today = backend.clock.now().date()
    results = []
    for bucket in wanted:
        here = [cost for cost in costs if bucket.holds(cost.day)]
        is_over = bucket.end <= today
        results.append(
            {
                "TimePeriod": bucket.shape,
                "Total": {} if groupings else _amounts(metrics, here),
                "Groups": _groups(metrics, groupings, here),
                "Estimated": not is_over or any(cost.is_estimated for cost in here),
            }
        )
    return {
        "GroupDefinitions": request.get("GroupBy"),
        "ResultsByTime": results,
        "DimensionValueAttributes": [],
    }


def _groups(
    metrics: Mapping[str, _Metric], groupings: Sequence[Callable[[Cost], str]], costs: list[Cost]
) -> list[Shape]:
    """The groups in the order of their keys; none where nothing is grouped by."""
    if not groupings:
        return []
    grouped: dict[tuple[str, ...], list[Cost]] = {}
    for cost in costs:
        grouped.setdefault(tuple(key_of(cost) for key_of in groupings), []).append(cost)
    return [
        {"Keys": list(keys), "Metrics": _amounts(metrics, grouped[keys])}
        for keys in sorted(grouped)
    ]


def _amounts(metrics: Mapping[str, _Metric], costs: Sequence[Cost]) -> Shape:
    return {name: metric(costs) for name, metric in metrics.items()}


def _groupings(given: Sequence[GroupDefinitionTypeDef]) -> list[Callable[[Cost], str]]:
    if len(given) > _GROUPINGS_MAX:
        raise AwsFailure("ValidationException", "Costs can be grouped by two keys at most")
    return [_grouping(each.get("Type", ""), each.get("Key", "")) for each in given]


def _grouping(kind: str, key: str) -> Callable[[Cost], str]:
    if kind == "TAG":
        return lambda cost: f"{key}${cost.tags.get(key, '')}"
    if kind != "DIMENSION":
        raise AwsFailure(
            "ValidationException", f"Grouping by {shown(kind)} is not supported by minicloud"
        )
    require_dimension(key)
    return lambda cost: cost.dimensions[key]


def _metrics(names: Sequence[str]) -> dict[str, _Metric]:
    for name in names:
        if name not in _METRICS:
            raise AwsFailure(
                "ValidationException",
                f"The metric {shown(name)} is not supported by minicloud; there are"
                f" {', '.join(_METRICS)}",
            )
    if not names:
        raise AwsFailure("ValidationException", "Metrics must not be empty")
    return {name: _METRICS[name] for name in names}


def _unblended(costs: Sequence[Cost]) -> Shape:
    return _money(sum((cost.unblended_usd for cost in costs), Decimal(0)))


def _amortised(costs: Sequence[Cost]) -> Shape:
    return _money(sum((cost.amortised_usd for cost in costs), Decimal(0)))


def _usage(costs: Sequence[Cost]) -> Shape:
    """All usage together; it has a unit where all of it has the same."""
    used = [cost for cost in costs if cost.usage]
    total = sum((cost.usage for cost in used), Fraction(0))
    units = {cost.unit for cost in used}
    amount = usd_of(divided(total.numerator * UNITS_PER_USD, total.denominator))
    return {"Amount": exact_text(amount), "Unit": units.pop() if len(units) == 1 else "N/A"}


def _money(amount: Decimal) -> Shape:
    return {"Amount": exact_text(amount), "Unit": CURRENCY}


# Nobody has a discount here, so what is paid after all of them is the same.
_METRICS: Mapping[str, _Metric] = {
    "UnblendedCost": _unblended,
    "NetUnblendedCost": _unblended,
    "AmortizedCost": _amortised,
    "NetAmortizedCost": _amortised,
    "UsageQuantity": _usage,
}
OPERATIONS = (
    Operation(
        "GetCostAndUsage",
        get_cost_and_usage,
        carried=frozenset({"TimePeriod"}),
        checked={
            "Granularity": ", ".join(_MONTHS_MAX),
            "Metrics": ", ".join(_METRICS),
            "GroupBy": f"TAG, and DIMENSION of {', '.join(DIMENSIONS)}",
            "Filter": f"And, Or, Not, Tags, and Dimensions of {', '.join(DIMENSIONS)}",
        },
    ),
)
