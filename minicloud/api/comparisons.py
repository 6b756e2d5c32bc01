"""Routes of comparisons, asked for by POST, since books and curves may come with the question."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.comparison_requests import FleetBody, ScalingBody
from minicloud.api.comparison_views import fleet_view, scaling_view
from minicloud.api.endpoint import route
from minicloud.api.views import View


def routes(backend: Backend) -> list[Route]:
    """What it would have cost otherwise."""
    comparisons = backend.comparisons

    def fleet(_request: Request, body: FleetBody) -> View:
        return fleet_view(comparisons.fleet(body.request()))

    def scaling(_request: Request, body: ScalingBody) -> View:
        return scaling_view(comparisons.scaling(body.request()))

    return [
        route("POST", "/comparisons/fleet", fleet, FleetBody),
        route("POST", "/comparisons/scaling", scaling, ScalingBody),
    ]
