"""Sums over every nginx that there was, by the minute, and percentiles of a histogram."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from balancer_agent.memory import Memory
from balancer_agent.metrics import Meters, balancer_figures, group_figures, percentiles
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_764_043_200.0


def test_sums_go_over_every_generation_that_there_was() -> None:
    meters = Meters(NOW, {"requests": 100})
    meters.observe(1, {"requests": 5})
    meters.observe(2, {"requests": 7, "new": 1})
    assert meters.totals() == {"requests": 112, "new": 1}
    meters.end(1)
    meters.observe(2, {"requests": 8, "new": 1})
    assert meters.totals() == {"requests": 113, "new": 1}
    meters.end(1)
    assert meters.totals() == {"requests": 113, "new": 1}


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 50), st.sampled_from(["observe", "end"])),
        max_size=40,
    )
)
def test_sums_never_go_back(events: list[tuple[int, int, str]]) -> None:
    meters, before = Meters(NOW), 0
    for generation, count, event in events:
        if event == "observe":
            meters.observe(generation, {"requests": count})
        else:
            meters.end(generation)
        after = meters.totals().get("requests", 0)
        assert after >= before
        before = after


def test_minutes_are_differences_and_an_hour_is_kept() -> None:
    meters = Meters(NOW, {"requests": 1000})
    for minute in range(70):
        meters.observe(1, {"requests": 10 * minute, "idle": 0})
        meters.tick(NOW + 60 * minute)
        meters.observe(1, {"requests": 10 * minute + 4, "idle": 0})
        meters.tick(NOW + 60 * minute + 59.9)
    minutes = meters.minutes()
    assert len(minutes) == 60
    assert minutes[-1] == {"at": NOW + 60 * 68, "counters": {"requests": 10}}
    assert minutes[0]["at"] == NOW + 60 * 9


def test_the_first_minute_counts_from_the_start_alone() -> None:
    meters = Meters(NOW, {"requests": 1000})
    meters.tick(NOW + 30)
    meters.observe(1, {"requests": 3})
    meters.tick(NOW + 61)
    assert meters.minutes() == [{"at": NOW, "counters": {"requests": 3}}]


def test_the_disk_gives_back_sums_and_minutes(tmp_path: Path) -> None:
    meters = Meters(NOW, {"requests": 3})
    meters.tick(NOW)
    meters.observe(4, {"requests": 2})
    meters.tick(NOW + 60)
    memory = Memory(tmp_path)
    memory.save("figures.json", meters.as_json())
    memory.save("minutes.json", {"minutes": meters.minutes()})
    kept = Memory(tmp_path).load("figures.json")
    again = Meters(kept["since"], kept["counters"])
    again.restore_minutes(Memory(tmp_path).load("minutes.json")["minutes"])
    assert again.totals() == {"requests": 5}
    assert again.minutes() == meters.minutes()


def test_groups_that_are_no_more_are_forgotten() -> None:
    meters = Meters(NOW, {"requests": 9, "tg-1|requests": 5, "tg-2|requests": 4})
    meters.forget_groups_but(["tg-2"])
    assert meters.totals() == {"requests": 9, "tg-2|requests": 4}


def test_figures_are_told_apart_by_group() -> None:
    totals = {
        "requests": 9,
        "balancer_5xx": 1,
        "tg-1|requests": 8,
        "tg-1|2xx": 7,
        "tg-1|t0": 8,
        "tg-3|2xx": 1,
    }
    assert balancer_figures(totals) == {"requests": 9, "balancer_5xx": 1}
    assert group_figures(totals, ["tg-1", "tg-2"]) == {
        "tg-1": {"requests": 8, "2xx": 7, "p50_ms": 0.1, "p90_ms": 0.1, "p99_ms": 0.1},
        "tg-2": {"requests": 0, "p50_ms": None, "p90_ms": None, "p99_ms": None},
    }


def bucket(seconds: float) -> int:
    """As nginx's side puts a time into the histogram."""
    return min(127, max(0, math.ceil(8 * math.log2(seconds * 1e4))))


@given(st.lists(st.floats(1e-4, 3.0), min_size=1, max_size=200))
def test_a_percentile_is_an_upper_bound_within_a_tenth(times_s: list[float]) -> None:
    histogram: dict[int, int] = {}
    for time_s in times_s:
        histogram[bucket(time_s)] = histogram.get(bucket(time_s), 0) + 1
    ordered = sorted(times_s)
    for name, quantile in (("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99)):
        true_ms = 1000 * ordered[math.ceil(quantile * len(ordered)) - 1]
        found_ms = percentiles(histogram)[name]
        assert found_ms is not None
        # Rounded to a microsecond; the buckets' bounds are 2 ** (1 / 8) apart.
        assert true_ms - 0.001 <= found_ms <= true_ms * 2 ** (1 / 8) + 0.001


@pytest.mark.parametrize("histogram", [{}, {3: 0}])
def test_without_requests_there_is_no_percentile(histogram: dict[int, int]) -> None:
    assert set(percentiles(histogram).values()) == {None}
