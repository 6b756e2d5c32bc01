"""What the hand-computed cases of reservations share.

In the test book a reservation of a t3.small for a year costs 876 upfront and 0.1 an hour: 0.2 an
hour amortised, since 876 / 8760 h = 0.1. A small costs 0.72 an hour on demand, a micro 0.36, a
medium 1.44. Most are bought an hour before the period, so that the upfront part is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from minicloud.domain.billing.period import Period
from minicloud.domain.billing.reserved import View
from minicloud.domain.ledger import LedgerEntry
from tests.unit.billing_book import period, reserve, run
from tests.unit.billing_cases import Case

HOUR = period("03-01 10:00:00", "03-01 11:00:00")
TWO_HOURS = period("03-01 10:00:00", "03-01 12:00:00")
OWNED = reserve("03-01 09:00:00")


def small(instance_id: str, begins: str = "10:00:00", ends: str = "11:00:00") -> list[LedgerEntry]:
    """A t3.small that ran on the first of March."""
    return run(instance_id, f"03-01 {begins}", f"03-01 {ends}", "t3.small")


def micro(instance_id: str, begins: str = "10:00:00", ends: str = "11:00:00") -> list[LedgerEntry]:
    """A t3.micro that ran on the first of March."""
    return run(instance_id, f"03-01 {begins}", f"03-01 {ends}", "t3.micro")


def both_views(
    name: str,
    entries: Sequence[LedgerEntry],
    when: Period,
    because: tuple[str, Sequence[str]],
    amortised: tuple[str, Sequence[str]],
) -> list[Case]:
    """The same history in both views."""
    return [
        Case(f"{name}, unblended", entries, when, *because),
        Case(f"{name}, amortised", entries, when, *amortised, view=View.AMORTISED),
    ]
