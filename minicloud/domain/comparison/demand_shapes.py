"""Curves of visitors that need no file: a day as shops know it, a spike, growth.

They are computed to whole visitors an hour, so that no computer's cosine makes a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import cos, tau

from minicloud.domain.comparison.demand import THOUSANDTHS, DemandCurve
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range

_DAY_S = 86_400
_HOUR_S = 3600
_STEP_S = 900
_HOURS_A_DAY = 24
_VISITORS_MAX = 10_000_000
_DAYS_MAX = 366
_SPIKE_HOURS_MAX = 23


class Shape(StrEnum):
    """What a curve looks like."""

    DAILY = "daily"
    SPIKE = "spike"
    GROWTH = "growth"


@dataclass(frozen=True)
class ShapeRequest:
    """A shape from ``low`` to ``high`` visitors an hour. ``peak_hour`` (of the day, 0 to 23) is
    when a day is at its highest, or when the spike begins on the first day; growth has none.
    ``spike_hours`` is for the spike alone. What is None has its default.
    """

    shape: Shape
    low: int = 500
    high: int = 10_000
    days: int = 7
    peak_hour: int | None = None
    spike_hours: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        require_range("low", self.low, 0, _VISITORS_MAX, "visitors an hour")
        require_range("high", self.high, 1, _VISITORS_MAX, "visitors an hour")
        require_range("days", self.days, 1, _DAYS_MAX)
        if self.low > self.high:
            raise _refused(
                f"low ({self.low}) is more than high ({self.high})", "give a low that is lower"
            )
        if self.peak_hour is not None:
            require_range("the peak hour", self.peak_hour, 0, _HOURS_A_DAY - 1)
            if self.shape is Shape.GROWTH:
                raise _refused("growth has no peak hour", "leave it out, or choose daily or spike")
        if self.spike_hours is not None:
            require_range("the spike's hours", self.spike_hours, 1, _SPIKE_HOURS_MAX)
            if self.shape is not Shape.SPIKE:
                raise _refused(f"{self.shape} has no spike", "leave out its hours, or choose spike")


def shaped(request: ShapeRequest, begins_s: int) -> DemandCurve:
    """The curve of a shape, in steps of a quarter of an hour."""
    make = {Shape.DAILY: _daily, Shape.SPIKE: _spike, Shape.GROWTH: _growth}[request.shape]
    rate_at = make(request)
    length_s = request.days * _DAY_S
    offsets_s = range(0, length_s, _STEP_S)
    rates = tuple(rate_at(offset_s) * THOUSANDTHS for offset_s in offsets_s)
    starts_s = tuple(begins_s + offset_s for offset_s in offsets_s)
    return DemandCurve(starts_s, rates, begins_s + length_s)


def _daily(request: ShapeRequest) -> Callable[[int], int]:
    peak_s = (14 if request.peak_hour is None else request.peak_hour) * _HOUR_S
    height = request.high - request.low

    def rate_at(offset_s: int) -> int:
        share = (1 + cos((offset_s - peak_s) % _DAY_S / _DAY_S * tau)) / 2
        return request.low + round(height * share)

    return rate_at


def _spike(request: ShapeRequest) -> Callable[[int], int]:
    begin_s = (12 if request.peak_hour is None else request.peak_hour) * _HOUR_S
    end_s = begin_s + (2 if request.spike_hours is None else request.spike_hours) * _HOUR_S

    def rate_at(offset_s: int) -> int:
        return request.high if begin_s <= offset_s < end_s else request.low

    return rate_at


def _growth(request: ShapeRequest) -> Callable[[int], int]:
    last_s = request.days * _DAY_S - _STEP_S
    height = request.high - request.low

    def rate_at(offset_s: int) -> int:
        return request.low + height * offset_s // last_s

    return rate_at


def _refused(message: str, resolution: str) -> InvalidRequest:
    return InvalidRequest("InvalidParameterCombination", message, resolution)
