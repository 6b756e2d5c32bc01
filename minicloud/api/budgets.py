"""Routes of budgets. Each answer holds them against this month's bill, computed anew."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from minicloud.api.backend import Backend
from minicloud.api.billing_requests import BudgetBody
from minicloud.api.budget_views import budget_view
from minicloud.api.endpoint import get, route
from minicloud.api.requests import EmptyBody
from minicloud.api.views import View


def routes(backend: Backend) -> list[Route]:
    """Making, looking and forgetting."""
    budgets = backend.budgets

    def create(_request: Request, body: BudgetBody) -> View:
        return budget_view(budgets.create(body.request()))

    def show(request: Request) -> View:
        return budget_view(budgets.show(request.path_params["name"]))

    def list_all(_request: Request) -> list[View]:
        return [budget_view(state) for state in budgets.list()]

    def delete(request: Request, _body: EmptyBody) -> View:
        budgets.delete(request.path_params["name"])
        return {}

    return [
        get("/budgets", list_all),
        route("POST", "/budgets", create, BudgetBody),
        get("/budgets/{name}", show),
        route("DELETE", "/budgets/{name}", delete, EmptyBody),
    ]
