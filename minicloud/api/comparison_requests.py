"""What clients may ask to compare; what is left out has its default."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from minicloud.api.billing_requests import BookBody
from minicloud.api.requests import Body
from minicloud.domain.billing.offering import OfferingClass
from minicloud.domain.comparison.demand_file import TimeUnit
from minicloud.domain.comparison.demand_shapes import Shape, ShapeRequest
from minicloud.domain.comparison.elastic_fleet import ScalingRules
from minicloud.domain.comparison.right_size import HEADROOM_PERCENT_DEFAULT
from minicloud.domain.errors import InvalidRequest
from minicloud.services.comparisons import (
    NIGHT_DEFAULT,
    TYPE_DEFAULT,
    FleetRequest,
    GivenCurve,
    ScalingRequest,
)

_TEXT_LENGTH_MAX = 4 * 1024 * 1024
_AS_TEXT = Field(strict=False)
_Class = Annotated[OfferingClass, _AS_TEXT]
_Unit = Annotated[TimeUnit, _AS_TEXT]
_Shape = Annotated[Shape, _AS_TEXT]
_Word = Annotated[str, Field(max_length=64)]
_RULES = ScalingRules()


class FleetBody(BookBody):
    """Compare the fleet of a period with what it could have been."""

    begins_at: _Word | None = None
    ends_at: _Word | None = None
    timezone: _Word | None = None
    night: _Word = NIGHT_DEFAULT
    weekends: bool = False
    headroom_percent: int = HEADROOM_PERCENT_DEFAULT
    offering_class: _Class = OfferingClass.STANDARD

    def request(self) -> FleetRequest:
        """The request as the services take it."""
        return FleetRequest(
            book=self.choice(),
            begins_at=self.begins_at,
            ends_at=self.ends_at,
            zone=self.timezone,
            night=self.night,
            weekends=self.weekends,
            headroom_percent=self.headroom_percent,
            offering_class=self.offering_class,
        )


class GivenCurveBody(Body):
    """A CSV file of visitors."""

    name: str = Field(max_length=255)
    text: str = Field(max_length=_TEXT_LENGTH_MAX)
    unit: _Unit | None = None


class ShapeBody(Body):
    """A curve that needs no file."""

    shape: _Shape
    low: int = ShapeRequest.low
    high: int = ShapeRequest.high
    days: int = ShapeRequest.days
    peak_hour: int | None = None
    spike_hours: int | None = None


class RulesBody(Body):
    """How the elastic fleet scales."""

    capacity_per_hour: int = _RULES.capacity_per_hour
    machines_min: int = _RULES.machines_min
    machines_max: int | None = None
    step: int | None = None
    cooldown_s: int = _RULES.cooldown_s
    reaction_s: int = _RULES.reaction_s
    boot_s: int = _RULES.boot_s
    target_percent: int = _RULES.target_percent


class ScalingBody(BookBody):
    """Compare fleets for a curve of visitors, which is either given or has a shape."""

    given: GivenCurveBody | None = None
    shape: ShapeBody | None = None
    type: _Word = TYPE_DEFAULT
    timezone: _Word | None = None
    rules: RulesBody = Field(default_factory=RulesBody)

    def request(self) -> ScalingRequest:
        """The request as the services take it."""
        return ScalingRequest(
            demand=self._demand(),
            book=self.choice(),
            type_name=self.type,
            rules=ScalingRules(**self.rules.model_dump()),
            zone=self.timezone,
        )

    def _demand(self) -> GivenCurve | ShapeRequest:
        if self.given is not None and self.shape is None:
            return GivenCurve(self.given.name, self.given.text, self.given.unit)
        if self.shape is not None and self.given is None:
            return ShapeRequest(**self.shape.model_dump())
        raise InvalidRequest(
            "InvalidParameterCombination",
            "there must be one curve of visitors: given or shape",
            "send one of them",
        )
