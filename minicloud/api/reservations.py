"""Routes of reservations."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.billing_requests import BuyBody, ExchangeBody, OfferingsBody
from minicloud.api.billing_views import offering_view, quote_view, reservation_view
from minicloud.api.endpoint import get, route
from minicloud.api.views import View


def routes(backend: Backend) -> list[Route]:
    """What is offered, buying, what was bought, and exchanging it."""
    reservations = backend.reservations

    def offerings(_request: Request, body: OfferingsBody) -> list[View]:
        found = reservations.offerings(body.choice(), body.chosen())
        return [offering_view(offering) for offering in found]

    def buy(_request: Request, body: BuyBody) -> View:
        bought = reservations.buy(body.choice(), body.offering, body.count)
        return reservation_view(bought, reservations.now())

    def list_all(_request: Request) -> list[View]:
        now = reservations.now()
        return [reservation_view(bought, now) for bought in reservations.list_all()]

    def quote(request: Request, body: ExchangeBody) -> View:
        return quote_view(reservations.quote(body.request(request.path_params["id"])))

    def exchange(request: Request, body: ExchangeBody) -> View:
        agreed, got = reservations.exchange(body.request(request.path_params["id"]))
        bought = reservation_view(got, reservations.now())
        return {"quote": quote_view(agreed), "reservation": bought}

    return [
        route("POST", "/reservation-offerings", offerings, OfferingsBody),
        route("POST", "/reservations/{id}/exchange-quote", quote, ExchangeBody),
        route("POST", "/reservations/{id}/exchange", exchange, ExchangeBody),
        get("/reservations", list_all),
        route("POST", "/reservations", buy, BuyBody),
    ]
