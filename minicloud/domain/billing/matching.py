"""Handing out the hours of reservations to a family's machines, slot by slot of the clock.

Reservations are used up in the order in which they were bought, and machines are covered in an
order of their own; so who is covered by what hangs on two running totals alone. Machines of one
size that run all the slot want the same: how many of them one after another a reservation covers is
one division, and only those are touched that it did not cover in the slot before. After the last
reservation comes what covers all the rest: on demand (None).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minicloud.domain.billing.line import Doubt, Rule
from minicloud.domain.billing.reserved import ActiveReservation
from minicloud.domain.billing.run import Priced, Run
from minicloud.domain.billing.window import Window

# More size-seconds than all machines of a family can want.
_ALL_THE_REST = 1 << 62


class Slot(NamedTuple):
    """``[begins_s, ends_s)``: so many ``times`` the same length, all of them used alike."""

    begins_s: int
    ends_s: int
    times: int = 1


class EndedUse(NamedTuple):
    """What ended within a slot, in the order in which reservations cover it."""

    factor: int
    instance_id: str
    type_name: str
    rule_order: int
    doubt: Doubt


class Matching:
    """What is left of reservations while a slot's use is told of, in the order of covering."""

    def __init__(self, slot: Slot, active: Sequence[ActiveReservation], window: Window) -> None:
        self._begins_s, self._ends_s, self._times = slot
        self._length_s = length_s = (slot.ends_s - slot.begins_s) // slot.times
        self._active = active
        self._window = window
        self._used = window.used_at(slot.begins_s)
        self._covers = [*active, None]
        self._left = [*[each.capacity(length_s) for each in active], _ALL_THE_REST]
        # Of everything before this one nothing is left.
        self._place = 0

    def cover(self, runs: Sequence[Run]) -> None:
        """Cover machines of one size that run all the slot, and on."""
        left, place, at, end = self._left, self._place, 0, len(runs)
        wanted = runs[0].priced.factor * self._length_s if runs else 0
        while at < end:
            free = left[place]
            if free >= wanted:
                fitting = min(free // wanted, end - at)
                left[place] = free - fitting * wanted
                cover = self._covers[place]
                for run in runs[at : at + fitting]:
                    if run.cover is not cover:
                        self._change(run, cover, self._begins_s)
                at += fitting
            elif free:
                self._place = place
                self._share(runs[at], self._begins_s, wanted)
                place = self._place
                at += 1
            else:
                place += 1
        self._place = place

    def cover_begun(self, run: Run) -> None:
        """Cover a machine that began to run within the slot, and runs on."""
        begins_s = max(run.since_s, self._begins_s)
        if begins_s >= self._ends_s:
            return
        wanted = run.priced.factor * (self._ends_s - begins_s) // self._times
        while not self._left[self._place]:
            self._place += 1
        if self._left[self._place] >= wanted:
            self._left[self._place] -= wanted
            if run.cover is not self._covers[self._place]:
                self._change(run, self._covers[self._place], begins_s)
        else:
            self._share(run, begins_s, wanted)

    def cover_ended(self, ended: EndedUse, priced: Priced, wanted: int) -> None:
        """Cover what ended within the slot."""
        is_minimum = ended.rule_order == Rule.MINIMUM.order[1]
        rule = Rule.MINIMUM if is_minimum else Rule.ON_DEMAND
        self._split((priced, ended.instance_id, rule, ended.doubt), wanted)

    def end(self) -> None:
        """Bill the reservations' own hours: what was used of them, and what was not."""
        self._window.add_hours(self._length_s, self._times, self._left[:-1])

    def _change(self, run: Run, cover: ActiveReservation | None, begins_s: int) -> None:
        """Let a machine be covered by this from then on."""
        if run.since_s < begins_s:
            self._window.record(run, begins_s)
        run.cover = cover

    def _share(self, run: Run, begins_s: int, wanted: int) -> None:
        """Bill a machine's slot by itself: it is covered in part, or by several."""
        self._change(run, None, begins_s)
        self._split((run.priced, run.instance_id, Rule.ON_DEMAND, run.doubt), wanted)
        run.since_s = self._ends_s

    def _split(self, whose: tuple[Priced, str, Rule, Doubt], wanted: int) -> None:
        """Bill use of the slot, ``times`` over, as what is left covers it."""
        priced, instance_id, rule, doubt = whose
        left, place, times = self._left, self._place, self._times
        while wanted:
            if taken := min(wanted, left[place]):
                left[place] -= taken
                wanted -= taken
                use = (priced, instance_id, rule, self._covers[place], doubt)
                self._used[use] += taken * times
            else:
                place += 1
        self._place = place
