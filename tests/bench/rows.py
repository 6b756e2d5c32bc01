"""What a bench returns, and the little statistics it needs."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure beside its floor. ``goal`` is what the issue asks for, as text."""

    what: str
    ours: str
    floor: str
    ratio: float | None
    goal: str = ""


def median_row(
    what: str, ours_s: Sequence[float], floor_s: Sequence[float], floor_name: str, goal: str = ""
) -> Row:
    """A row from two series of durations."""
    ours, floor = statistics.median(ours_s), statistics.median(floor_s)
    return Row(
        what,
        f"{ours * 1000:.1f} ms",
        f"{floor * 1000:.1f} ms {floor_name}",
        ours / floor,
        goal,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def timed(action: Callable[[], object]) -> float:
    """How long the action takes, in seconds."""
    began_s = time.perf_counter()
    action()
    return time.perf_counter() - began_s
