"""The curve of a comparison as figures to be drawn: what both pictures of it share.

Both draw the same thing: visitors, how many of them are served, and what stands by idle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicloud.client.comparison_shapes import ScalingComparisonShape

_HOUR_S = 3600
_DAY_S = 86_400
_HOURS_SHOWN_MAX = 3 * _DAY_S
_ROUND_STEPS = (1, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Moment:
    """From when to when, in seconds since the curve began; visitors an hour, and how many of them
    the elastic fleet's machines serve.
    """

    begins_s: float
    ends_s: float
    visitors: float
    capacity: float


@dataclass(frozen=True)
class Series:
    """What is drawn. ``peak_capacity`` and ``mean_capacity`` are those of the fixed fleets."""

    moments: tuple[Moment, ...]
    length_s: float
    peak_capacity: float
    mean_capacity: float

    @cached_property
    def top(self) -> float:
        """The highest figure."""
        highest = max(max(m.visitors, m.capacity) for m in self.moments)
        return max(highest, self.peak_capacity, self.mean_capacity, 1.0)


@dataclass(frozen=True)
class Slice:
    """The means of an even part of the time, in visitors an hour."""

    served: float
    unserved: float
    capacity: float


def series_of(found: ScalingComparisonShape) -> Series:
    """What there is to be drawn of a comparison."""
    begins = datetime.fromisoformat(found["from"])
    length_s = (datetime.fromisoformat(found["to"]) - begins).total_seconds()
    per_machine = found["rules"]["capacity_per_hour"]
    timeline = found["timeline"]
    times_s = [(datetime.fromisoformat(m["at"]) - begins).total_seconds() for m in timeline]
    moments = tuple(
        Moment(begins_s, ends_s, float(m["visitors_per_hour"]), float(m["serving"] * per_machine))
        for m, (begins_s, ends_s) in zip(timeline, pairwise([*times_s, length_s]), strict=True)
    )
    machines = {fleet["key"]: fleet["machines_max"] for fleet in found["fleets"]}
    return Series(
        moments,
        length_s,
        float(machines["fixed-peak"] * per_machine),
        float(machines["fixed-mean"] * per_machine),
    )


def slices(series: Series, count: int) -> list[Slice]:
    """The series in this many even parts."""
    width_s = series.length_s / count
    sums = [[0.0, 0.0, 0.0] for _ in range(count)]
    for moment in series.moments:
        served = min(moment.visitors, moment.capacity)
        figures = (served, moment.visitors - served, moment.capacity)
        for place, share_s in _shares(moment, width_s, count):
            for kind, figure in enumerate(figures):
                sums[place][kind] += figure * share_s
    return [Slice(*(total / width_s for total in totals)) for totals in sums]


def _shares(moment: Moment, width_s: float, count: int) -> Iterator[tuple[int, float]]:
    """Which parts a moment is in, and for how many seconds of each."""
    first = min(count - 1, int(moment.begins_s / width_s))
    last = min(count - 1, int(moment.ends_s / width_s))
    for place in range(first, last + 1):
        begins_s = max(moment.begins_s, place * width_s)
        ends_s = min(moment.ends_s, (place + 1) * width_s)
        if ends_s > begins_s:
            yield place, ends_s - begins_s


def round_step(highest: float, most: int) -> float:
    """The smallest round figure that comes into ``highest`` at most this often."""
    power = 1.0
    while power * most > highest and power > highest * 1e-9:
        power /= 10
    while True:
        for factor in _ROUND_STEPS:
            if factor * power * most >= highest:
                return factor * power
        power *= 10


def time_ticks(length_s: float, most: int) -> tuple[list[tuple[float, str]], str]:
    """Where to write what below the axis of time, and the unit."""
    unit_s, unit = (_HOUR_S, "hours") if length_s <= _HOURS_SHOWN_MAX else (_DAY_S, "days")
    units = length_s / unit_s
    steps = (1, 2, 3, 6, 12, 24) if unit == "hours" else ()
    step = next((s for s in steps if units / s <= most), round_step(units, most))
    ticks = []
    place = 0
    while place * step <= units + 1e-9:
        ticks.append((place * step * unit_s, f"{place * step:g}"))
        place += 1
    return ticks, unit
