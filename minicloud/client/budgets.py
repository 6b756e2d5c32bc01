"""Calls about budgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.budget_shapes import Budgets, BudgetShape


@dataclass(frozen=True)
class BudgetRequest:
    """A budget: ``monthly`` dollars as text; ``notify`` of ``80%`` or ``forecast:100%``."""

    name: str
    monthly: str
    notify: tuple[str, ...] = ()
    region: str | None = None


class BudgetCalls:
    """What can be asked of budgets; each is held against this month's bill as it is now."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, request: BudgetRequest) -> BudgetShape:
        """Make a budget."""
        return cast("BudgetShape", self._transport.post("/budgets", body_of(request)))

    def list(self) -> Budgets:
        """Every budget, oldest first."""
        return cast("Budgets", self._transport.get("/budgets"))

    def show(self, name: str) -> BudgetShape:
        """One budget."""
        return cast("BudgetShape", self._transport.get(f"/budgets/{segment(name)}"))

    def delete(self, name: str) -> None:
        """Forget a budget."""
        self._transport.delete(f"/budgets/{segment(name)}")
