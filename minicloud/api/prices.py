"""Routes of prices, asked for by POST, since a price book may come with the question."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.billing_requests import PricesBody
from minicloud.api.billing_views import prices_view
from minicloud.api.endpoint import route
from minicloud.api.views import View


def routes(backend: Backend) -> list[Route]:
    """What things cost."""

    def list_some(_request: Request, body: PricesBody) -> View:
        return prices_view(backend.prices.list(body.choice(), body.types, body.at))

    return [route("POST", "/prices", list_some, PricesBody)]
