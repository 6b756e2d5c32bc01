"""Public addresses that nobody allocates: a machine's own, and a load balancer's.

A machine has one of its own while it runs and no Elastic IP leads to it; a balancer has one, in its
one zone, while it exists. AWS charges for every public IPv4 address that is in use since 2024-02-01
(AWS News of 2023-07-28), so by the rule for the first Elastic IP of a running machine. Before, they
were no item of a bill, and there is no line for them. By the second, as Elastic IPs are here.

Machines that start and stop all day have as many of them, at very few prices: what is used is
summed up by price before the tally is told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict

from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.tally import Tally

_ITEM = "public IPv4"
_FOR_EVER_S = 1 << 40


class AutomaticAddressMeter:
    """Measures the addresses of machines and balancers; each is named by whose it is."""

    def __init__(self, book: PriceBook, tally: Tally) -> None:
        self._tally = tally
        self._prices = prices = book.of_automatic_address()
        self._known_from_s = prices.starts_s[0] if prices.starts_s else _FOR_EVER_S
        self._known_to_s = prices.ends_s or _FOR_EVER_S
        known_s = (self._known_from_s, self._known_to_s)
        # Parts of the period, and for each the seconds of each owner: what is free is left out.
        self._parts = [part for part in tally.pieces(prices, *known_s) if part[2].units]
        self._starts_s = [begins_s for begins_s, _ends_s, _price in self._parts]
        self._used_s: defaultdict[tuple[int, Rule, str, Doubt], int] = defaultdict(int)
        self._since_s: dict[str, int] = {}
        self._doubtful: set[str] = set()

    def reconsider(self, instance_id: str, has_one: bool, at_s: int) -> None:
        """Whether a machine has an address of its own from now on."""
        if has_one:
            self._since_s.setdefault(instance_id, at_s)
        elif instance_id in self._since_s:
            self._measure(instance_id, self._since_s.pop(instance_id), at_s)
        elif self._doubtful:
            self._doubtful.discard(instance_id)

    def doubt(self, instance_id: str) -> None:
        """What the ledger tells of a machine contradicts itself; ``reconsider`` it afterwards."""
        self._doubtful.add(instance_id)

    def of_balancer(self, balancer_id: str, stretch_s: tuple[int, int], doubt: Doubt) -> None:
        """Bill the address of a balancer that was there all this time."""
        self._bill(Rule.ADDRESS_BALANCER, balancer_id, stretch_s, doubt)

    def finish(self, at_s: int) -> None:
        """Measure what is still in use, and tell the tally; the last of all meters."""
        for instance_id, since_s in self._since_s.items():
            self._measure(instance_id, since_s, at_s)
        for (part, rule, owner, doubt), used_s in self._used_s.items():
            begins_s, _ends_s, price = self._parts[part]
            self._tally.moment(_what(rule, owner), price, begins_s, used_s, doubt)

    def _measure(self, instance_id: str, since_s: int, at_s: int) -> None:
        doubt = Doubt.NONE
        if self._doubtful and instance_id in self._doubtful:
            self._doubtful.discard(instance_id)
            doubt = Doubt.LEDGER
        self._bill(Rule.ADDRESS_AUTOMATIC, instance_id, (since_s, at_s), doubt)

    def _bill(self, rule: Rule, owner: str, stretch_s: tuple[int, int], doubt: Doubt) -> None:
        begin_s, end_s = stretch_s
        if begin_s < self._known_from_s or end_s > self._known_to_s:
            self._ask_for_price(rule, owner, stretch_s)
        for part in range(max(bisect_right(self._starts_s, begin_s) - 1, 0), len(self._parts)):
            begins_s, ends_s, _price = self._parts[part]
            if begins_s >= end_s:
                break
            used_s = min(end_s, ends_s) - max(begin_s, begins_s)
            if used_s > 0:
                self._used_s[part, rule, owner, doubt] += used_s

    def _ask_for_price(self, rule: Rule, owner: str, stretch_s: tuple[int, int]) -> None:
        """``PriceNotFound`` where one was in use in the period and the book knows no price."""
        begin_s, end_s = stretch_s
        for unknown_s in ((begin_s, self._known_from_s), (self._known_to_s, end_s)):
            part_s = (max(begin_s, unknown_s[0]), min(end_s, unknown_s[1]))
            self._tally.stretch(_what(rule, owner), self._prices, part_s)


def _what(rule: Rule, owner: str) -> What:
    return What(rule, owner, _ITEM, HOUR_S)
