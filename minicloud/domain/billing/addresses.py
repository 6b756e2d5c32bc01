"""Elastic IPs: by the rule in force on each day, which the price book knows.

Until 2024-01-31 the only address on a running instance is free; since 2024-02-01 it is not. One
more on the same instance, one on an instance that does not run and one that leads nowhere have
always been charged for (aws-semantics: "Elastic IP charges: both eras"). Of several on an instance
the one that was associated first is the first; when it goes, the next one is.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicloud.domain.billing.automatic import AutomaticAddressMeter
from minicloud.domain.billing.entries import Problems, fact
from minicloud.domain.billing.instances import InstanceMeter
from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.tally import Tally
from minicloud.domain.ledger import LedgerEntry


@dataclass
class _Held:
    """An allocated address: by which rule it is billed, and since when."""

    public_ip: str
    since_s: int
    rule: Rule = Rule.ADDRESS_IDLE
    instance_id: str | None = None
    doubt: Doubt = Doubt.NONE


class AddressMeter:
    """Measures every Elastic IP; a machine has no ``automatic`` one beside it."""

    def __init__(
        self,
        book: PriceBook,
        tally: Tally,
        problems: Problems,
        machines: InstanceMeter,
        automatic: AutomaticAddressMeter,
    ) -> None:
        self._book = book
        self._tally = tally
        self._problems = problems
        self._machines = machines
        self._held: dict[str, _Held] = {}
        self._on_instance: dict[str, list[str]] = {}
        self._automatic = automatic

    def take_allocated(self, entry: LedgerEntry, at_s: int) -> None:
        """An address is somebody's from now on."""
        if entry.resource_id in self._held:
            self._doubt(entry, "is allocated, and was allocated already")
            return
        self._held[entry.resource_id] = _Held(fact(entry, "public_ip"), at_s)

    def take_associated(self, entry: LedgerEntry, at_s: int) -> None:
        """An address leads to a machine from now on."""
        instance_id = fact(entry, "instance_id")
        held = self._known(entry, at_s)
        if held.instance_id is not None:
            self._doubt(entry, f"is associated, and led to {held.instance_id} already")
            self._loosen(entry.resource_id, held, at_s)
        if not self._machines.is_known(instance_id):
            self._doubt(entry, f"leads to {instance_id}, which was never told of: as if stopped")
        held.instance_id = instance_id
        self._on_instance.setdefault(instance_id, []).append(entry.resource_id)
        self.reconsider(instance_id, at_s)

    def take_disassociated(self, entry: LedgerEntry, at_s: int) -> None:
        """An address leads nowhere from now on."""
        held = self._known(entry, at_s)
        if held.instance_id is None:
            self._doubt(entry, "is disassociated, and led nowhere")
            return
        self._loosen(entry.resource_id, held, at_s)

    def take_released(self, entry: LedgerEntry, at_s: int) -> None:
        """An address is nobody's from now on."""
        held = self._known(entry, at_s)
        if held.instance_id is not None:
            self._doubt(entry, f"is released, and led to {held.instance_id}")
            self._loosen(entry.resource_id, held, at_s)
        self._measure(entry.resource_id, held, at_s)
        del self._held[entry.resource_id]

    def reconsider(self, instance_id: str, at_s: int) -> None:
        """A machine has started or stopped, or has one address more or fewer."""
        is_running = self._machines.is_running(instance_id)
        led_here = self._on_instance.get(instance_id, ())
        self._automatic.reconsider(instance_id, is_running and not led_here, at_s)
        for place, allocation_id in enumerate(led_here):
            rule = Rule.ADDRESS_FIRST if place == 0 else Rule.ADDRESS_ADDITIONAL
            self._bill_by(rule if is_running else Rule.ADDRESS_STOPPED, allocation_id, at_s)

    def finish(self, at_s: int) -> None:
        """Measure what is still held."""
        for allocation_id, held in self._held.items():
            self._measure(allocation_id, held, at_s)

    def _known(self, entry: LedgerEntry, at_s: int) -> _Held:
        held = self._held.get(entry.resource_id)
        if held is None:
            held = _Held(fact(entry, "public_ip"), at_s)
            self._held[entry.resource_id] = held
            self._doubt(entry, "was never told to be allocated: what it cost before is not billed")
            self._measure(entry.resource_id, held, at_s)
        return held

    def _doubt(self, entry: LedgerEntry, message: str) -> None:
        self._problems.add(entry, message)
        self._held[entry.resource_id].doubt = Doubt.LEDGER

    def _loosen(self, allocation_id: str, held: _Held, at_s: int) -> None:
        instance_id = held.instance_id
        if instance_id is not None:
            held.instance_id = None
            self._on_instance[instance_id].remove(allocation_id)
            self._bill_by(Rule.ADDRESS_IDLE, allocation_id, at_s)
            self.reconsider(instance_id, at_s)

    def _bill_by(self, rule: Rule, allocation_id: str, at_s: int) -> None:
        held = self._held[allocation_id]
        if held.rule is not rule:
            self._measure(allocation_id, held, at_s)
            held.rule = rule

    def _measure(self, allocation_id: str, held: _Held, at_s: int) -> None:
        """Bill an address by its present rule up to now."""
        is_first = held.rule is Rule.ADDRESS_FIRST
        prices = self._book.of_address(is_first_on_running=is_first)
        what = What(held.rule, allocation_id, held.public_ip, HOUR_S)
        self._tally.stretch(what, prices, (held.since_s, at_s), doubt=held.doubt)
        if held.since_s == at_s and held.doubt is Doubt.LEDGER:
            # Nothing is known of what came before; a line of nothing says so.
            self._tally.moment_at(what, prices, at_s, 0, held.doubt)
        held.since_s = at_s
