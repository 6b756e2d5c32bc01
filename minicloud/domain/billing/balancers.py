"""Load balancers: every hour of the clock (UTC) in which one existed, in full.

"You are charged for each hour or partial hour" (Elastic Load Balancing pricing page). An hour is
billed at its first moment in which the balancer is there, so that two bills, of one period and of
the next, never bill it twice. Its public address is billed for as long as it is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicloud.domain.billing.automatic import AutomaticAddressMeter
from minicloud.domain.billing.entries import Problems, fact
from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.tally import Tally
from minicloud.domain.ledger import LedgerEntry


@dataclass
class _Standing:
    name: str
    type: str
    since_s: int
    doubt: Doubt = Doubt.NONE


class BalancerMeter:
    """Measures every load balancer."""

    def __init__(
        self,
        book: PriceBook,
        tally: Tally,
        problems: Problems,
        automatic: AutomaticAddressMeter,
    ) -> None:
        self._book = book
        self._tally = tally
        self._problems = problems
        self._automatic = automatic
        self._standing: dict[str, _Standing] = {}

    def take_created(self, entry: LedgerEntry, at_s: int) -> None:
        """A balancer is there from now on."""
        if entry.resource_id in self._standing:
            self._problems.add(entry, "is created, and was there already")
            self._standing[entry.resource_id].doubt = Doubt.LEDGER
            return
        name, its_type = fact(entry, "name"), fact(entry, "type")
        self._standing[entry.resource_id] = _Standing(name, its_type, at_s)

    def take_deleted(self, entry: LedgerEntry, at_s: int) -> None:
        """A balancer is there no longer."""
        standing = self._standing.pop(entry.resource_id, None)
        if standing is not None:
            self._measure(entry.resource_id, standing, at_s)
            return
        self._problems.add(entry, "was never told to be there: what it cost before is not billed")
        prices = self._book.of_balancer(fact(entry, "type"))
        what = What(Rule.BALANCER_HOURS, entry.resource_id, fact(entry, "name"), 1)
        self._tally.moment_at(what, prices, at_s, 0, Doubt.LEDGER)

    def finish(self, at_s: int) -> None:
        """Measure what is still there."""
        for balancer_id, standing in self._standing.items():
            self._measure(balancer_id, standing, at_s)

    def _measure(self, balancer_id: str, standing: _Standing, at_s: int) -> None:
        prices = self._book.of_balancer(standing.type)
        what = What(Rule.BALANCER_HOURS, balancer_id, standing.name, 1)
        since_s = standing.since_s
        self._tally.moment_at(what, prices, since_s, 1, standing.doubt)
        rest_s = (since_s + 1, at_s)
        self._tally.counted(what, prices, rest_s, _hours_begun, standing.doubt)
        self._automatic.of_balancer(balancer_id, (since_s, at_s), standing.doubt)


def _hours_begun(begin_s: int, end_s: int) -> int:
    """How many hours of the clock begin in ``[begin_s, end_s)``."""
    return -(-end_s // HOUR_S) - -(-begin_s // HOUR_S)
