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
changes: most hours are as the hour before was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.period import Days
from minicloud.domain.billing.price import Price, Timeline
from minicloud.domain.billing.reserved import ActiveReservation
from minicloud.domain.billing.tally import Tally
from minicloud.domain.catalog import InstanceType

_FACTOR_OF_ONE = 4


def factor_of(its_type: InstanceType) -> int:
    """How many size-seconds a second of this type is."""
    return int(its_type.normalization * _FACTOR_OF_ONE)


@dataclass(frozen=True)
class Priced:
    """A type, its size and its prices on demand."""

    name: str
    factor: int
    prices: Timeline[Price]

    def what(self, rule: Rule, instance_id: str, part: str = "") -> What:
        """What a machine of this type is measured as."""
        return What(rule, instance_id, self.name, HOUR_S * self.factor, part)


@dataclass
class Run:
    """A machine that runs. From ``since_s`` on it is covered by ``cover``, on demand if that is
    None; what came before is measured already.
    """

    instance_id: str
    priced: Priced
    started_s: int
    since_s: int
    doubt: Doubt = Doubt.NONE
    cover: ActiveReservation | None = None


class _Use(NamedTuple):
    """What ended within a slot, in the order in which reservations cover it."""

    factor: int
    instance_id: str
    type_name: str
    rule_order: int
    doubt: str


class _Part(NamedTuple):
    """Use within a slot that may be covered in part."""

    what: What
    priced: Priced
    doubt: Doubt


class FamilyMeter:
    """Measures the machines of one family. Times that it is told of never go back."""

    def __init__(self, tally: Tally, price_changes_s: set[int], days: Days | None) -> None:
        self._tally = tally
        self._running: dict[tuple[int, str], Run] = {}
        self._order: list[tuple[int, str]] = []
        self._active: list[ActiveReservation] = []
        self._used: dict[_Use, tuple[Priced, int]] = {}
        self._slot_s = 0
        period = tally.period
        hours_s = {-(-start_s // HOUR_S) * HOUR_S for start_s in (days.starts_s if days else ())}
        self._cuts_s = sorted(
            {period.from_s, period.now_s, period.to_s, *price_changes_s, *hours_s}
        )

    def start(self, run: Run) -> None:
        """A machine begins to run."""
        self._advance(run.since_s)
        key = (run.priced.factor, run.instance_id)
        self._running[key] = run
        insort(self._order, key)

    def stop(self, run: Run, at_s: int) -> None:
        """A machine ends to run."""
        self._advance(at_s)
        key = (run.priced.factor, run.instance_id)
        del self._running[key]
        del self._order[bisect_left(self._order, key)]
        if self._active:
            self._record(run, self._slot_s)
            self._use(run, Rule.ON_DEMAND, at_s - run.since_s)
        else:
            self._record(run, at_s)

    def add_minimum(self, run: Run, at_s: int, missing_s: int) -> None:
        """A machine that was just stopped is billed for a little more than it ran."""
        if self._active:
            if at_s >= self._tally.period.from_s:
                self._use(run, Rule.MINIMUM, missing_s)
            return
        priced = run.priced
        what = priced.what(Rule.MINIMUM, run.instance_id)
        self._tally.moment_at(what, priced.prices, at_s, missing_s * priced.factor, run.doubt)

    def reserve(self, reservation: ActiveReservation) -> None:
        """A reservation begins."""
        at_s = reservation.starts_s
        self._advance(at_s)
        if self._active and self._slot_s < at_s:
            self._settle(at_s, 1)
        self._slot_s = at_s
        self._active.append(reservation)
        insort(self._cuts_s, reservation.ends_s)

    def finish(self) -> None:
        """Measure what still runs, up to the end of the period."""
        to_s = self._tally.period.to_s
        self._advance(to_s)
        for run in self._running.values():
            self._record(run, to_s)

    def _record(self, run: Run, until_s: int) -> None:
        """Write down what a machine ran since it was last written down, under what covers it."""
        if run.since_s >= until_s:
            return
        priced, cover = run.priced, run.cover
        if cover is None:
            what, prices = priced.what(Rule.ON_DEMAND, run.instance_id), priced.prices
        else:
            what = priced.what(Rule.RESERVED, run.instance_id, cover.id)
            prices = cover.prices_of(priced.factor)
        stretch_s = (run.since_s, until_s)
        self._tally.stretch(what, prices, stretch_s, weight=priced.factor, doubt=run.doubt)
        run.since_s = until_s

    def _use(self, run: Run, rule: Rule, duration_s: int) -> None:
        """Keep some use of the present slot until the slot is over."""
        if duration_s > 0:
            priced = run.priced
            key = _Use(priced.factor, run.instance_id, priced.name, rule.order[1], run.doubt)
            before = self._used.get(key, (priced, 0))[1]
            self._used[key] = (priced, before + duration_s * priced.factor)

    def _advance(self, to_s: int) -> None:
        """Settle every slot that is over by then."""
        from_s = self._tally.period.from_s
        if self._active and self._slot_s < from_s:
            # Nothing of it is in the period: there is nothing to match.
            self._slot_s = max(self._slot_s, min(to_s, from_s))
            self._let_go()
        while self._active and (end_s := self._slot_end_s()) <= to_s:
            count = self._equal_slots(end_s, to_s)
            end_s += (count - 1) * HOUR_S
            self._settle(end_s, count)
            self._slot_s = end_s
            self._let_go()

    def _slot_end_s(self) -> int:
        hour_s = (self._slot_s // HOUR_S + 1) * HOUR_S
        place = bisect_right(self._cuts_s, self._slot_s)
        return min(hour_s, self._cuts_s[place]) if place < len(self._cuts_s) else hour_s

    def _equal_slots(self, end_s: int, to_s: int) -> int:
        """How many whole hours from the slot on are used alike, so that they are matched as one."""
        place = bisect_right(self._cuts_s, self._slot_s)
        limit_s = min(to_s, self._cuts_s[place]) if place < len(self._cuts_s) else to_s
        count = (limit_s - self._slot_s) // HOUR_S
        if count < 2 or self._used or end_s - self._slot_s != HOUR_S:
            return 1
        are_whole = all(run.since_s <= self._slot_s for run in self._running.values())
        return count if are_whole else 1

    def _let_go(self) -> None:
        """Forget the reservations that have expired, and with the last of them the hours."""
        held = [each for each in self._active if each.ends_s > self._slot_s]
        if len(held) < len(self._active):
            for run in self._running.values():
                if run.cover is not None and run.cover not in held:
                    self._record(run, self._slot_s)
                    run.cover = None
            self._active = held

    def _settle(self, end_s: int, count: int) -> None:
        """Match ``count`` equal slots, the last of which ends then."""
        length_s = (end_s - self._slot_s) // count
        free = [each.capacity(length_s) for each in self._active]
        for key in self._in_order():
            if isinstance(key, _Use):
                priced, wanted = self._used[key]
                rule = Rule.MINIMUM if key.rule_order == Rule.MINIMUM.order[1] else Rule.ON_DEMAND
                what = priced.what(rule, key.instance_id)
                self._split(_Part(what, priced, Doubt(key.doubt)), wanted, free, count)
            else:
                self._match(self._running[key], end_s, free, count)
        for reservation, unused in zip(self._active, free, strict=True):
            reservation.record(self._tally, self._slot_s, length_s, unused, count)
        self._used = {}

    def _in_order(self) -> Iterable[tuple[int, str] | _Use]:
        """Those that run, and those that have ended in the slot, the smallest first."""
        if not self._used:
            return self._order
        return sorted([*self._order, *self._used], key=lambda key: (key[0], key[1], len(key), key))

    def _match(self, run: Run, end_s: int, free: list[int], count: int) -> None:
        """Let a reservation cover a machine that runs on; one that it covers in part is split."""
        begin_s = max(run.since_s, self._slot_s)
        wanted = run.priced.factor * (end_s - begin_s) // count
        cover = None
        for place, left in enumerate(free):
            if left >= wanted:
                free[place] = left - wanted
                cover = self._active[place]
                break
            if left:
                self._record(run, begin_s)
                what = run.priced.what(Rule.ON_DEMAND, run.instance_id)
                self._split(_Part(what, run.priced, run.doubt), wanted, free, count)
                run.since_s, run.cover = end_s, None
                return
        if cover is not run.cover:
            self._record(run, begin_s)
            run.cover = cover

    def _split(self, part: _Part, wanted: int, free: list[int], count: int) -> None:
        """Bill use of the slot, ``count`` times: what is left of reservations, then on demand."""
        what, priced, doubt = part
        for place, reservation in enumerate(self._active):
            if taken := min(wanted, free[place]):
                free[place] -= taken
                wanted -= taken
                covered = what._replace(rule=Rule.RESERVED, part=reservation.id)
                prices = reservation.prices_of(priced.factor)
                self._tally.moment_at(covered, prices, self._slot_s, taken * count, doubt)
        if wanted:
            self._tally.moment_at(what, priced.prices, self._slot_s, wanted * count, doubt)
