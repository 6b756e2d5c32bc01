"""Routes of what was measured, hour by hour."""

from __future__ import annotations

from fractions import Fraction

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get
from minicloud.api.parameters import IntegerParameter
from minicloud.api.views import View
from minicloud.domain.billing.capacity import capacity_of
from minicloud.domain.metering import KEPT, BalancerHour, InstanceHour

_HOURS = IntegerParameter("hours", default=24, most=KEPT.days * 24, least=1)
_PLACES = 3


def routes(backend: Backend) -> list[Route]:
    """Ask what machines and balancers have used."""

    def of_instance(request: Request) -> list[View]:
        _instance, hours = backend.usage.of_instance(_ref(request), _HOURS.of(request))
        return [_instance_view(hour) for hour in hours]

    def of_balancer(request: Request) -> list[View]:
        _balancer, hours = backend.usage.of_balancer(_ref(request), _HOURS.of(request))
        return [_balancer_view(hour) for hour in hours]

    return [
        get("/instances/{ref}/usage", of_instance, _HOURS),
        get("/balancers/{ref}/usage", of_balancer, _HOURS),
    ]


def _instance_view(hour: InstanceHour) -> View:
    return {
        "instance_id": hour.instance_id,
        "hour_at": hour.hour_at.isoformat(),
        "type": hour.type_name,
        "measured_s": round(hour.measured_s, _PLACES),
        "cpu_s": round(hour.cpu_s, _PLACES),
        "cpu_percent_mean": round(hour.cpu_percent_mean, _PLACES),
        "cpu_percent_max": round(hour.cpu_percent_max, _PLACES),
        "memory_mib_mean": round(hour.memory_mib_mean, _PLACES),
        "memory_mib_max": round(hour.memory_mib_max, _PLACES),
    }


def _balancer_view(hour: BalancerHour) -> View:
    dimension, units = capacity_of(hour)
    return {
        "balancer_id": hour.balancer_id,
        "hour_at": hour.hour_at.isoformat(),
        "requests": hour.requests,
        "new_connections": hour.new_connections,
        "active_connections_mean": _rounded(hour.active_connections_mean),
        "processed_bytes": hour.processed_bytes,
        "rule_evaluations": hour.rule_evaluations,
        "capacity_units": _rounded(units),
        "capacity_by": dimension.value if units else None,
        "in_ledger": hour.in_ledger,
    }


def _rounded(number: Fraction) -> float:
    return round(float(number), _PLACES)


def _ref(request: Request) -> str:
    ref: str = request.path_params["ref"]
    return ref
