"""Calls about what it would have cost otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bills import GivenBook
from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport

if TYPE_CHECKING:
    from minicloud.client.comparison_shapes import FleetComparisonShape, ScalingComparisonShape


@dataclass(frozen=True)
class FleetRequest:
    """Which period of the fleet, and which alternatives; what is None is left to the server.

    Times are ISO 8601; without an offset they are in ``timezone``. ``night`` is as 22:00-07:00.
    """

    begins_at: str | None = None
    ends_at: str | None = None
    timezone: str | None = None
    night: str | None = None
    weekends: bool | None = None
    headroom_percent: int | None = None
    offering_class: str | None = None
    region: str | None = None
    prices: GivenBook | None = None


@dataclass(frozen=True)
class GivenCurve:
    """A CSV file of visitors: its text, what to call it, and what times that are numbers count:
    hours, minutes or seconds.
    """

    name: str
    text: str
    unit: str | None = None


@dataclass(frozen=True)
class ShapedCurve:
    """A curve that needs no file: daily, spike or growth, in visitors an hour."""

    shape: str
    low: int | None = None
    high: int | None = None
    days: int | None = None
    peak_hour: int | None = None
    spike_hours: int | None = None


@dataclass(frozen=True)
class ScalingRules:
    """How the elastic fleet scales; a machine serves ``capacity_per_hour`` visitors an hour."""

    capacity_per_hour: int | None = None
    machines_min: int | None = None
    machines_max: int | None = None
    step: int | None = None
    cooldown_s: int | None = None
    reaction_s: int | None = None
    boot_s: int | None = None
    target_percent: int | None = None


@dataclass(frozen=True)
class ScalingRequest:
    """Which curve, one of ``given`` and ``shape``, and machines of which type, scaled how."""

    given: GivenCurve | None = None
    shape: ShapedCurve | None = None
    rules: ScalingRules | None = None
    type: str | None = None
    timezone: str | None = None
    region: str | None = None
    prices: GivenBook | None = None


class ComparisonCalls:
    """What can be asked of what might have been."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def fleet(self, request: FleetRequest) -> FleetComparisonShape:
        """This fleet beside what it could have been."""
        answer = self._transport.post("/comparisons/fleet", body_of(request))
        return cast("FleetComparisonShape", answer)

    def scaling(self, request: ScalingRequest) -> ScalingComparisonShape:
        """Fixed and elastic fleets for a curve of visitors."""
        answer = self._transport.post("/comparisons/scaling", body_of(request))
        return cast("ScalingComparisonShape", answer)
