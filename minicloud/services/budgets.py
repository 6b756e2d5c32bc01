"""Budgets: made, forgotten, and held against the month's bill whenever they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minicloud.domain.billing.budget import Budget, parse_amount, parse_thresholds
from minicloud.domain.billing.forecast import Cost
from minicloud.domain.errors import Conflict, MiniCloudError, NotFound
from minicloud.domain.tags import shown, validate_name
from minicloud.ports.clock import Clock
from minicloud.ports.store import Store
from minicloud.services.bills import BillService, ForecastRequest
from minicloud.services.prices import BookChoice, PriceService


@dataclass(frozen=True)
class BudgetRequest:
    """A budget as a person writes it: ``10``, ``80%``, ``forecast:100%``."""

    name: str
    monthly: str
    notify: Sequence[str] = ()
    region: str | None = None


@dataclass(frozen=True)
class BudgetState:
    """A budget and this month's cost; ``error`` where no bill could be computed for it."""

    budget: Budget
    cost: Cost | None
    error: MiniCloudError | None


class BudgetService:
    """Everything that can be asked of budgets."""

    def __init__(
        self, store: Store, bills: BillService, prices: PriceService, clock: Clock
    ) -> None:
        self._store = store
        self._bills = bills
        self._prices = prices
        self._clock = clock

    def create(self, request: BudgetRequest) -> BudgetState:
        """Make a budget; ``Conflict`` code ``DuplicateRecordException`` where its name is taken."""
        choice = BookChoice(request.region)
        budget = Budget(
            name=validate_name(request.name),
            monthly_usd=parse_amount(request.monthly),
            thresholds=parse_thresholds(request.notify),
            region=self._prices.book(choice).region,
            created_at=self._clock.now(),
        )
        with self._store.write() as transaction:
            if transaction.budgets.get(budget.name) is not None:
                raise Conflict(
                    "DuplicateRecordException",
                    f"there is a budget {budget.name} already",
                    f"choose another name, or: minicloud budget delete {budget.name}",
                )
            transaction.budgets.add(budget)
        return self._states([budget])[0]

    def list(self) -> Sequence[BudgetState]:
        """Every budget, oldest first. Where there are none, no bill is computed."""
        with self._store.read() as transaction:
            budgets = transaction.budgets.all()
        return self._states(budgets)

    def show(self, name: str) -> BudgetState:
        """One budget; ``NotFound`` code ``NotFoundException`` where there is none of this name."""
        with self._store.read() as transaction:
            budget = transaction.budgets.get(name)
        if budget is None:
            raise _no_such(name)
        return self._states([budget])[0]

    def delete(self, name: str) -> None:
        """Forget a budget."""
        with self._store.write() as transaction:
            if transaction.budgets.get(name) is None:
                raise _no_such(name)
            transaction.budgets.remove(name)

    def _states(self, budgets: Sequence[Budget]) -> Sequence[BudgetState]:
        """One bill is computed for each region that there are budgets of: as a rule, one."""
        found = {region: self._cost(region) for region in {each.region for each in budgets}}
        return [BudgetState(budget, *found[budget.region]) for budget in budgets]

    def _cost(self, region: str) -> tuple[Cost | None, MiniCloudError | None]:
        try:
            forecast = self._bills.forecast(ForecastRequest(BookChoice(region)))
        except MiniCloudError as error:
            # A ledger that makes no bill must not hide the budgets, nor all else of a status.
            return None, error
        return forecast.cost, None


def _no_such(name: str) -> NotFound:
    return NotFound(
        "NotFoundException",
        f"there is no budget {shown(name)}",
        "see what there is: minicloud budget list",
    )
