"""What can be reserved: a type, for one or three years, paid in one of three ways.

Terms, payments and classes are EC2's. A standard reservation stays what it is; a convertible one
may be exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from minicloud.domain.billing.price import Price, Provenance
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

YEAR_S = 31_536_000
TERM_YEARS = (1, 3)
HOUR_S = 3600


class Payment(StrEnum):
    """How a reservation is paid for."""

    NO_UPFRONT = "no-upfront"
    PARTIAL_UPFRONT = "partial-upfront"
    ALL_UPFRONT = "all-upfront"


class OfferingClass(StrEnum):
    """Whether a reservation may be exchanged."""

    STANDARD = "standard"
    CONVERTIBLE = "convertible"


class OfferingKey(NamedTuple):
    """What tells one offering of a region from the others."""

    type_name: str
    years: int
    payment: Payment
    offering_class: OfferingClass

    @property
    def id(self) -> str:
        """``t3.micro:1y:no-upfront:standard``."""
        return f"{self.type_name}:{self.years}y:{self.payment}:{self.offering_class}"

    @classmethod
    def parse(cls, offering_id: str) -> OfferingKey:
        """The key of an id; ``InvalidParameterValue`` where it is none."""
        parts = offering_id.split(":")
        terms = {f"{years}y": years for years in TERM_YEARS}
        payments = {payment.value: payment for payment in Payment}
        classes = {each.value: each for each in OfferingClass}
        if len(parts) == 4 and parts[1] in terms and parts[2] in payments and parts[3] in classes:
            return cls(parts[0], terms[parts[1]], payments[parts[2]], classes[parts[3]])
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(offering_id, 80)} is not an offering",
            "write it as t3.micro:1y:no-upfront:standard; see: minicloud reservation offerings",
        )


@dataclass(frozen=True)
class OfferingPrice:
    """What an offering costs: at once, and for each hour of the term, used or not."""

    upfront_usd: Decimal
    hourly_usd: Decimal
    provenance: Provenance


@dataclass(frozen=True)
class Offering:
    """What is offered, beside what the same machine costs on demand on the same day."""

    key: OfferingKey
    price: OfferingPrice
    on_demand: Price

    @property
    def term_s(self) -> int:
        """How long it is for, in seconds; a year has 365 days."""
        return self.key.years * YEAR_S

    @property
    def total_usd(self) -> Decimal:
        """What it costs over its whole term."""
        return self.price.upfront_usd + self.price.hourly_usd * (self.term_s // HOUR_S)

    @property
    def effective_usd_per_hour(self) -> Fraction:
        """What an hour of the term costs, the upfront part spread over all of them."""
        return Fraction(self.total_usd) * HOUR_S / self.term_s

    @property
    def break_even_percent(self) -> int | None:
        """It pays off if the machine runs more than this share of the time, rounded up.

        More than 100: never. None: on demand it costs nothing.
        """
        on_demand = Fraction(self.on_demand.usd)
        return ceil(100 * self.effective_usd_per_hour / on_demand) if on_demand else None

    @property
    def is_estimated(self) -> bool:
        """Whether any of its figures is an estimate."""
        return self.price.provenance.estimated or self.on_demand.provenance.estimated
