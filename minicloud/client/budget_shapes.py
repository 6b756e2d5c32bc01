"""What the server answers with about budgets, for type checkers alone, as ``shapes`` is."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from minicloud.client.shapes import ErrorShape


class ThresholdShape(TypedDict):
    """From which share of a budget on a person is told, and whether it is passed."""

    text: str
    basis: Literal["actual", "forecast"]
    percent: str
    passed: bool


class BudgetShape(TypedDict):
    """A budget, and this month's cost; None, with an ``error``, where no bill can be computed."""

    name: str
    monthly_usd: str
    currency: str
    region: str
    created_at: str
    spent_usd: str | None
    forecast_usd: str | None
    spent_percent: int | None
    thresholds: list[ThresholdShape]
    alert: bool
    error: ErrorShape | None


# A name of its own, since a class whose method is called ``list`` cannot say ``list[…]``.
Budgets: TypeAlias = list[BudgetShape]
