"""Routes of bills. A bill is asked for by POST, since a price book may come with the question."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.billing_requests import BillBody
from minicloud.api.billing_views import bill_view
from minicloud.api.endpoint import route
from minicloud.api.views import View


def routes(backend: Backend) -> list[Route]:
    """The bill of a period."""

    def show(_request: Request, body: BillBody) -> View:
        return bill_view(backend.bills.show(body.request()))

    return [route("POST", "/bills", show, BillBody)]
