"""The fleet of a period: its machines' runs, read from the ledger, and written as entries again.

An alternative changes the runs, or the reservations, and nothing else: addresses stay with their
machines, so that the bill of an alternative has what an address costs on a machine that is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.entries import fact, second_of
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.reservation import Reservation, purchase_entry
from minicloud.domain.billing.reserved import View as BillView
from minicloud.domain.comparison.costs import Costs
from minicloud.domain.instance import InstanceState
from minicloud.domain.ledger import LedgerEntry, LedgerKind

_STATE_KINDS = frozenset({LedgerKind.INSTANCE_STATE, LedgerKind.INSTANCE_TYPE})
_RESERVATION_KINDS = frozenset({LedgerKind.RESERVATION_PURCHASED, LedgerKind.RESERVATION_EXCHANGED})
# What costs the same however the machines run.
_OTHER_SERVICES = ("image.", "balancer.")


@dataclass(frozen=True)
class Run:
    """A machine that ran, in seconds since 1970 UTC; what runs still ends with the period.

    ``facts`` are those of the entry that it began with.
    """

    instance_id: str
    type_name: str
    starts_s: int
    ends_s: int
    facts: Mapping[str, str] = field(default_factory=dict)

    def within(self, period: Period) -> tuple[int, int]:
        """The part of it that is in the period; it may be empty."""
        return max(self.starts_s, period.from_s), min(self.ends_s, period.to_s)

    def ran_s(self, period: Period) -> int:
        """For how long it ran in the period."""
        begins_s, ends_s = self.within(period)
        return max(0, ends_s - begins_s)


@dataclass(frozen=True)
class Fleet:
    """What of the ledger a comparison needs, in the order of time, up to the end of its period.

    ``told`` is of machines and addresses; ``known_since_s`` when each machine was first told of.
    """

    book: PriceBook
    period: Period
    told: tuple[LedgerEntry, ...]
    purchases: tuple[LedgerEntry, ...]
    runs: tuple[Run, ...]
    known_since_s: Mapping[str, int]

    @cached_property
    def as_it_is(self) -> Costs:
        """What it costs with the reservations that were bought, their upfront part spread."""
        return self._costs([*self.told, *self.purchases]) if self.purchases else self.on_demand

    @cached_property
    def on_demand(self) -> Costs:
        """What it costs without any reservation."""
        return self._costs(self.told)

    def with_reservations(self, bought: Iterable[Reservation]) -> Costs:
        """What it costs with these reservations instead of those that were bought."""
        return self._costs([*self.told, *(purchase_entry(each) for each in bought)])

    def with_runs(self, runs: Iterable[Run]) -> Costs:
        """What other runs of its machines would cost, with the reservations that were bought."""
        runs = tuple(runs)
        if runs == self.runs:
            return self.as_it_is
        rest = [entry for entry in self.told if entry.kind not in _STATE_KINDS]
        return self._costs([*self._machine_entries(runs), *rest, *self.purchases])

    def _costs(self, entries: Sequence[LedgerEntry]) -> Costs:
        in_order = sorted(entries, key=attrgetter("at"))
        return Costs(compute_bill(in_order, self.book, self.period, BillView.AMORTISED))

    def _machine_entries(self, runs: Iterable[Run]) -> list[LedgerEntry]:
        entries = [
            _state_entry(at_s, instance_id, InstanceState.PENDING, {})
            for instance_id, at_s in self.known_since_s.items()
        ]
        for run in sorted(runs, key=lambda run: run.starts_s):
            facts = {**run.facts, "type": run.type_name}
            owner = run.instance_id
            entries.append(_state_entry(run.starts_s, owner, InstanceState.RUNNING, facts))
            entries.append(_state_entry(run.ends_s, owner, InstanceState.STOPPED, facts))
        return entries


def read_fleet(entries: Iterable[LedgerEntry], book: PriceBook, period: Period) -> Fleet:
    """The fleet of a period, from entries in the order of their time.

    ``LedgerDamaged`` where an entry cannot be read.
    """
    told: list[LedgerEntry] = []
    purchases: list[LedgerEntry] = []
    runs = _Runs(period)
    for entry in entries:
        if second_of(entry.at) >= period.to_s:
            break
        if entry.kind in _RESERVATION_KINDS:
            purchases.append(entry)
        elif not entry.kind.startswith(_OTHER_SERVICES):
            told.append(entry)
        if entry.kind is LedgerKind.INSTANCE_STATE:
            runs.take(entry)
    return Fleet(book, period, tuple(told), tuple(purchases), runs.all(), runs.known_since_s)


class _Runs:
    """The runs that end in the period, or later."""

    def __init__(self, period: Period) -> None:
        self.known_since_s: dict[str, int] = {}
        self._period = period
        self._open: dict[str, Run] = {}
        self._ended: list[Run] = []

    def take(self, entry: LedgerEntry) -> None:
        """A machine has come to another state."""
        at_s, instance_id = second_of(entry.at), entry.resource_id
        self.known_since_s.setdefault(instance_id, at_s)
        run = self._open.get(instance_id)
        if fact(entry, "state") != InstanceState.RUNNING:
            self._end(instance_id, at_s)
        elif run is None or run.type_name != fact(entry, "type"):
            self._end(instance_id, at_s)
            type_name = fact(entry, "type")
            run = Run(instance_id, type_name, at_s, self._period.to_s, entry.facts)
            self._open[instance_id] = run

    def all(self) -> tuple[Run, ...]:
        """Every run, in the order of their starts."""
        found = [*self._ended, *self._open.values()]
        return tuple(sorted(found, key=lambda run: (run.starts_s, run.instance_id)))

    def _end(self, instance_id: str, at_s: int) -> None:
        run = self._open.pop(instance_id, None)
        if run is not None and at_s >= self._period.from_s:
            self._ended.append(replace(run, ends_s=at_s))


def _state_entry(
    at_s: int, instance_id: str, state: InstanceState, facts: Mapping[str, str]
) -> LedgerEntry:
    at = datetime.fromtimestamp(at_s, UTC)
    told = {**facts, "state": state.value}
    return LedgerEntry(at, LedgerKind.INSTANCE_STATE, instance_id, told)
