"""How budgets look to a client; money is text, as in ``billing_views``."""

from __future__ import annotations

from minicloud.api.endpoint import error_view
from minicloud.api.views import View
from minicloud.domain.billing.money import exact_text, units_of
from minicloud.domain.billing.price_book import CURRENCY
from minicloud.services.budgets import BudgetState


def budget_view(state: BudgetState) -> View:
    """A budget, what of it is spent, and which thresholds are passed."""
    budget, cost = state.budget, state.cost
    passed = set() if cost is None else set(budget.passed(cost))
    return {
        "name": budget.name,
        "monthly_usd": exact_text(budget.monthly_usd),
        "currency": CURRENCY,
        "region": budget.region,
        "created_at": budget.created_at.isoformat(),
        "spent_usd": None if cost is None else exact_text(cost.spent_usd),
        "forecast_usd": None if cost is None else exact_text(cost.forecast_usd),
        "spent_percent": None
        if cost is None
        else units_of(cost.spent_usd) * 100 // units_of(budget.monthly_usd),
        "thresholds": [
            {
                "text": threshold.text,
                "basis": threshold.basis.value,
                "percent": exact_text(threshold.percent),
                "passed": threshold in passed,
            }
            for threshold in budget.thresholds
        ],
        "alert": bool(passed),
        "error": None if state.error is None else error_view(state.error),
    }
