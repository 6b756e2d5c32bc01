"""Sums of a family's use while nothing changes that tells one line of a bill from another.

Between two cuts (a price's day, a day of the bill, the present, the ends of the period) all that a
machine uses under one cover belongs on one line, at one price. So it is enough to add it up here,
in whole size-seconds, and to look for the line and the price once, when the window is over: the sum
of the parts is the measure that they would have come to one by one. What reaches beyond the window
goes to the tally at once, which cuts it. Memory grows with the lines of a window alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence

from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.price import Price, Timeline
from minicloud.domain.billing.reserved import ActiveReservation
from minicloud.domain.billing.run import Priced, Run
from minicloud.domain.billing.tally import Tally

# What is used: by a machine of which type, by which rule on demand, covered by what, how doubtful.
Use = tuple[Priced, str, Rule, ActiveReservation | None, Doubt]


class Window:
    """The window that was told of last. It moves on by itself, and never back."""

    def __init__(self, tally: Tally, cuts_s: Iterable[int]) -> None:
        self._tally = tally
        self._cuts_s = sorted(cuts_s)
        self._begins_s = 0
        self._ends_s = 0
        self._used: defaultdict[Use, int] = defaultdict(int)
        self._active: tuple[ActiveReservation, ...] = ()
        # For how long they were in force, and what of each of them was not used.
        self._hours_s = 0
        self._unused: defaultdict[ActiveReservation, int] = defaultdict(int)

    def record(self, run: Run, until_s: int) -> None:
        """Write down what a machine ran since it was last written down, under what covers it."""
        since_s, priced = run.since_s, run.priced
        if since_s >= until_s:
            return
        run.since_s = until_s
        if until_s > self._ends_s:
            self._move(until_s)
        use = (priced, run.instance_id, Rule.ON_DEMAND, run.cover, run.doubt)
        if self._begins_s <= since_s and until_s <= self._ends_s:
            self._used[use] += (until_s - since_s) * priced.factor
        else:
            what, prices = _billed_as(use)
            stretch_s = (since_s, until_s)
            self._tally.stretch(what, prices, stretch_s, weight=priced.factor, doubt=run.doubt)

    def used_at(self, at_s: int) -> defaultdict[Use, int]:
        """The sums that use is added to which is billed as of one moment, in size-seconds."""
        if at_s >= self._ends_s:
            self._move(at_s)
        return self._used

    def match(self, active: Sequence[ActiveReservation]) -> None:
        """From now on these are the reservations in force."""
        self.close()
        self._active = tuple(active)

    def add_hours(self, length_s: int, times: int, left: Sequence[int]) -> None:
        """The reservations were in force for ``times`` this long, and this was left of each."""
        self._hours_s += length_s * times
        for reservation, unused in zip(self._active, left, strict=True):
            if unused:
                self._unused[reservation] += unused * times

    def close(self) -> None:
        """Tell the tally of all that was added up."""
        for use, measure in self._used.items():
            what, prices = _billed_as(use)
            self._tally.moment_at(what, prices, self._begins_s, measure, use[-1])
        for reservation in self._active:
            used = reservation.capacity(self._hours_s) - self._unused[reservation]
            reservation.record(self._tally, self._begins_s, used, self._unused[reservation])
        self._used.clear()
        self._hours_s = 0
        self._unused.clear()

    def _move(self, to_s: int) -> None:
        """Begin the window that a time is in, or at whose end it is."""
        self.close()
        place = bisect_right(self._cuts_s, to_s)
        self._begins_s = self._cuts_s[place - 1] if place else to_s
        self._ends_s = self._cuts_s[place] if place < len(self._cuts_s) else to_s


def _billed_as(use: Use) -> tuple[What, Timeline[Price]]:
    priced, instance_id, rule, cover, _doubt = use
    if cover is None:
        return priced.what(rule, instance_id), priced.prices
    what = priced.what(Rule.RESERVED, instance_id, cover.id)
    return what, cover.prices_of(priced.factor)
