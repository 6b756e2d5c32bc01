"""The running machines of one family, and the reservations whose price they share.

While no reservation is in force a run is measured in one piece when it ends. While one is, use is
matched hour by hour (UTC): a reservation covers 3,600 seconds of a machine of its size in each
hour, together or one after another, twice as many of one half its size, and what it does not cover
is billed on demand (EC2 user guide, "How Reserved Instances are billed"). The smallest size comes
first, as AWS has it; of one size, where AWS names no order, the lower identifier; reservations are
used up in the order in which they were bought. An hour in which a reservation begins or ends, or
the period or the present does, is matched in the parts that this cuts it into.

Use is counted in size-seconds, ``factor`` for each second: AWS's normalization factor, by four, so
that it is a whole number. What covers a machine is kept with its run and written down when it
changes: most hours are as the hour before was, and hours in which nothing changes are one slot.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter

from minicloud.domain.billing.line import Rule
from minicloud.domain.billing.matching import EndedUse, Matching, Slot
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.period import Days
from minicloud.domain.billing.reserved import ActiveReservation
from minicloud.domain.billing.run import Priced, Run
from minicloud.domain.billing.tally import Tally
from minicloud.domain.billing.window import Window

_instance_id = attrgetter("instance_id")


class FamilyMeter:
    """Measures the machines of one family. Times that it is told of never go back."""

    def __init__(self, types: Sequence[Priced], tally: Tally, days: Days | None) -> None:
        self._period = period = tally.period
        # Those that began to run within the present slot; while there are no slots, all.
        self._begun: dict[str, Run] = {}
        # Those that run since before it, of each size in the order of their identifiers.
        factors = sorted({each.factor for each in types})
        self._sizes: dict[int, list[Run]] = {factor: [] for factor in factors}
        self._active: list[ActiveReservation] = []
        self._ended: dict[EndedUse, tuple[Priced, int]] = {}
        self._slot_s = 0
        changes_s = {at_s for each in types for at_s in each.prices.changes_s}
        cuts_s = {period.from_s, period.now_s, period.to_s, *changes_s}
        days_s = days.starts_s if days else ()
        # A day that begins within an hour cuts lines, and not the hour that is matched as one.
        hours_s = {-(-start_s // HOUR_S) * HOUR_S for start_s in days_s}
        self._cuts_s = sorted({*cuts_s, *hours_s})
        self._window = Window(tally, {*cuts_s, *days_s})

    def start(self, run: Run) -> None:
        """A machine begins to run."""
        self._advance(run.since_s)
        self._begun[run.instance_id] = run

    def stop(self, run: Run, at_s: int) -> None:
        """A machine ends to run."""
        self._advance(at_s)
        if self._begun.pop(run.instance_id, None) is None:
            runs = self._sizes[run.priced.factor]
            del runs[bisect_left(runs, run.instance_id, key=_instance_id)]
        if self._active:
            self._window.record(run, self._slot_s)
            self._end_use(run, Rule.ON_DEMAND, at_s - run.since_s)
        else:
            self._window.record(run, at_s)

    def add_minimum(self, run: Run, at_s: int, missing_s: int) -> None:
        """A machine that was just stopped is billed for a little more than it ran."""
        if not self._active:
            use = (run.priced, run.instance_id, Rule.MINIMUM, None, run.doubt)
            self._window.used_at(at_s)[use] += missing_s * run.priced.factor
        elif at_s >= self._period.from_s:
            self._end_use(run, Rule.MINIMUM, missing_s)

    def reserve(self, reservation: ActiveReservation) -> None:
        """A reservation begins."""
        at_s = reservation.starts_s
        self._advance(at_s)
        if self._active and self._slot_s < at_s:
            self._settle(Slot(self._slot_s, at_s))
        self._slot_s = at_s
        self._active.append(reservation)
        self._window.match(self._active)
        insort(self._cuts_s, reservation.ends_s)

    def give_in(self, reservation: ActiveReservation, at_s: int) -> None:
        """A reservation ends before its time: it is exchanged for another."""
        self._advance(at_s)
        if self._slot_s < at_s:
            self._settle(Slot(self._slot_s, at_s))
        self._slot_s = at_s
        # Its hours are cut where it ends now, and no longer where it would have ended.
        del self._cuts_s[bisect_left(self._cuts_s, reservation.ends_s)]
        reservation.ends_s = at_s
        self._let_go()

    def finish(self) -> None:
        """Measure what still runs, up to the end of the period."""
        to_s = self._period.to_s
        self._advance(to_s)
        for run in self._running():
            self._window.record(run, to_s)
        self._window.close()

    def _running(self) -> list[Run]:
        return [*self._begun.values(), *(run for runs in self._sizes.values() for run in runs)]

    def _end_use(self, run: Run, rule: Rule, duration_s: int) -> None:
        """Keep some use of the present slot until the slot is over."""
        if duration_s > 0:
            priced = run.priced
            ended = EndedUse(priced.factor, run.instance_id, priced.name, rule.order[1], run.doubt)
            before = self._ended.get(ended, (priced, 0))[1]
            self._ended[ended] = (priced, before + duration_s * priced.factor)

    def _advance(self, to_s: int) -> None:
        """Settle every slot that is over by then."""
        from_s = self._period.from_s
        if self._active and self._slot_s < from_s:
            # Nothing of it is in the period: there is nothing to match.
            self._slot_s = max(self._slot_s, min(to_s, from_s))
            self._let_go()
        while self._active and (slot := self._slot_by(to_s)) is not None:
            self._settle(slot)
            self._slot_s = slot.ends_s
            self._let_go()

    def _slot_by(self, to_s: int) -> Slot | None:
        """The present slot, if it is over by then: an hour, a part of one between cuts, or as many
        whole hours as nothing changes in.
        """
        begins_s = self._slot_s
        hour_ends_s = (begins_s // HOUR_S + 1) * HOUR_S
        place = bisect_right(self._cuts_s, begins_s)
        cut_s = self._cuts_s[place] if place < len(self._cuts_s) else hour_ends_s + to_s
        if min(cut_s, to_s) < hour_ends_s:
            return Slot(begins_s, cut_s) if cut_s <= to_s else None
        if (
            begins_s % HOUR_S
            or self._ended
            or any(run.since_s > begins_s for run in self._begun.values())
        ):
            return Slot(begins_s, hour_ends_s)
        count = (min(cut_s, to_s) - begins_s) // HOUR_S
        return Slot(begins_s, begins_s + count * HOUR_S, count)

    def _settle(self, slot: Slot) -> None:
        """Match a slot, the smallest machines first: stretches of those that run all of it, and
        between them, one by one, those that began or ended within it.
        """
        matching = Matching(slot, self._active, self._window)
        parts = self._parts()
        for factor, all_runs in self._sizes.items():
            runs = all_runs
            for part in parts.get(factor, ()):
                place = bisect_right(runs, part.instance_id, key=_instance_id)
                matching.cover(runs[:place])
                runs = runs[place:]
                if isinstance(part, Run):
                    matching.cover_begun(part)
                else:
                    matching.cover_ended(part, *self._ended[part])
            matching.cover(runs)
        matching.end()
        for run in self._begun.values():
            insort(self._sizes[run.priced.factor], run, key=_instance_id)
        self._begun.clear()
        self._ended.clear()

    def _parts(self) -> dict[int, list[Run | EndedUse]]:
        """What began or ended within the slot, by size and in order: of one machine, what runs on
        comes first.
        """
        parts: defaultdict[int, list[Run | EndedUse]] = defaultdict(list)
        for run in self._begun.values():
            parts[run.priced.factor].append(run)
        for ended in sorted(self._ended):
            parts[ended.factor].append(ended)
        for of_size in parts.values():
            of_size.sort(key=_instance_id)
        return parts

    def _let_go(self) -> None:
        """Forget the reservations that have expired, and with the last of them the hours."""
        held = [each for each in self._active if each.ends_s > self._slot_s]
        if len(held) < len(self._active):
            for run in self._running():
                if run.cover is not None and run.cover not in held:
                    self._window.record(run, self._slot_s)
                    run.cover = None
            self._active = held
            self._window.match(held)
