"""From readings to hours: what was used is counted once, and where it belongs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.metering import (
    CPU_NS,
    HOUR,
    NEW_CONNECTIONS,
    PROCESSED_BYTES,
    REQUESTS,
    RULE_EVALUATIONS,
    BalancerHour,
    BalancerLook,
    InstanceHour,
    MachineLook,
    Reading,
    hour_of,
    measure_balancer,
    measure_instance,
    over_at,
)

_TEN = datetime(2026, 11, 25, 10, tzinfo=UTC)
_MACHINE = MachineLook("t3.micro", 2, 256.0)
_BALANCER = BalancerLook("web", "application", _TEN, 12)


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def _machine(at_min: float, cpu_s: float, *, real_min: float | None = None) -> Reading:
    real_at = _TEN + _minutes(at_min if real_min is None else real_min)
    counters = {CPU_NS: round(cpu_s * 1e9)}
    return Reading("i-a", _TEN + _minutes(at_min), real_at, "first", counters)


def _balancer(
    at_min: float, requests: int, connections: int = 0, sent: int = 0, rules: int = 0
) -> Reading:
    counters = {
        REQUESTS: requests,
        NEW_CONNECTIONS: connections,
        PROCESSED_BYTES: sent,
        RULE_EVALUATIONS: rules,
    }
    at = _TEN + _minutes(at_min)
    return Reading("lb", at, at, "first", counters)


class TestMachines:
    def test_a_minute(self) -> None:
        (hour,) = measure_instance(_machine(10, 5), _machine(11, 35), _MACHINE)
        assert hour.hour_at == _TEN
        # 30 s of 2 x 60.
        assert (hour.measured_s, hour.cpu_s, hour.cpu_percent_mean) == (60, 30, 25)
        assert (hour.cpu_percent_max, hour.memory_mib_mean, hour.memory_mib_max) == (25, 256, 256)

    def test_minutes_of_an_hour_are_added_up(self) -> None:
        readings = [_machine(0, 0), _machine(1, 0), _machine(2, 120), _machine(4, 180)]
        hour = InstanceHour("i-a", _TEN, "t3.micro")
        for before, now in pairwise(readings):
            (more,) = measure_instance(before, now, _MACHINE)
            hour = hour.plus(more)
        # 180 s of 2 x 240; of the busiest minute all of it.
        assert (hour.measured_s, hour.cpu_percent_mean, hour.cpu_percent_max) == (240, 37.5, 100)

    def test_over_the_end_of_an_hour_it_is_shared_out(self) -> None:
        before, after = measure_instance(_machine(59.75, 0), _machine(60.75, 8), _MACHINE)
        assert (before.hour_at, after.hour_at) == (_TEN, _TEN + HOUR)
        assert (before.cpu_s, after.cpu_s) == (2, 6)
        assert (before.measured_s, after.measured_s) == (15, 45)
        assert before.cpu_percent_max == after.cpu_percent_max

    def test_on_a_fast_clock_seconds_are_true_ones(self) -> None:
        # An hour of the cloud's in a minute: the machine was busy for half of that minute.
        hours = measure_instance(_machine(0, 0), _machine(60, 60, real_min=1), _MACHINE)
        assert sum(hour.measured_s for hour in hours) == 60
        assert {hour.cpu_percent_mean for hour in hours} == {50}

    def test_a_clock_that_was_moved_far_leaves_one_record(self) -> None:
        (hour,) = measure_instance(_machine(0, 0), _machine(30 * 24 * 60, 12, real_min=1), _MACHINE)
        assert hour.hour_at == _TEN + timedelta(days=30)
        assert (hour.measured_s, hour.cpu_s) == (60, 12)

    @pytest.mark.parametrize(
        ("before", "now"),
        [
            (None, _machine(1, 5)),
            (replace(_machine(0, 1), life="earlier"), _machine(1, 5)),
            (_machine(0, 50), _machine(1, 5)),
            (_machine(1, 1), _machine(1, 5)),
            (_machine(0, 1, real_min=9), _machine(1, 5)),
        ],
        ids=["the first", "of another life", "begun anew", "no time", "an engine's clock set back"],
    )
    def test_what_cannot_be_compared_is_not(self, before: Reading | None, now: Reading) -> None:
        assert measure_instance(before, now, _MACHINE) == []

    def test_an_hour_without_a_reading_divides_by_nothing(self) -> None:
        hour = InstanceHour("i-a", _TEN, "t3.micro")
        assert (hour.cpu_percent_mean, hour.memory_mib_mean) == (0, 0)


class TestBalancers:
    def test_a_minute(self) -> None:
        (hour,) = measure_balancer(
            _balancer(10, 100, 7, 1000), _balancer(11, 160, 10, 5000), _BALANCER
        )
        assert (hour.requests, hour.new_connections, hour.processed_bytes) == (60, 3, 4000)
        assert (hour.active_sum, hour.sample_count, hour.rule_evaluations) == (12, 1, 0)

    def test_rules_beyond_the_free_ones(self) -> None:
        (hour,) = measure_balancer(
            _balancer(10, 100, rules=20), _balancer(11, 160, rules=320), _BALANCER
        )
        assert hour.rule_evaluations == 300

    def test_counters_that_began_anew_count_in_full(self) -> None:
        (hour,) = measure_balancer(_balancer(10, 100, 50), _balancer(11, 7, 60), _BALANCER)
        assert (hour.requests, hour.new_connections) == (7, 10)

    def test_counters_of_another_life_count_in_full(self) -> None:
        before = replace(_balancer(10, 100), life="earlier")
        (hour,) = measure_balancer(before, _balancer(11, 160), _BALANCER)
        assert hour.requests == 160

    def test_a_new_balancer_counts_from_when_it_was_made(self) -> None:
        hours = measure_balancer(None, _balancer(90, 90), _BALANCER)
        assert [hour.requests for hour in hours] == [60, 30]
        assert [hour.sample_count for hour in hours] == [0, 1]

    def test_one_that_has_long_been_there_is_only_taken_note_of(self) -> None:
        assert measure_balancer(None, _balancer(25 * 60, 90), _BALANCER) == []

    def test_a_server_that_was_away_for_hours_shares_out(self) -> None:
        hours = measure_balancer(_balancer(30, 0), _balancer(150, 120), _BALANCER)
        assert [hour.requests for hour in hours] == [30, 60, 30]

    def test_a_server_that_was_away_for_days_does_not(self) -> None:
        (hour,) = measure_balancer(_balancer(0, 0), _balancer(3 * 24 * 60, 120), _BALANCER)
        assert (hour.hour_at, hour.requests) == (_TEN + timedelta(days=3), 120)

    def test_connections_at_a_time(self) -> None:
        hour = BalancerHour("lb", _TEN, "web", "application", active_sum=7, sample_count=2)
        assert hour.active_connections_mean == 3.5
        assert BalancerHour("lb", _TEN, "web", "application").active_connections_mean == 0


@given(
    at_s=st.integers(0, 86400),
    length_s=st.integers(0, 3 * 86400),
    counts=st.tuples(*[st.integers(0, 10**15)] * 3),
)
def test_nothing_is_lost_and_nothing_counted_twice(
    at_s: int, length_s: int, counts: tuple[int, int, int]
) -> None:
    began, ended = at_s / 60, (at_s + length_s) / 60
    before, now = _balancer(began, 5, 5, 5), _balancer(ended, *(5 + count for count in counts))
    hours = measure_balancer(before, now, _BALANCER)
    assert sum(hour.requests for hour in hours) == counts[0]
    assert sum(hour.new_connections for hour in hours) == counts[1]
    assert sum(hour.processed_bytes for hour in hours) == counts[2]
    assert all(hour.requests >= 0 for hour in hours)
    assert sum(hour.sample_count for hour in hours) == 1
    assert hours[-1].sample_count == 1
    assert len({hour.hour_at for hour in hours}) == len(hours) <= 26
    assert all(hour.hour_at == hour_of(hour.hour_at) <= now.at for hour in hours)


def test_a_clock_that_is_set_back_takes_no_hour_back() -> None:
    before, now = _balancer(59, 10), _balancer(5, 40).following(_balancer(59, 10))
    (hour,) = measure_balancer(before, now, _BALANCER)
    assert (now.at, hour.hour_at, hour.requests) == (before.at, _TEN, 30)


@pytest.mark.parametrize(
    ("read_min", "is_gone", "over_s"),
    [(59, False, None), (60, False, 3599), (75, False, 3599), (30, True, 1800), (75, True, 3599)],
)
def test_when_an_hour_is_over(read_min: int, is_gone: bool, over_s: int | None) -> None:
    hour = BalancerHour("lb", _TEN, "web", "application")
    at = over_at(hour, _TEN + _minutes(read_min), is_gone=is_gone)
    assert at == (None if over_s is None else _TEN + timedelta(seconds=over_s))
