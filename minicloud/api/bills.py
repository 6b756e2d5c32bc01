"""Routes of bills. A bill is asked for by POST, since a price book may come with the question."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.billing_requests import BillBody, ForecastBody
from minicloud.api.billing_views import bill_view, forecast_view
from minicloud.api.endpoint import route
from minicloud.api.streaming import JSON_LINES, json_lines
from minicloud.api.views import View
from minicloud.domain.billing.focus import Row, focus_rows

_ROWS_A_LINE = 500


def routes(backend: Backend) -> list[Route]:
    """The bill of a period, and what is made of one."""

    def show(_request: Request, body: BillBody) -> View:
        return bill_view(backend.bills.show(body.request()))

    def forecast(_request: Request, body: ForecastBody) -> View:
        return forecast_view(backend.bills.forecast(body.request()))

    def focus(_request: Request, body: BillBody) -> StreamingResponse:
        rows = focus_rows(backend.bills.focus(body.request()))
        return json_lines({"rows": some} for some in _portions(rows))

    return [
        route("POST", "/bills", show, BillBody),
        route("POST", "/bill-forecasts", forecast, ForecastBody),
        route("POST", "/bill-focus-rows", focus, BillBody, JSON_LINES),
    ]


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := [*islice(rows, _ROWS_A_LINE)]:
        yield some
