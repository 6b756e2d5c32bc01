"""Adding up measured use, line by line: memory grows with the lines of a bill and nothing else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from minicloud.domain.billing.line import Doubt, Line, What
from minicloud.domain.billing.money import divided, usd_of
from minicloud.domain.billing.period import Days, Period
from minicloud.domain.billing.price import Price, Timeline

_Key = tuple[What, Price, Doubt]


class Tally:
    """What is used within a period, summed by what it is, its price and its doubt.

    With ``days`` every sum is kept for each of them, too.
    """

    def __init__(self, period: Period, days: Days | None = None) -> None:
        self.period = period
        self._days = days
        self._measures: dict[_Key, int] = {}
        self._by_day: dict[_Key, dict[int, int]] = {}
        cuts_s = {period.now_s, *(days.starts_s if days else ())}
        self._cuts_s = sorted(cut_s for cut_s in cuts_s if period.from_s < cut_s < period.to_s)

    def stretch(
        self,
        what: What,
        prices: Timeline[Price],
        stretch_s: tuple[int, int],
        *,
        weight: int = 1,
        doubt: Doubt = Doubt.NONE,
    ) -> None:
        """Add ``weight`` for every second of the stretch that is in the period."""
        for piece_s, until_s, price in self.pieces(prices, *stretch_s):
            self._add(what, price, piece_s, (until_s - piece_s) * weight, doubt)

    def counted(
        self,
        what: What,
        prices: Timeline[Price],
        stretch_s: tuple[int, int],
        count: Callable[[int, int], int],
        doubt: Doubt,
    ) -> None:
        """Add what ``count`` finds in each piece of a stretch that is at one price."""
        for piece_s, until_s, price in self.pieces(prices, *stretch_s):
            if measure := count(piece_s, until_s):
                self._add(what, price, piece_s, measure, doubt)

    def moment(
        self, what: What, price: Price, at_s: int, measure: int, doubt: Doubt = Doubt.NONE
    ) -> None:
        """Add a measure at one moment, if that is in the period."""
        if self.period.from_s <= at_s < self.period.to_s:
            self._add(what, price, at_s, measure, doubt)

    def moment_at(
        self, what: What, prices: Timeline[Price], at_s: int, measure: int, doubt: Doubt
    ) -> None:
        """The same, at the price that holds then; it is looked for in the period alone."""
        if self.period.from_s <= at_s < self.period.to_s:
            self._add(what, prices.at(at_s), at_s, measure, doubt)

    def pieces(
        self, prices: Timeline[Price], begin_s: int, end_s: int
    ) -> Iterator[tuple[int, int, Price]]:
        """What of a stretch is in the period, cut at other prices, at now and between days."""
        begin_s, end_s = max(begin_s, self.period.from_s), min(end_s, self.period.to_s)
        if begin_s >= end_s:
            return
        cuts_s = self._cuts_s
        for piece_s, until_s, price in prices.pieces(begin_s, end_s):
            at_s = piece_s
            for place in range(bisect_right(cuts_s, piece_s), len(cuts_s)):
                if cuts_s[place] >= until_s:
                    break
                yield at_s, cuts_s[place], price
                at_s = cuts_s[place]
            yield at_s, until_s, price

    def lines(self) -> tuple[Line, ...]:
        """The lines, each with its amount, in the order of a bill."""
        return tuple(self._line(key) for key in sorted(self._measures, key=_place))

    def _add(self, what: What, price: Price, at_s: int, measure: int, doubt: Doubt) -> None:
        if at_s >= self.period.now_s:
            doubt = doubt.in_future()
        key = (what, price, doubt)
        self._measures[key] = self._measures.get(key, 0) + measure
        if self._days is not None:
            days = self._by_day.setdefault(key, {})
            day = self._days.index(at_s)
            days[day] = days.get(day, 0) + measure

    def _line(self, key: _Key) -> Line:
        what, price, doubt = key
        measure = self._measures[key]
        amount = usd_of(_units(what, price, measure))
        day_amounts, day_measures = self._day_amounts(key), self._day_measures(key)
        return Line(what, measure, price, amount, doubt, day_amounts, day_measures)

    def _day_measures(self, key: _Key) -> dict[date, int]:
        if self._days is None:
            return {}
        return {self._days.dates[day]: of_day for day, of_day in sorted(self._by_day[key].items())}

    def _day_amounts(self, key: _Key) -> dict[date, Decimal]:
        """A line's amount, cut into days so that the sum of its days is the line to the last digit.

        A day's is what the days up to it come to, less what those before it came to.
        """
        amounts: dict[date, Decimal] = {}
        if self._days is None:
            return amounts
        what, price, _doubt = key
        measure, before = 0, 0
        for day, of_day in sorted(self._by_day[key].items()):
            measure += of_day
            now = _units(what, price, measure)
            amounts[self._days.dates[day]] = usd_of(now - before)
            before = now
        return amounts


def _units(what: What, price: Price, measure: int) -> int:
    # The one place where money is rounded.
    return divided(measure * price.units, what.per * price.divisor)


def _place(key: _Key) -> tuple[int, str, int, str, str, int, str]:
    """A service's resources one after another, a resource's rules together, prices by their day."""
    what, price, doubt = key
    service, rule = what.rule.order
    since = price.provenance.since.toordinal()
    return (service, what.resource_id, rule, what.subject, what.part, since, doubt.value)
