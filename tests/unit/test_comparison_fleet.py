"""A fleet beside what it could have been: by hand, and against the bill of the same history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.domain.billing.bill import compute_bill, total_of
from minicloud.domain.billing.line import Service
from minicloud.domain.billing.offering import OfferingClass, Payment
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.reserved import View
from minicloud.domain.comparison.alternatives import (
    Alternative,
    FleetComparison,
    Otherwise,
    compare_fleet,
)
from minicloud.domain.comparison.fleet import Fleet, read_fleet
from minicloud.domain.comparison.nights import Nights, without
from minicloud.domain.comparison.reservation_choice import Choice, Term, bought, choose, use_by_type
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.metering import InstanceHour
from tests.unit.billing_book import BOOK, at, entry, period, state

_NIGHTS = Nights.parse("22:00-07:00", UTC)
_OTHERWISE = Otherwise(_NIGHTS, 20)
_SERVICES = {Service.INSTANCES, Service.RESERVATIONS, Service.ADDRESSES}
_TERM = Term(1, Payment.PARTIAL_UPFRONT, OfferingClass.STANDARD)
# Two whole days in 2024; a t3.small costs 0.72 an hour, and 0.2 with a reservation of its own:
# 876 / 8760 + 0.1. Its public address is 0.036 an hour.
_TWO_DAYS = period("05-06 00:00:00", "05-08 00:00:00")
_ALWAYS = (state("05-01 00:00:00", "i-a", "running", "t3.small"),)


def _compare(
    entries: tuple[LedgerEntry, ...],
    its_period: Period = _TWO_DAYS,
    otherwise: Otherwise = _OTHERWISE,
    hours: dict[str, list[InstanceHour]] | None = None,
) -> FleetComparison:
    return compare_fleet(read_fleet(entries, BOOK, its_period), hours or {}, otherwise)


def _of(compared: FleetComparison, key: str) -> Alternative:
    return next(each for each in compared.alternatives if each.key == key)


def _machines(compared: FleetComparison, key: str) -> Decimal:
    return _of(compared, key).costs.of(Service.INSTANCES)


def _hours(instance_id: str, count: int, **figures: float) -> list[InstanceHour]:
    """Measured hours of a t3.small, from 2024-05-06 on; ``busy`` and ``mean`` in percent."""
    busy, mean = figures["busy"], figures["mean"]
    return [
        InstanceHour(
            instance_id,
            at("05-06 00:00:00") + timedelta(hours=hour),
            "t3.small",
            measured_s=3600,
            cpu_s=3600 * 2 * mean / 100,
            vcpu_s=7200,
            cpu_percent_max=busy,
            memory_mib_max=figures["memory"],
        )
        for hour in range(count)
    ]


def test_a_machine_that_never_stops_by_hand() -> None:
    compared = _compare(_ALWAYS)
    # 48 h x 0.72; 15 hours of each day are no night: 30 h x 0.72; 48 h x 0.2.
    assert _machines(compared, "on-demand") == Decimal("34.56")
    assert _machines(compared, "off-at-night") == Decimal("21.6")
    assert _machines(compared, "reserved-1y-partial-upfront") == Decimal("9.6")
    # The address that it has while it runs: 48 h x 0.036, and 30 h.
    assert _of(compared, "on-demand").costs.of(Service.ADDRESSES) == Decimal("1.728")
    assert _of(compared, "off-at-night").costs.of(Service.ADDRESSES) == Decimal("1.08")
    assert compared.baseline.key == "on-demand"
    assert compared.best is compared.best_reserved
    assert compared.best.key == "reserved-1y-partial-upfront"
    reserved = compared.best.reserved
    assert reserved is not None
    assert (reserved.count, reserved.upfront_usd) == (1, Decimal(876))
    assert reserved.total_usd == 876 + 876
    # It saves 0.72 - 0.1 an hour: 876 / 0.62 = 1412.9 hours.
    assert reserved.payback_s is not None
    assert reserved.payback_s == 5_086_452
    (choice,) = reserved.choices
    assert choice.offering.break_even_percent == 28
    (machine,) = compared.machines
    assert (machine.best, machine.reserved_usd) == ("reserved", Decimal("9.6"))
    assert machine.saves_usd == Decimal("24.96")


def test_what_is_not_offered_is_no_alternative() -> None:
    keys = [each.key for each in _compare(_ALWAYS).alternatives]
    assert keys == [
        *("on-demand", "reserved-1y-partial-upfront", "off-at-night"),
        *("right-sized", "right-sized-any"),
    ]
    convertible = replace(_OTHERWISE, offering_class=OfferingClass.CONVERTIBLE)
    of_class = _compare(_ALWAYS, otherwise=convertible)
    # 2628 / 26280 h = 0.1 an hour.
    assert _machines(of_class, "reserved-3y-all-upfront") == Decimal("4.8")
    other = (state("05-01 00:00:00", "i-a", "running", "c5.large"),)
    assert _compare(other).best_reserved is None
    mixed = _compare((*_ALWAYS, state("05-01 00:00:00", "i-b", "running", "c5.large")))
    reserved = _of(mixed, "reserved-1y-partial-upfront").reserved
    assert reserved is not None
    assert reserved.types_without == ("c5.large",)


def test_a_reservation_that_does_not_pay_off_is_not_bought() -> None:
    # 12 of 48 hours are 25%; it takes 28%.
    entries = (
        state("05-06 10:00:00", "i-a", "running", "t3.small"),
        state("05-06 22:00:00", "i-a", "stopped", "t3.small"),
    )
    compared = _compare(entries)
    assert compared.best_reserved is None
    reserved = _of(compared, "reserved-1y-partial-upfront")
    assert reserved.usd == compared.baseline.usd
    assert "no machine ran enough" in reserved.how


def test_two_machines_in_turn_share_a_reservation_within_an_hour() -> None:
    entries = tuple(
        state(f"05-0{6 + hour // 24} {hour % 24:02}:{minute:02}:00", machine, name, "t3.small")
        for hour in range(48)
        for minute, machine, name in (
            *((0, "i-a", "running"), (10, "i-a", "stopped")),
            *((20, "i-b", "running"), (30, "i-b", "stopped")),
        )
    )
    reserved = _of(_compare(entries), "reserved-1y-partial-upfront")
    # Twenty minutes of each hour are 33%, of which neither machine has enough by itself.
    assert reserved.reserved is not None
    assert reserved.reserved.count == 1
    assert reserved.costs.of(Service.INSTANCES) + reserved.costs.of(
        Service.RESERVATIONS
    ) == Decimal("9.6")


def test_what_was_bought_is_in_the_fleet_as_it_is_and_makes_nights_pay_less() -> None:
    purchase = entry(
        "05-01 00:00:00",
        LedgerKind.RESERVATION_PURCHASED,
        "ri-1",
        **{
            "type": "t3.small",
            "region": "testland",
            "count": "1",
            "years": "1",
            "payment": "partial-upfront",
            "class": "standard",
            "upfront_usd": "876",
            "hourly_usd": "0.1",
            "price_since": "2020-01-01",
            "price_source": "x",
            "price_as_of": "2024-01-01",
            "price_estimated": "no",
        },
    )
    compared = _compare((purchase, *_ALWAYS))
    assert compared.baseline.key == "as-it-is"
    assert _machines(compared, "as-it-is") == Decimal("9.6")
    assert _machines(compared, "on-demand") == Decimal("34.56")
    night = _of(compared, "off-at-night").costs
    # 30 h are covered; the 18 h of night are owed all the same.
    assert night.of(Service.INSTANCES) == Decimal("6")
    assert night.of(Service.RESERVATIONS) == Decimal("3.6")
    # By itself, without what covers it now: 30 h x 0.72.
    (machine,) = compared.machines
    assert machine.off_at_night_usd == Decimal("21.6")


def test_an_elastic_ip_on_a_machine_that_is_off_costs_what_it_does() -> None:
    entries = (
        state("2024-01-01 00:00:00", "i-a", "running", "t3.small"),
        entry("2024-01-01 00:00:00", LedgerKind.ADDRESS_ALLOCATED, "eip", public_ip="1.2.3.4"),
        entry(
            "2024-01-01 00:00:00",
            LedgerKind.ADDRESS_ASSOCIATED,
            "eip",
            public_ip="1.2.3.4",
            instance_id="i-a",
        ),
    )
    compared = _compare(entries, period("2024-01-08 00:00:00", "2024-01-09 00:00:00"))
    # In January 2024 it is free on a machine that runs, and 0.036 for the 9 hours of night.
    assert _of(compared, "on-demand").costs.of(Service.ADDRESSES) == 0
    assert _of(compared, "off-at-night").costs.of(Service.ADDRESSES) == Decimal("0.324")


def test_a_fleet_of_nobody() -> None:
    compared = _compare(())
    assert {each.usd for each in compared.alternatives} == {Decimal(0)}
    assert compared.machines == ()


def test_right_sizes_by_hand() -> None:
    hours = _hours("i-a", 30, busy=20.0, mean=2.0, memory=300.0)
    compared = _compare(_ALWAYS, hours={"i-a": hours})
    # A t3.nano (512 MiB, 2 vCPUs, 5%) holds 2.4% on average and 360 MiB.
    assert _machines(compared, "right-sized") == 48 * Decimal("0.18")
    # c5.large is 0.085 an hour, less than a nano in this book.
    assert _machines(compared, "right-sized-any") == 48 * Decimal("0.085")
    (machine,) = compared.machines
    assert (machine.advice.in_family, machine.advice.any_family) == ("t3.nano", "c5.large")
    assert machine.right_sized_usd == 48 * Decimal("0.085")
    short = _compare(_ALWAYS, hours={"i-a": hours[:23]})
    assert _of(short, "right-sized").usd == short.baseline.usd
    assert "1 of 1 not measured long enough" in _of(short, "right-sized").how


def _total(entries: list[LedgerEntry], its_period: Period) -> Decimal:
    bill = compute_bill(entries, BOOK, its_period, View.AMORTISED)
    return total_of(line for line in bill.lines if line.what.rule.service in _SERVICES)


@st.composite
def _histories(draw: st.DrawFn) -> list[LedgerEntry]:
    """Machines that start and stop, some with an address, in May 2024."""
    entries = []
    for place in range(draw(st.integers(1, 4))):
        type_name = draw(st.sampled_from(["t3.small", "t3.nano", "c5.large"]))
        at_s, running = draw(st.integers(0, 200_000)), False
        for gap_s in draw(st.lists(st.integers(0, 90_000), min_size=1, max_size=8)):
            at_s += gap_s
            running = not running
            when = f"{datetime.fromtimestamp(1_714_521_600 + at_s, UTC):%Y-%m-%d %H:%M:%S}"
            name = "running" if running else "stopped"
            entries.append(state(when, f"i-{place}", name, type_name))
        if draw(st.booleans()):
            first = next(e for e in entries if e.resource_id == f"i-{place}")
            facts = {"public_ip": f"1.2.3.{place}"}
            held = LedgerEntry(first.at, LedgerKind.ADDRESS_ALLOCATED, f"eip-{place}", facts)
            facts = {**facts, "instance_id": f"i-{place}"}
            entries += [
                held,
                LedgerEntry(first.at, LedgerKind.ADDRESS_ASSOCIATED, f"eip-{place}", facts),
            ]
    return sorted(entries, key=lambda e: e.at)


_PERIODS = st.builds(
    lambda from_s, length_s: Period(
        1_714_521_600 + from_s, 1_714_521_600 + from_s + length_s, 1_800_000_000
    ),
    st.integers(0, 400_000),
    st.integers(1, 500_000),
)


@settings(max_examples=150, deadline=None)
@given(entries=_histories(), its_period=_PERIODS)
def test_a_history_read_and_written_again_costs_the_same(
    entries: list[LedgerEntry], its_period: Period
) -> None:
    fleet = read_fleet(entries, BOOK, its_period)
    assert fleet.on_demand.usd == _total(entries, its_period)
    assert fleet.with_runs(fleet.runs).usd == _total(entries, its_period)
    assert fleet.with_runs(without(fleet.runs, [])).usd == _total(entries, its_period)


@settings(max_examples=60, deadline=None)
@given(entries=_histories(), its_period=_PERIODS)
def test_nothing_runs_in_a_night_and_all_else_runs_as_before(
    entries: list[LedgerEntry], its_period: Period
) -> None:
    fleet = read_fleet(entries, BOOK, its_period)
    off = Nights.parse("22:00-07:00", ZoneInfo("Asia/Seoul"), weekends=True).within(its_period)
    cut = [*without(fleet.runs, off)]
    for run in cut:
        assert not any(run.starts_s < end and begin < run.ends_s for begin, end in off)
    left = sum(run.ran_s(its_period) for run in cut)
    in_nights = sum(
        max(0, min(run.ends_s, end) - max(run.starts_s, begin))
        for run in fleet.runs
        for begin, end in off
    )
    assert left + in_nights == sum(run.ran_s(its_period) for run in fleet.runs)


@settings(max_examples=80, deadline=None)
@given(entries=_histories(), its_period=_PERIODS)
def test_no_other_number_of_reservations_would_be_cheaper(
    entries: list[LedgerEntry], its_period: Period
) -> None:
    """For one type: that one size covers another is in the bill, not in the choice."""
    of_one = [e for e in entries if e.facts.get("type", "t3.small") == "t3.small"]
    fleet = read_fleet(of_one, BOOK, its_period)
    for choice in choose(fleet, use_by_type(fleet), _TERM):
        best = _reserved_usd(fleet, choice)
        for other in {max(0, choice.count - 1), choice.count + 1}:
            # What a start lacks of its minute is covered by a reservation, and no reason for one.
            allowance = Decimal("0.012") * len(fleet.runs)
            assert best <= _reserved_usd(fleet, replace(choice, count=other)) + allowance


def _reserved_usd(fleet: Fleet, choice: Choice) -> Decimal:
    return fleet.with_reservations(bought(fleet, [choice])).usd


@pytest.mark.parametrize(
    ("text", "zone", "weekends", "hours_off"),
    [
        # Monday 2024-05-06 and Tuesday: 9 hours of each day.
        ("22:00-07:00", "UTC", False, 18),
        ("00:00-23:59", "UTC", False, 2 * (24 - 1 / 60)),
        ("12:00-13:30", "UTC", False, 3),
        ("22:00-07:00", "Asia/Seoul", True, 18),
    ],
)
def test_nights(text: str, zone: str, weekends: bool, hours_off: float) -> None:
    nights = Nights.parse(text, ZoneInfo(zone), weekends=weekends)
    off = nights.within(_TWO_DAYS)
    assert sum(end - begin for begin, end in off) == hours_off * 3600
    assert nights.text() == text


def test_a_weekend_is_off_and_a_night_of_changed_clocks_is_an_hour_shorter() -> None:
    week = period("05-06 00:00:00", "05-13 00:00:00")
    off = Nights.parse("22:00-07:00", UTC, weekends=True).within(week)
    # Four nights inside the working week, its two ends, and the weekend with the nights around it.
    assert sum(end - begin for begin, end in off) == (5 * 9 + 48) * 3600
    new_york = Nights.parse("01:00-05:00", ZoneInfo("America/New_York"))
    spring = new_york.within(period("03-10 00:00:00", "03-11 00:00:00"))
    assert sum(end - begin for begin, end in spring) == 3 * 3600


@pytest.mark.parametrize("text", ["", "22-07", "24:00-07:00", "22:00-22:00", "22:60-07:00", "a"])
def test_what_is_no_night_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Nights.parse(text, UTC)
    assert "22:00-07:00" in caught.value.resolution
