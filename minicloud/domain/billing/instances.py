"""Machines: which of them run from when to when, and what a start costs at least.

Billed in ``running`` alone, by the second, and for at least 60 s for every start (aws-semantics:
"Billed in running alone"). The seconds that a short run lacks are billed at the moment it stops,
at the price of that moment: so the bill of a period never changes once the period is over. A
reboot is not a start.
"""

from __future__ import annotations

from minicloud.domain.billing.entries import Problems, damaged, fact
from minicloud.domain.billing.family import FamilyMeter
from minicloud.domain.billing.line import Doubt, Rule
from minicloud.domain.billing.period import Days
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.billing.reserved import ActiveReservation, View
from minicloud.domain.billing.run import Priced, Run, factor_of
from minicloud.domain.billing.tally import Tally
from minicloud.domain.catalog import instance_type, instance_types
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.instance import InstanceState
from minicloud.domain.ledger import LedgerEntry

MINIMUM_S = 60
_STATES = {state.value: state for state in InstanceState}
_BEGINNINGS = frozenset({InstanceState.PENDING, InstanceState.RUNNING})


class InstanceMeter:
    """Measures every machine, family by family."""

    def __init__(
        self, book: PriceBook, tally: Tally, problems: Problems, days: Days | None
    ) -> None:
        self._book = book
        self._tally = tally
        self._problems = problems
        self._days = days
        self._states: dict[str, InstanceState] = {}
        self._runs: dict[str, Run] = {}
        self._priced: dict[str, Priced] = {}
        self._families: list[FamilyMeter] = []
        self._family_of: dict[str, FamilyMeter] = {}
        self._reserved: dict[str, tuple[ActiveReservation, FamilyMeter]] = {}

    def is_running(self, instance_id: str) -> bool:
        """Whether a machine runs, as far as has been told."""
        return instance_id in self._runs

    def is_known(self, instance_id: str) -> bool:
        """Whether anything has been told of a machine."""
        return instance_id in self._states

    def take_state(self, entry: LedgerEntry, at_s: int) -> bool:
        """A machine has come to another state; whether it begins or ends to run with that."""
        instance_id = entry.resource_id
        state = _STATES.get(fact(entry, "state"))
        if state is None:
            raise damaged(entry, "names a state that there is not")
        doubt = self._doubt_about(entry, state, at_s)
        run = self._runs.get(instance_id)
        if state is not InstanceState.RUNNING:
            if run is not None:
                self._stop(run, at_s)
        elif run is None:
            self._start(entry, at_s, at_s, doubt)
        else:
            self._change_type(entry, run, at_s)
        self._states[instance_id] = state
        return (state is InstanceState.RUNNING) is (run is None)

    def take_type(self, entry: LedgerEntry, at_s: int) -> None:
        """A machine is of another type; it should be stopped, and then that costs nothing yet."""
        run = self._runs.get(entry.resource_id)
        if not self.is_known(entry.resource_id):
            self._states[entry.resource_id] = InstanceState.STOPPED
            self._unknown(entry, at_s, "changes the type of a machine that was never told of")
        elif run is not None:
            message = "changes the type of a machine that runs: billed as of either in its time"
            self._problems.add(entry, message)
            self._change_type(entry, run, at_s)

    def take_reservation(self, entry: LedgerEntry, bought: Reservation, view: View) -> None:
        """A reservation is bought, or got for another, which ends."""
        priced = self._priced_as(entry, bought.type_name)
        reservation = ActiveReservation(bought, priced.factor, view)
        if reservation.given_id is not None:
            reservation.record_true_up(self._tally, self._give_in(entry, reservation))
        reservation.record_upfront(self._tally)
        family = self._family_of[priced.name]
        family.reserve(reservation)
        self._reserved[reservation.id] = reservation, family

    def finish(self) -> None:
        """Measure what still runs, up to the end of the period."""
        for family in self._families:
            family.finish()

    def _give_in(self, entry: LedgerEntry, got: ActiveReservation) -> Doubt:
        """End the reservation that another one is got for."""
        given, family = self._reserved.get(got.given_id or "", (None, None))
        if given is None or family is None or given.ends_s <= got.starts_s:
            message = f"is got for {got.given_id}, which is not in force: billed from now on"
            self._problems.add(entry, message)
            return Doubt.LEDGER
        family.give_in(given, got.starts_s)
        return Doubt.NONE

    def _doubt_about(self, entry: LedgerEntry, state: InstanceState, at_s: int) -> Doubt:
        """Note what cannot have happened after what came before it."""
        before = self._states.get(entry.resource_id)
        if before is None and state in _BEGINNINGS:
            return Doubt.NONE
        if before is None:
            self._unknown(entry, at_s, f"is {state}, and was never told of before")
            return Doubt.LEDGER
        if before.may_become(state):
            return Doubt.NONE
        message = f"is {state}, and was {before} before"
        if self.is_running(entry.resource_id):
            self._problems.add(entry, f"{message}: billed as if it had run all the time")
            self._runs[entry.resource_id].doubt = Doubt.LEDGER
        elif state is InstanceState.RUNNING:
            self._problems.add(entry, f"{message}: billed from now on")
        else:
            self._unknown(entry, at_s, message)
        return Doubt.LEDGER

    def _unknown(self, entry: LedgerEntry, at_s: int, message: str) -> None:
        self._problems.add(entry, f"{message}: what it may have run until then is not billed")
        priced = self._priced_as(entry, fact(entry, "type"))
        what = priced.what(Rule.UNKNOWN_RUN, entry.resource_id)
        self._tally.moment_at(what, priced.prices, at_s, 0, Doubt.LEDGER)

    def _start(self, entry: LedgerEntry, started_s: int, at_s: int, doubt: Doubt) -> None:
        priced = self._priced_as(entry, fact(entry, "type"))
        run = Run(entry.resource_id, priced, started_s, at_s, doubt)
        self._runs[entry.resource_id] = run
        self._family_of[priced.name].start(run)

    def _stop(self, run: Run, at_s: int) -> None:
        del self._runs[run.instance_id]
        family = self._family_of[run.priced.name]
        family.stop(run, at_s)
        missing_s = MINIMUM_S - (at_s - run.started_s)
        if missing_s > 0:
            family.add_minimum(run, at_s, missing_s)

    def _change_type(self, entry: LedgerEntry, run: Run, at_s: int) -> None:
        """Let a run go on, of the type that the entry names."""
        if run.priced.name != fact(entry, "type"):
            self._family_of[run.priced.name].stop(run, at_s)
            self._start(entry, run.started_s, at_s, Doubt.LEDGER)

    def _priced_as(self, entry: LedgerEntry, type_name: str) -> Priced:
        if type_name not in self._priced:
            try:
                family = instance_type(type_name).family
            except InvalidRequest as error:
                raise damaged(entry, "names a type that minicloud does not have") from error
            self._meet_family(family)
        return self._priced[type_name]

    def _meet_family(self, family: str) -> None:
        types = [
            Priced(each.name, factor_of(each), self._book.of_type(each.name))
            for each in instance_types()
            if each.family == family
        ]
        meter = FamilyMeter(types, self._tally, self._days)
        self._families.append(meter)
        for priced in types:
            self._priced[priced.name] = priced
            self._family_of[priced.name] = meter
