"""Fixed and elastic fleets for curves of visitors, against a slow model and by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.domain.comparison.demand import DemandCurve
from minicloud.domain.comparison.demand_shapes import Shape, ShapeRequest, shaped
from minicloud.domain.comparison.elastic_fleet import (
    MachineSpan,
    ScalingRules,
    elastic_fleet,
    fixed_fleet,
)
from minicloud.domain.comparison.scaling import (
    FleetOutcome,
    ScalingComparison,
    compare_scaling,
    stretches_of,
)
from minicloud.domain.errors import InvalidRequest, NotFound
from tests.unit.billing_book import BOOK

_BEGINS_S = 1_714_521_600  # 2024-05-01 00:00 UTC
_MINUTE_S, _HOUR_S = 60, 3600
# A t3.nano costs 0.18 an hour, which is 0.00005 a second, and its public address 0.00001.
_TYPE, _USD_PER_S, _ADDRESS_USD_PER_S = "t3.nano", Decimal("0.00005"), Decimal("0.00001")


def _curve(*points: tuple[int, int], ends: int) -> DemandCurve:
    """Points are (minute, visitors an hour)."""
    return DemandCurve(
        tuple(_BEGINS_S + minute * _MINUTE_S for minute, _ in points),
        tuple(visitors * 1000 for _, visitors in points),
        _BEGINS_S + ends * _MINUTE_S,
    )


def _minutes(spans: tuple[MachineSpan, ...]) -> list[tuple[int, int, int]]:
    return [
        tuple((at_s - _BEGINS_S) // _MINUTE_S for at_s in (s.starts_s, s.serves_s, s.stops_s))  # type: ignore[misc]
        for s in spans
    ]


def _of(compared: ScalingComparison, key: str) -> FleetOutcome:
    return next(each for each in compared.outcomes if each.key == key)


_PLAIN = ScalingRules(
    capacity_per_hour=100, cooldown_s=300, reaction_s=60, boot_s=120, target_percent=100
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Seen a minute late, served two minutes after that; gone a minute after they are needless.
        ({}, [(0, 0, 60), (11, 13, 31), (11, 13, 31)]),
        # One at once: the second comes when the rest of five minutes is over, and goes first.
        ({"step": 1}, [(0, 0, 60), (11, 13, 36), (16, 18, 31)]),
        # Long rests: what is needless at 31 goes at 41 only.
        ({"cooldown_s": 1800}, [(0, 0, 60), (11, 13, 41), (11, 13, 41)]),
        ({"machines_max": 2}, [(0, 0, 60), (11, 13, 31)]),
        ({"machines_min": 2}, [(0, 0, 60), (0, 0, 60), (11, 13, 31)]),
        # At half their capacity six are asked for at 250, two at 90.
        ({"target_percent": 50}, [(0, 0, 60), (0, 0, 60), *[(11, 13, 31)] * 3]),
        # None of the new ones is up before they are needless again.
        ({"boot_s": 1500}, [(0, 0, 60), (11, 36, 31), (11, 36, 31)]),
    ],
)
def test_a_fleet_follows_the_visitors(
    changes: dict[str, int], expected: list[tuple[int, int, int]]
) -> None:
    curve = _curve((0, 90), (10, 250), (30, 90), ends=60)
    rules = replace(_PLAIN, **changes)
    assert _minutes(elastic_fleet(curve, rules)) == expected


def test_the_last_second_counts_and_what_is_noticed_after_it_does_not() -> None:
    curve = _curve((0, 90), (59, 250), ends=60)
    assert _minutes(elastic_fleet(curve, _PLAIN)) == [(0, 0, 60)]
    assert len(elastic_fleet(curve, replace(_PLAIN, reaction_s=59))) == 3


def test_what_becomes_of_visitors_and_machines_by_hand() -> None:
    curve = _curve((0, 90), (10, 240), (30, 90), ends=60)
    compared = compare_scaling(curve, _PLAIN, _TYPE, BOOK)
    # 90 an hour for 40 minutes, 240 for 20: 60 + 80 = 140 visitors, 140 an hour on average.
    assert curve.visitors == 140
    peak, mean, elastic = compared.outcomes
    assert (peak.machines_peak, mean.machines_peak) == (3, 2)
    assert peak.unserved == 0
    assert peak.served == 140
    # Two serve 200 an hour: 40 an hour too few for a third of an hour.
    assert mean.unserved == Fraction(40, 3)
    # One serves 100 an hour, and for 3 minutes of the 240 there is one: 140 / 20 = 7.
    assert elastic.unserved == 7
    # 60 min + twice 11 to 31; 133 visitors are 1.33 machine hours.
    assert elastic.machine_hours == Fraction(60 + 20 + 20, 60)
    assert elastic.idle_machine_hours == Fraction(100, 60) - Fraction(133, 100)
    assert [each.usd for each in compared.outcomes] == [
        3 * Decimal("0.216"),
        2 * Decimal("0.216"),
        100 * 60 * (_USD_PER_S + _ADDRESS_USD_PER_S),
    ]


def test_a_run_of_seconds_costs_a_minute() -> None:
    rules = replace(_PLAIN, cooldown_s=1, reaction_s=0)
    at_s = _BEGINS_S + 600
    curve = DemandCurve((_BEGINS_S, at_s, at_s + 10), (90_000, 150_000, 90_000), at_s + 100)
    elastic = _of(compare_scaling(curve, rules, _TYPE, BOOK), "elastic")
    assert elastic.machine_hours == Fraction(700 + 10, _HOUR_S)
    assert elastic.usd == (700 + 60) * _USD_PER_S + (700 + 10) * _ADDRESS_USD_PER_S


@st.composite
def _curves(draw: st.DrawFn) -> DemandCurve:
    gaps_s = draw(st.lists(st.integers(1, 4000), min_size=1, max_size=25))
    starts_s = [_BEGINS_S]
    for gap_s in gaps_s:
        starts_s.append(starts_s[-1] + gap_s)
    rates = draw(st.lists(st.integers(0, 2_000_000), min_size=len(gaps_s), max_size=len(gaps_s)))
    return DemandCurve(tuple(starts_s[:-1]), tuple(rates), starts_s[-1])


_RULES = st.builds(
    lambda least, more, **others: ScalingRules(
        machines_min=least, machines_max=None if more is None else max(1, least + more), **others
    ),
    least=st.integers(0, 4),
    more=st.none() | st.integers(0, 15),
    capacity_per_hour=st.integers(20, 500),
    step=st.none() | st.integers(1, 5),
    cooldown_s=st.integers(1, 2000),
    reaction_s=st.integers(0, 1500),
    boot_s=st.integers(0, 1500),
    target_percent=st.integers(20, 100),
)


@settings(max_examples=150, deadline=None)
@given(curve=_curves(), rules=_RULES)
def test_laws_of_every_fleet(curve: DemandCurve, rules: ScalingRules) -> None:
    compared = compare_scaling(curve, rules, _TYPE, BOOK)
    for outcome in compared.outcomes:
        assert outcome.served + outcome.unserved == curve.visitors
        assert outcome.unserved >= 0
        assert 0 <= outcome.idle_machine_hours <= outcome.machine_hours
        assert outcome.served <= outcome.machine_hours * rules.capacity_per_hour
        for stretch in outcome.stretches:
            assert 0 <= stretch.serving <= stretch.running
        times_s = [(each.begins_s, each.ends_s) for each in outcome.stretches]
        assert (times_s[0][0], times_s[-1][1]) == (curve.begins_s, curve.ends_s)
        assert all(one[1] == next_one[0] for one, next_one in pairwise(times_s))
    assert _of(compared, "fixed-peak").unserved == 0
    elastic = _of(compared, "elastic")
    most = rules.desired(curve.peak)
    assert rules.desired(min(curve.rates)) <= elastic.machines_peak <= most
    assert all(s.running >= min(rules.machines_min, most) for s in elastic.stretches)


@settings(max_examples=100, deadline=None)
@given(curve=_curves(), rules=_RULES)
def test_the_bill_is_what_the_starts_and_stops_come_to(
    curve: DemandCurve, rules: ScalingRules
) -> None:
    compared = compare_scaling(curve, rules, _TYPE, BOOK)
    spans = {
        "fixed-peak": fixed_fleet(curve, rules.machines_for(curve.peak)),
        "elastic": elastic_fleet(curve, rules),
    }
    for key, machines in spans.items():
        runs_s = [machine.stops_s - machine.starts_s for machine in machines]
        usd = sum(max(60, run_s) for run_s in runs_s) * _USD_PER_S
        assert _of(compared, key).usd == usd + sum(runs_s) * _ADDRESS_USD_PER_S


@settings(max_examples=60, deadline=None)
@given(curve=_curves(), rules=_RULES)
def test_a_model_that_looks_every_second_sees_the_same(
    curve: DemandCurve, rules: ScalingRules
) -> None:
    """Every second: what was seen by now, whether it may be acted upon, and how many run."""
    count, rests_until_s = rules.desired(curve.rates[0]), curve.begins_s
    running: dict[int, int] = {}
    for at_s in range(curve.begins_s, curve.ends_s):
        seen = curve.rate_at(max(curve.begins_s, at_s - rules.reaction_s))
        missing = rules.desired(seen) - count
        if missing and at_s >= rests_until_s:
            step = rules.step or 10_000
            count += max(-step, min(step, missing))
            rests_until_s = at_s + rules.cooldown_s
        running[at_s] = count
    for stretch in stretches_of(curve, elastic_fleet(curve, rules)):
        assert {running[at_s] for at_s in range(stretch.begins_s, stretch.ends_s)} == {
            stretch.running
        }


def test_the_same_question_has_the_same_answer() -> None:
    curve = shaped(ShapeRequest(Shape.DAILY), _BEGINS_S)
    one, two = (compare_scaling(curve, ScalingRules(), _TYPE, BOOK) for _ in range(2))
    assert [each.usd for each in one.outcomes] == [each.usd for each in two.outcomes]
    assert one.outcomes[-1].stretches == two.outcomes[-1].stretches


def test_a_curve_of_nobody_needs_nothing() -> None:
    rules = replace(_PLAIN, machines_min=0)
    compared = compare_scaling(_curve((0, 0), (5, 0), ends=10), rules, _TYPE, BOOK)
    assert {(each.usd, each.unserved, each.machine_hours) for each in compared.outcomes} == {
        (Decimal(0), Fraction(0), Fraction(0))
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity_per_hour": 0},
        {"machines_min": -1},
        {"machines_max": 0},
        {"machines_min": 5, "machines_max": 4},
        {"step": 0},
        {"cooldown_s": 0},
        {"reaction_s": -1},
        {"boot_s": 86_401},
        {"target_percent": 0},
        {"target_percent": 101},
    ],
)
def test_rules_that_cannot_be_meant_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest):
        replace(_PLAIN, **wrong)


def test_fleets_that_nobody_has_and_prices_that_no_book_has_are_refused() -> None:
    curve = _curve((0, 1_000_000), ends=60)
    with pytest.raises(InvalidRequest, match="10000 machines; 1000 can be compared"):
        compare_scaling(curve, _PLAIN, _TYPE, BOOK)
    restless = DemandCurve(
        tuple(range(_BEGINS_S, _BEGINS_S + 2000 * 60, 60)),
        (0, 90_000_000) * 1000,
        _BEGINS_S + 2000 * 60,
    )
    with pytest.raises(InvalidRequest, match="more than 100000 times"):
        compare_scaling(restless, replace(_PLAIN, cooldown_s=1), _TYPE, BOOK)
    early = DemandCurve((0,), (1000,), 3600)
    with pytest.raises(NotFound, match="no price"):
        compare_scaling(early, _PLAIN, _TYPE, BOOK)
