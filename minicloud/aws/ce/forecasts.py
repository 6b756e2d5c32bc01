"""GetCostForecast: what is still to come, if all goes on as it is.

AWS guesses from what was spent before; a cloud's bill knows what runs now, what it costs, and when
each reservation ends, so there is one figure and no interval around it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ce.costs import Cost, costs_between
from minicloud.aws.ce.expressions import DIMENSIONS, matcher
from minicloud.aws.ce.time_buckets import DAILY, MONTHLY, buckets
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.billing.money import exact_text
from minicloud.domain.billing.price_book import CURRENCY
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ce.type_defs import GetCostForecastRequestTypeDef

# How far ahead AWS tells.
_MONTHS_MAX = {DAILY: 3, MONTHLY: 18}


def get_cost_forecast(backend: AwsBackend, request: GetCostForecastRequestTypeDef) -> Shape:
    """What days and months to come will cost; of today, what is left of it."""
    wanted = buckets(request, _MONTHS_MAX)
    if wanted[0].start < backend.clock.now().date():
        raise AwsFailure("ValidationException", "Start date must be today or later")
    amount_of = _amount(request["Metric"])
    passes = matcher(request.get("Filter"))
    costs = costs_between(
        backend, wanted[0].start, wanted[-1].end, lambda c: c.line.doubt.is_future
    )
    means = [
        sum((amount_of(c) for c in costs if bucket.holds(c.day) and passes(c)), Decimal(0))
        for bucket in wanted
    ]
    return {
        "Total": {"Amount": exact_text(sum(means, Decimal(0))), "Unit": CURRENCY},
        "ForecastResultsByTime": [
            {"TimePeriod": bucket.shape, "MeanValue": exact_text(mean)}
            for bucket, mean in zip(wanted, means, strict=True)
        ],
    }


def _amount(metric: str) -> Callable[[Cost], Decimal]:
    if metric not in _METRICS:
        raise AwsFailure(
            "ValidationException",
            f"The metric {shown(metric)} is not supported by minicloud; there are"
            f" {', '.join(_METRICS)}",
        )
    return _METRICS[metric]


def _unblended(cost: Cost) -> Decimal:
    return cost.unblended_usd


def _amortised(cost: Cost) -> Decimal:
    return cost.amortised_usd


_METRICS = {
    "UNBLENDED_COST": _unblended,
    "NET_UNBLENDED_COST": _unblended,
    "AMORTIZED_COST": _amortised,
    "NET_AMORTIZED_COST": _amortised,
}
OPERATIONS = (
    Operation(
        "GetCostForecast",
        get_cost_forecast,
        carried=frozenset({"TimePeriod"}),
        checked={
            "Granularity": ", ".join(_MONTHS_MAX),
            "Metric": ", ".join(_METRICS),
            "Filter": f"And, Or, Not, Tags, and Dimensions of {', '.join(DIMENSIONS)}",
        },
    ),
)
