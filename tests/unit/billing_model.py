"""The bill as a person would count it: second by second, in fractions, with nothing clever.

It shares no code with the engine but the names of rules: it has prices of its own, keeps the whole
world in plain dictionaries, looks at every second of the period and asks of each thing what that
second costs. Reserved use is gathered for each slot of the clock and handed out at its end.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

from minicloud.domain.ledger import LedgerEntry

_DAY = 86400
_FEB_1 = 1706745600  # 2024-02-01 00:00:00 UTC
_MAR_10 = 1710028800
_MAR_16 = 1710547200
_YEAR = 365 * _DAY
_SIZES = {
    "nano": Fraction(1, 4),
    "micro": Fraction(1, 2),
    "small": Fraction(1),
    "medium": Fraction(2),
}

# Rule, resource, part, whether it is a guess, and what one hour (or piece) of it costs.
Key = tuple[str, str, str, bool, Fraction]


# Numbers that are added up second after second stay texts until the end: fractions are slow.
_Number = Fraction | str
_PRICES = {
    "t3.nano": "0.18",
    "t3.micro": "0.36",
    "t3.small": "0.72",
    "t3.medium": "1.44",
    "m5.large": "3.6",
}
_LOOK_BACK = 100


def _per_hour(type_name: str, second: int) -> str:
    is_cut = type_name == "t3.micro" and second >= _MAR_10
    return "0.18" if is_cut else _PRICES[type_name]


@dataclass
class _Machine:
    state: str
    type_name: str
    ran_s: int = 0


@dataclass
class _Reserved:
    id: str
    type_name: str
    count: int
    begins: int
    ends: int
    term: int
    hourly: Fraction
    upfront: Fraction


@dataclass
class SlowModel:
    """Counts a period. ``amortised``: the upfront part of reservations is spread over the term."""

    begins: int
    ends: int
    now: int
    amortised: bool
    pieces: dict[tuple[str, str, str, bool, _Number, _Number], int] = field(
        default_factory=lambda: defaultdict(int)
    )
    machines: dict[str, _Machine] = field(default_factory=dict)
    addresses: dict[str, str | None] = field(default_factory=dict)
    attached: list[tuple[str, str]] = field(default_factory=list)
    images: dict[str, int] = field(default_factory=dict)
    balancers: dict[str, int] = field(default_factory=dict)
    reserved: list[_Reserved] = field(default_factory=list)
    use: dict[tuple[Fraction, str, bool], int] = field(default_factory=lambda: defaultdict(int))
    slot: int = 0

    def count(self, entries: Sequence[LedgerEntry]) -> dict[Key, Fraction]:
        """What each line comes to, exactly."""
        waiting = sorted(entries, key=lambda e: (e.at, e.sequence))
        # What came long before is only taken note of: by then a machine has run its minute.
        second = self.begins - _LOOK_BACK
        while waiting and int(waiting[0].at.timestamp()) < second:
            self._happen(waiting.pop(0))
        for machine in self.machines.values():
            machine.ran_s = 60
        while second < self.ends:
            if self._begins_slot(second):
                self._hand_out(second)
            while waiting and int(waiting[0].at.timestamp()) == second:
                self._happen(waiting.pop(0))
            self._look(second)
            second += 1
        self._hand_out(self.ends)
        sums: dict[Key, Fraction] = defaultdict(Fraction)
        for (rule, name, part, is_guess, price, quantity), count in self.pieces.items():
            rate = Fraction(price)
            sums[rule, name, part, is_guess, rate] += rate * Fraction(quantity) * count
        return dict(sums)

    def _happen(self, entry: LedgerEntry) -> None:
        name, second = entry.resource_id, int(entry.at.timestamp())
        noun, verb = entry.kind.value.split(".")
        if noun == "instance":
            self._change(name, entry.facts["state"], entry.facts["type"], second)
        elif noun == "address":
            self._lead(name, verb, entry.facts.get("instance_id", ""))
        elif noun == "reservation":
            self._reserve(name, dict(entry.facts), second, is_exchange=verb == "exchanged")
        elif verb == "usage":
            self._use_up(name, dict(entry.facts), second)
        elif noun == "image" and verb == "created":
            self.images[name] = int(entry.facts["size_bytes"])
        elif noun == "balancer" and verb == "created":
            self.balancers[name] = second
            self._balance(name, second, is_first=True)
        else:
            (self.images if noun == "image" else self.balancers).pop(name)

    def _lead(self, name: str, verb: str, instance: str) -> None:
        if verb == "released":
            del self.addresses[name]
        else:
            self.addresses[name] = instance if verb == "associated" else None
        if verb == "associated":
            self.attached.append((instance, name))
        elif verb == "disassociated":
            self.attached.remove((instance, name))

    def _change(self, name: str, state: str, type_name: str, second: int) -> None:
        before = self.machines.get(name)
        if before is not None and before.state == "running" and state != "running":
            missing = 60 - before.ran_s
            if missing > 0 and second >= self.begins:
                self._run(name, before.type_name, second, missing, is_minimum=True)
        self.machines[name] = _Machine(state, type_name)

    def _reserve(self, name: str, facts: dict[str, str], second: int, *, is_exchange: bool) -> None:
        # The slot that it begins in is cut in two.
        self._hand_out(second)
        term = _YEAR * int(facts["years"])
        hourly, upfront = Fraction(facts["hourly_usd"]), Fraction(facts["upfront_usd"])
        count = int(facts["count"])
        if is_exchange:
            given = next(r for r in self.reserved if r.id == facts["given_id"])
            given.ends = second
            term = int(datetime.fromisoformat(facts["ends_at"]).timestamp()) - second
            due = Fraction(facts["true_up_usd"])
            upfront = (due + Fraction(facts["carried_usd"])) / count
            paid = ("reservation-true-up", name, facts["given_id"], second, due, Fraction(1))
        else:
            paid = ("reservation-upfront", name, "", second, upfront, Fraction(count))
        if not self.amortised:
            self._add(*paid)
        self.reserved.append(
            _Reserved(name, facts["type"], count, second, second + term, term, hourly, upfront)
        )

    def _look(self, second: int) -> None:
        for name, machine in self.machines.items():
            if machine.state == "running":
                machine.ran_s += 1
                if second >= self.begins:
                    self._run(name, machine.type_name, second, 1)
                if all(led_to != name for led_to, _ in self.attached):
                    self._own("address-automatic", name, second)
        if second < self.begins:
            return
        for name, instance in self.addresses.items():
            self._hold(name, instance, second)
        for name, size in self.images.items():
            when = datetime.fromtimestamp(second, UTC)
            length = calendar.monthrange(when.year, when.month)[1] * _DAY
            price = "0.0348" if second >= _MAR_16 else "0.0696"
            share = f"{size}/{2**30 * length}"
            self._add("image-storage", name, when.strftime("%Y-%m"), second, price, share)
        for name, since in self.balancers.items():
            self._own("address-of-balancer", name, second)
            if second % 3600 == 0 and second != since:
                self._balance(name, second, is_first=False)

    def _balance(self, name: str, second: int, *, is_first: bool) -> None:
        if self.begins <= second < self.ends and (is_first or second % 3600 == 0):
            price = "0.02" if second >= _MAR_10 else "0.0225"
            self._add("balancer-hours", name, "", second, price, "1")

    def _own(self, rule: str, name: str, second: int) -> None:
        if second >= _FEB_1:
            self._add(rule, name, "", second, "0.036", "1/3600")

    def _use_up(self, name: str, facts: dict[str, str], second: int) -> None:
        per_second = {
            "new-connections": Fraction(facts["new_connections"]) / 3600 / 25,
            "active-connections": Fraction(facts["active_connections"]) / 3000,
            "processed-bytes": Fraction(facts["processed_bytes"]) / 10**9,
            "rule-evaluations": Fraction(facts["rule_evaluations"]) / 3600 / 1000,
        }
        most = max(per_second.values())
        dimension = next(name for name, units in per_second.items() if units == most)
        if most and second >= self.begins:
            self._add("balancer-capacity", name, dimension, second, Fraction("0.008"), most)

    def _hold(self, name: str, instance: str | None, second: int) -> None:
        price = "0.036"
        if instance is None:
            rule = "address-unattached"
        elif instance not in self.machines or self.machines[instance].state != "running":
            rule = "address-on-stopped"
        elif next(a for i, a in self.attached if i == instance) == name:
            rule = "address-in-use"
            price = price if second >= _FEB_1 else "0"
        else:
            rule = "address-additional"
        self._add(rule, name, "", second, price, "1/3600")

    def _run(
        self, name: str, type_name: str, second: int, seconds: int, *, is_minimum: bool = False
    ) -> None:
        in_force = any(r.begins <= second < r.ends for r in self.reserved)
        if type_name.startswith("t3.") and in_force:
            size = _SIZES[type_name.removeprefix("t3.")]
            self.use[size, name, is_minimum] += seconds
            return
        rule = "on-demand-minimum" if is_minimum else "on-demand"
        price = _per_hour(type_name, second)
        self._add(rule, name, "", second, price, f"{seconds}/3600")

    def _begins_slot(self, second: int) -> bool:
        cuts = {self.begins, self.now, *(r.ends for r in self.reserved)}
        return second % 3600 == 0 or second in cuts

    def _hand_out(self, until: int) -> None:
        """What was used since the slot began, and what of it reservations cover."""
        began, self.slot = max(self.slot, self.begins), until
        is_slot = began < until
        active = [r for r in self.reserved if is_slot and r.begins <= began < r.ends]
        left = {
            r.id: r.count * _SIZES[r.type_name.removeprefix("t3.")] * (until - began)
            for r in active
        }
        for used, seconds in sorted(self.use.items()):
            self._cover(used, seconds, began, active, left)
        self.use.clear()
        for r in active:
            self._owe(r, began, until, left[r.id])

    def _cover(
        self,
        used: tuple[Fraction, str, bool],
        seconds: int,
        began: int,
        active: list[_Reserved],
        left: dict[str, Fraction],
    ) -> None:
        size, name, is_minimum = used
        wanted = size * seconds
        type_name = "t3." + next(n for n, s in _SIZES.items() if s == size)
        for r in active:
            taken = min(wanted, left[r.id])
            left[r.id] -= taken
            wanted -= taken
            if taken:
                share = size / _SIZES[r.type_name.removeprefix("t3.")]
                price = self._spread(r) * share if self.amortised else Fraction(0)
                self._add("reserved", name, r.id, began, price, taken / size / 3600)
        if wanted:
            rule = "on-demand-minimum" if is_minimum else "on-demand"
            self._add(rule, name, "", began, _per_hour(type_name, began), wanted / size / 3600)

    def _owe(self, r: _Reserved, began: int, until: int, unused: Fraction) -> None:
        size = _SIZES[r.type_name.removeprefix("t3.")]
        price = self._spread(r) if self.amortised else r.hourly
        used = r.count * Fraction(until - began, 3600) - unused / size / 3600
        if used and not self.amortised:
            self._add("reservation-used", r.id, "", began, price, used)
        if unused:
            self._add("reservation-unused", r.id, "", began, price, unused / size / 3600)

    def _spread(self, r: _Reserved) -> Fraction:
        return r.hourly + r.upfront * 3600 / r.term

    def _add(
        self, rule: str, name: str, part: str, second: int, price: _Number, quantity: _Number
    ) -> None:
        if self.begins <= second < self.ends:
            self.pieces[rule, name, part, second >= self.now, price, quantity] += 1
