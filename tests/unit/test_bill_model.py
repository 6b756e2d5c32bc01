"""For random histories the bill is what the slow model counts, to the last digit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.line import Doubt, Line
from minicloud.domain.billing.money import usd_of
from minicloud.domain.billing.period import Days, Period
from minicloud.domain.billing.reserved import View
from minicloud.domain.ledger import LedgerEntry
from tests.unit.billing_book import (
    BOOK,
    allocate,
    associate,
    at,
    balancer,
    disassociate,
    exchange,
    image,
    in_order,
    release,
    reserve,
    state,
    used,
)
from tests.unit.billing_model import Key, SlowModel

# The last hours of a day on which prices change, or the rule of addresses, or the month.
_MIDNIGHTS = ("01-31", "02-29", "03-09", "03-15")
_BEFORE_S, _AFTER_S = 2 * 3600, 2 * 3600
_MACHINES = ("i-a", "i-b", "i-c", "i-d")
_TYPES = ("t3.nano", "t3.micro", "t3.small", "t3.medium", "m5.large")
_ADDRESSES = ("eip-1", "eip-2", "eip-3")


class _Historian:
    """Makes up a lawful history: each of its moves is something that a cloud can do."""

    def __init__(self, rng: random.Random, begins: float) -> None:
        self._rng = rng
        self._now = begins
        self.entries: list[LedgerEntry] = []
        self._states: dict[str, str] = {}
        self._types: dict[str, str] = {}
        self._led: dict[str, str | None] = {}
        self._has_image = False
        self._balancers: set[str] = set()
        self._reserved: dict[str, float] = {}
        self._count = 0

    def write(self, move_count: int) -> list[LedgerEntry]:
        moves: list[Callable[[], None]] = [
            *[self._machine] * 6,
            *[self._address] * 4,
            self._image,
            *[self._balancer] * 2,
            self._usage,
            self._reservation,
            self._exchange,
        ]
        for _ in range(move_count):
            # Often within the same second, sometimes an hour later.
            self._now += self._rng.choice([0, 0.3, 1, 7.5, 59.7, 60, 61.2, 900, 1800.5, 3600])
            self._rng.choice(moves)()
        return in_order(self.entries)

    def _when(self, second: float | None = None) -> str:
        second = self._now if second is None else second
        text = at("1970-01-01 00:00:00").fromtimestamp(second, at("01-01 00:00:00").tzinfo)
        return text.strftime("%Y-%m-%d %H:%M:%S.%f")

    def _machine(self) -> None:
        name = self._rng.choice(_MACHINES)
        before = self._states.get(name)
        after = {
            None: ["pending"],
            "pending": ["running", "running", "running", "stopped"],
            "running": ["stopping", "stopped", "stopped"],
            "stopping": ["stopped", "running"],
            "stopped": ["running", "pending", "running"],
        }[before]
        if before in {None, "stopped"}:
            self._types[name] = self._rng.choice(_TYPES)
        self._states[name] = self._rng.choice(after)
        self.entries.append(state(self._when(), name, self._states[name], self._types[name]))

    def _address(self) -> None:
        name = self._rng.choice(_ADDRESSES)
        known = [machine for machine in _MACHINES if machine in self._states]
        if name not in self._led:
            self.entries.append(allocate(self._when(), name))
            self._led[name] = None
        elif (led := self._led[name]) is not None:
            self.entries.append(disassociate(self._when(), led, name))
            self._led[name] = None
            if known and self._rng.random() < 0.7:
                self._lead(name, self._rng.choice(known))
        elif known and self._rng.random() < 0.8:
            self._lead(name, self._rng.choice(known))
        else:
            self.entries.append(release(self._when(), name))
            del self._led[name]

    def _lead(self, name: str, machine: str) -> None:
        self.entries.append(associate(self._when(), machine, name))
        self._led[name] = machine

    def _image(self) -> None:
        size_bytes = self._rng.choice([1, 2**30, 123_456_789])
        self._has_image = not self._has_image
        self.entries.append(image(self._when(), kept=self._has_image, size_bytes=size_bytes))

    def _balancer(self) -> None:
        if self._balancers and self._rng.random() < 0.5:
            gone = min(self._balancers)
            self._balancers.remove(gone)
            self.entries.append(balancer(self._when(), there=False, balancer_id=gone))
        else:
            self._count += 1
            self._balancers.add(f"lb-{self._count}")
            self.entries.append(balancer(self._when(), balancer_id=f"lb-{self._count}"))

    def _usage(self) -> None:
        if self._balancers:
            figures = {
                "new_connections": str(self._rng.choice([0, 7, 90_000, 123_457])),
                "active_connections": self._rng.choice(["0", "0.001", "3000", "1234.5"]),
                "processed_bytes": str(self._rng.choice([0, 1, 10**9, 987_654_321])),
                "rule_evaluations": str(self._rng.choice([0, 0, 900_000, 3_600_001])),
            }
            self.entries.append(used(self._when(), min(self._balancers), **figures))

    def _reservation(self) -> None:
        self._count += 1
        # Some were bought a year ago, and expire in the middle of what is looked at.
        self._now, now = self._now - 365 * 86400 * self._rng.choice([0, 0, 1]), self._now
        type_name = self._rng.choice(["t3.micro", "t3.small"])
        count = self._rng.choice([1, 1, 2])
        reservation_id = f"ri-{self._count:03}"
        when = self._when()
        self._reserved[reservation_id] = self._now + 365 * 86400
        self._now = now
        self.entries.append(
            reserve(when, type_name, count=count, reservation_id=reservation_id, hourly_usd="0.07")
        )

    def _exchange(self) -> None:
        in_force = [name for name, ends in self._reserved.items() if ends > self._now + 2]
        if not in_force:
            return
        self._count += 1
        given_id = self._rng.choice(in_force)
        ends = self._reserved.pop(given_id)
        reservation_id = f"ri-{self._count:03}"
        self._reserved[reservation_id] = ends
        self.entries.append(
            exchange(
                self._when(),
                given_id,
                reservation_id=reservation_id,
                type_name="t3.small",
                count=self._rng.choice([1, 2, 3]),
                hourly_usd=self._rng.choice(["0", "0.03"]),
                carried_usd=self._rng.choice(["0", "123.45"]),
                true_up_usd=self._rng.choice(["0", "0.01", "77.7"]),
                ends=self._when(ends),
            )
        )


@st.composite
def _histories(draw: st.DrawFn) -> tuple[list[LedgerEntry], Period]:
    midnight = int(at(f"{draw(st.sampled_from(_MIDNIGHTS))} 00:00:00").timestamp()) + 86400
    rng = random.Random(draw(st.integers(0, 2**32)))
    entries = _Historian(rng, midnight - _BEFORE_S).write(draw(st.integers(1, 60)))
    begins = midnight - rng.choice([_BEFORE_S, 3600, 1800, 1, 0])
    ends = midnight + rng.choice([1, 600, 3600, 5000, _AFTER_S])
    now = rng.choice([ends, ends + 10, midnight, midnight + 1234, begins - 5, begins + 77])
    return entries, Period(begins, ends, now)


def _counted(line: Line) -> Iterator[tuple[Key, Fraction]]:
    what, price = line.what, line.price
    rate = Fraction(price.units, price.divisor * 10**12)
    is_guess = line.doubt is Doubt.FUTURE
    amount = rate * Fraction(line.measure, what.per)
    yield (what.rule.title, what.resource_id, what.part, is_guess, rate), amount


def _by_subject(
    lines: tuple[Line, ...],
) -> tuple[dict[Key, Fraction], dict[Key, list[Decimal]]]:
    """What lines come to exactly, and as they say; those that differ in the type alone together."""
    exact: dict[Key, Fraction] = {}
    amounts: dict[Key, list[Decimal]] = {}
    for line in lines:
        for key, amount in _counted(line):
            exact[key] = exact.get(key, Fraction(0)) + amount
            amounts.setdefault(key, []).append(line.amount)
    return exact, amounts


@pytest.mark.parametrize("view", list(View))
@settings(max_examples=120)
@given(history=_histories())
def test_the_bill_is_what_the_slow_model_counts(
    view: View, history: tuple[list[LedgerEntry], Period]
) -> None:
    entries, period = history
    bill = compute_bill(entries, BOOK, period, view)
    model = SlowModel(period.from_s, period.to_s, period.now_s, view is View.AMORTISED)
    counted = model.count(entries)
    exact, amounts = _by_subject(bill.lines)
    assert exact == counted
    assert not bill.problem_count
    for key, said in amounts.items():
        if len(said) == 1:
            assert said[0] == usd_of(round(counted[key] * 10**12)), key
    assert bill.total == sum((line.amount for line in bill.lines), Decimal(0))


@settings(max_examples=40)
@given(history=_histories(), hours=st.sampled_from([0, 9, -5]))
def test_days_sum_up_to_their_lines_and_change_no_total(
    history: tuple[list[LedgerEntry], Period], hours: int
) -> None:
    entries, period = history
    days = Days.of(period, timezone(timedelta(hours=hours)))
    plain, cut = compute_bill(entries, BOOK, period), compute_bill(entries, BOOK, period, days=days)
    assert plain.total == cut.total
    for line in cut.lines:
        assert sum(line.day_amounts.values(), Decimal(0)) == line.amount
        assert all(amount >= 0 for amount in line.day_amounts.values())


@settings(max_examples=40)
@given(history=_histories(), share=st.floats(0.01, 0.99))
def test_a_period_is_the_sum_of_its_parts(
    history: tuple[list[LedgerEntry], Period], share: float
) -> None:
    entries, period = history
    # A reservation is matched by the hour: the cut is on one, or where none is in force.
    length = period.to_s - period.from_s
    middle = period.from_s + max(1, int(length * share))
    middle = -(-middle // 3600) * 3600
    if not period.from_s < middle < period.to_s:
        return
    now = period.now_s
    first = compute_bill(entries, BOOK, Period(period.from_s, middle, now))
    second = compute_bill(entries, BOOK, Period(middle, period.to_s, now))
    whole = compute_bill(entries, BOOK, period)
    parts = _sum(first.lines) + _sum(second.lines)
    assert parts == _sum(whole.lines)


def _sum(lines: tuple[Line, ...]) -> Fraction:
    return sum((amount for line in lines for _, amount in _counted(line)), Fraction(0))
