"""A reservation while it is in force: how much it covers, and what its hours are billed at.

Unblended, money is billed when it is owed: the upfront part when it is bought, the hourly part for
every hour of the term, and a machine that is covered costs nothing more. Amortised, the upfront
part is spread over the term: an hour that covers a machine is billed on the machine's own line,
an hour that covers none is waste.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.money import units_of
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.price import Price, Provenance, Timeline
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.billing.tally import Tally


class View(StrEnum):
    """When the upfront part of a reservation counts: when it is paid, or over its term."""

    UNBLENDED = "unblended"
    AMORTISED = "amortised"


class ActiveReservation:
    """A reservation of ``factor`` size-seconds a second for each of its count."""

    def __init__(self, reservation: Reservation, factor: int, view: View) -> None:
        self.id = reservation.id
        self.starts_s = second_of(reservation.starts_at)
        self.ends_s = self.starts_s + reservation.term_s
        self.given_id = None if reservation.exchange is None else reservation.exchange.given_id
        self._reservation = reservation
        self._factor = factor
        self._view = view
        self._prices: dict[int, Timeline[Price]] = {}

    def capacity(self, length_s: int) -> int:
        """How many size-seconds it covers in a slot of this length."""
        return self._reservation.count * self._factor * length_s

    def prices_of(self, factor: int) -> Timeline[Price]:
        """What an hour costs that it covers of a machine of this size, on the machine's line: the
        same for as long as it covers anything.
        """
        if factor not in self._prices:
            price = self._price_of(factor)
            self._prices[factor] = Timeline(price.item, (0,), (price,))
        return self._prices[factor]

    def record_upfront(self, tally: Tally) -> None:
        """Bill what is paid at once, unless it is spread over the term."""
        bought = self._reservation
        if bought.exchange is not None or self._view is View.AMORTISED or not bought.upfront_usd:
            return
        price = Price(self._said("upfront"), units_of(bought.upfront_usd), self._provenance)
        what = What(Rule.UPFRONT, self.id, bought.type_name, 1)
        tally.moment(what, price, self.starts_s, bought.count)

    def record_true_up(self, tally: Tally, doubt: Doubt) -> None:
        """Bill what is paid on top of the reservation that was given in for it."""
        bought = self._reservation
        price = Price(self._said("true-up"), units_of(bought.due_usd), self._provenance)
        what = What(Rule.TRUE_UP, self.id, bought.type_name, 1, self.given_id or "")
        if self._view is View.UNBLENDED:
            tally.moment(what, price, self.starts_s, 1, doubt)
        elif doubt:
            # It is spread over the term; a line of nothing says that it is not certain.
            tally.moment(what, price, self.starts_s, 0, doubt)

    def record(self, tally: Tally, at_s: int, used: int, unused: int) -> None:
        """Bill its own hours, as of one moment, in size-seconds; the ``unused`` were waste."""
        if used and self._view is View.UNBLENDED:
            tally.moment(self._what(Rule.RESERVATION_USED), self._own_price, at_s, used)
        if unused:
            tally.moment(self._what(Rule.RESERVATION_UNUSED), self._own_price, at_s, unused)

    @cached_property
    def _own_price(self) -> Price:
        hourly = units_of(self._reservation.hourly_usd)
        if self._view is View.UNBLENDED:
            return Price(self._said("per hour"), hourly, self._provenance)
        return self._spread(self._factor)

    def _price_of(self, factor: int) -> Price:
        if self._view is View.UNBLENDED:
            return Price(f"covered by {self.id}", 0, self._provenance)
        return self._spread(factor)

    def _spread(self, factor: int) -> Price:
        """An hour's share of all that it costs, for a machine of this size."""
        bought = self._reservation
        hourly, upfront = units_of(bought.hourly_usd), units_of(bought.spread_usd)
        units = (hourly * bought.count * bought.term_s + upfront * HOUR_S) * factor
        size = "" if factor == self._factor else f" of a machine {factor}/{self._factor} its size"
        said = self._said(f"upfront and all, per hour{size}")
        return Price(said, units, self._provenance, bought.count * bought.term_s * self._factor)

    def _what(self, rule: Rule) -> What:
        return What(rule, self.id, self._reservation.type_name, HOUR_S * self._factor)

    def _said(self, what: str) -> str:
        return f"{self._reservation.key.id}, {what}"

    @cached_property
    def _provenance(self) -> Provenance:
        bought = self._reservation
        return Provenance(
            bought.price_since, bought.price_source, bought.price_as_of, bought.price_estimated
        )
