"""Routes of the cloud's clock."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.endpoint import get, route
from minicloud.api.requests import AdvanceBody, EmptyBody, SpeedBody
from minicloud.api.views import View, clock_view


def routes(backend: Backend) -> list[Route]:
    """Look at the clock; make it one that can be moved, and move it."""
    clock = backend.clock

    def show(_request: Request) -> View:
        return clock_view(clock.show())

    def simulate(_request: Request, _body: EmptyBody) -> View:
        return clock_view(clock.simulate())

    def advance(_request: Request, body: AdvanceBody) -> View:
        return clock_view(clock.advance(body.by))

    def set_speed(_request: Request, body: SpeedBody) -> View:
        return clock_view(clock.set_speed(body.speed))

    def reset(_request: Request, _body: EmptyBody) -> View:
        return clock_view(clock.reset())

    return [
        get("/clock", show),
        route("POST", "/clock/simulate", simulate, EmptyBody),
        route("POST", "/clock/advance", advance, AdvanceBody),
        route("POST", "/clock/speed", set_speed, SpeedBody),
        route("POST", "/clock/reset", reset, EmptyBody),
    ]
