"""A budget: an amount for each month (UTC), and from which shares of it on a person is told.

Nothing is kept of what is spent: a budget is held against the month's bill each time it is asked
for. A threshold is of what is spent, or of what the month will have cost at its end, and is passed
by more than it: AWS Budgets' notification types ``ACTUAL`` and ``FORECASTED`` with its comparison
``GREATER_THAN`` (AWS Budgets API reference, "Notification").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from minicloud.domain.billing.forecast import Cost
from minicloud.domain.billing.money import PLACES, exact_text
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

THRESHOLDS_MAX = 10
USD_MAX = 1_000_000_000
_PERCENT_MAX = 1_000_000
_PERCENT_PLACES = 6
_AMOUNT = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")
_THRESHOLD = re.compile(r"(?:([a-z]+):)?([0-9]{1,20}(?:\.[0-9]{1,20})?)%?")


class Basis(StrEnum):
    """What a threshold is held against: what is spent, or what the month will have cost."""

    ACTUAL = "actual"
    FORECAST = "forecast"


@dataclass(frozen=True, order=True)
class Threshold:
    """More than ``percent`` of the amount."""

    basis: Basis
    percent: Decimal

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """``80%``, ``actual:80%`` or ``forecast:100%``; ``InvalidParameterValue`` otherwise."""
        found = _THRESHOLD.fullmatch(text)
        bases = {basis.value: basis for basis in Basis}
        basis = bases.get(found[1] or Basis.ACTUAL) if found is not None else None
        if found is None or basis is None:
            raise _no_threshold(text, "cannot be read")
        percent = Decimal(found[2])
        if not 0 < percent <= _PERCENT_MAX or _places(percent) > _PERCENT_PLACES:
            raise _no_threshold(text, f"must be more than 0% and at most {_PERCENT_MAX}%")
        return cls(basis, percent)

    @property
    def text(self) -> str:
        """``80%`` or ``forecast:100%``."""
        mark = "" if self.basis is Basis.ACTUAL else f"{self.basis}:"
        return f"{mark}{exact_text(self.percent)}%"

    def is_passed(self, monthly_usd: Decimal, cost: Cost) -> bool:
        """Whether more than this share is spent, or will have been."""
        usd = cost.spent_usd if self.basis is Basis.ACTUAL else cost.forecast_usd
        return usd * 100 > monthly_usd * self.percent


@dataclass(frozen=True)
class Budget:
    """``monthly_usd`` for a month, at the prices of a region."""

    name: str
    monthly_usd: Decimal
    thresholds: tuple[Threshold, ...]
    region: str
    created_at: datetime

    def passed(self, cost: Cost) -> list[Threshold]:
        """The thresholds that the cost of the month has passed."""
        return [each for each in self.thresholds if each.is_passed(self.monthly_usd, cost)]


def parse_amount(text: str) -> Decimal:
    """``10`` or ``12.50``, exactly; ``InvalidParameterValue`` where it is no amount to spend."""
    amount = Decimal(text) if _AMOUNT.fullmatch(text) else Decimal(0)
    if not 0 < amount <= USD_MAX or _places(amount) > PLACES:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(text)} is not an amount of dollars",
            f"write 10 or 12.50: more than 0, at most {USD_MAX}, at most {PLACES} decimal places",
        )
    return amount


def parse_thresholds(texts: Sequence[str]) -> tuple[Threshold, ...]:
    """The thresholds, what is spent first and then by their percent, each once."""
    thresholds = {Threshold.parse(text) for text in texts}
    if len(thresholds) > THRESHOLDS_MAX:
        raise InvalidRequest(
            "CreationLimitExceeded",
            f"a budget has {THRESHOLDS_MAX} thresholds at most",
            "leave some out",
        )
    return tuple(sorted(thresholds))


def _places(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _no_threshold(text: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        "InvalidParameterValue",
        f"the threshold {shown(text)} {why}",
        "write 80% (of what is spent) or forecast:100% (of what the month will cost)",
    )
