"""A line of a bill: how much of what, by which rule, at which price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import NamedTuple

from minicloud.domain.billing.money import UNITS_PER_USD, divided, usd_of
from minicloud.domain.billing.price import Price


class Service(StrEnum):
    """What a line is about, in the order of a bill."""

    INSTANCES = "instances"
    RESERVATIONS = "reservations"
    ADDRESSES = "addresses"
    IMAGES = "images"
    BALANCERS = "balancers"


class Rule(Enum):
    """Why something is billed: a name, its service, the unit it counts, and the rule in words."""

    ON_DEMAND = (
        "on-demand",
        Service.INSTANCES,
        "hour",
        "running time alone, by the second",
    )
    MINIMUM = (
        "on-demand-minimum",
        Service.INSTANCES,
        "hour",
        "every start is billed for at least 60 s: what was missing, when it stopped",
    )
    RESERVED = (
        "reserved",
        Service.INSTANCES,
        "hour",
        "running time that a reservation covers",
    )
    UNKNOWN_RUN = (
        "unknown-run",
        Service.INSTANCES,
        "hour",
        "it was seen to end and never to begin: what there was before is not billed",
    )
    UPFRONT = (
        "reservation-upfront",
        Service.RESERVATIONS,
        "reservation",
        "paid when it is bought",
    )
    TRUE_UP = (
        "reservation-true-up",
        Service.RESERVATIONS,
        "exchange",
        "paid when it was got for another: what its upfront part is worth more",
    )
    RESERVATION_USED = (
        "reservation-used",
        Service.RESERVATIONS,
        "hour",
        "the hourly part of hours that covered a machine",
    )
    RESERVATION_UNUSED = (
        "reservation-unused",
        Service.RESERVATIONS,
        "hour",
        "hours that covered nothing, owed all the same: waste",
    )
    ADDRESS_FIRST = (
        "address-in-use",
        Service.ADDRESSES,
        "hour",
        "the first Elastic IP of a running instance: free until 2024-01-31",
    )
    ADDRESS_ADDITIONAL = (
        "address-additional",
        Service.ADDRESSES,
        "hour",
        "one more Elastic IP on the same running instance",
    )
    ADDRESS_STOPPED = (
        "address-on-stopped",
        Service.ADDRESSES,
        "hour",
        "an Elastic IP on an instance that does not run",
    )
    ADDRESS_IDLE = (
        "address-unattached",
        Service.ADDRESSES,
        "hour",
        "an Elastic IP that leads nowhere",
    )
    ADDRESS_AUTOMATIC = (
        "address-automatic",
        Service.ADDRESSES,
        "hour",
        "a running instance's own public address, while it has no Elastic IP: since 2024-02-01",
    )
    ADDRESS_BALANCER = (
        "address-of-balancer",
        Service.ADDRESSES,
        "hour",
        "a load balancer's public address, while it exists: since 2024-02-01",
    )
    IMAGE_STORAGE = (
        "image-storage",
        Service.IMAGES,
        "GB-month",
        "its size (1 GB is 2^30 bytes) for its share of the month",
    )
    BALANCER_HOURS = (
        "balancer-hours",
        Service.BALANCERS,
        "hour",
        "every hour of the clock (UTC) in which it existed, in full",
    )
    BALANCER_CAPACITY = (
        "balancer-capacity",
        Service.BALANCERS,
        "LCU-hour",
        "what was used of it in an hour, in the dimension that comes to the most units",
    )

    def __init__(self, title: str, service: Service, unit: str, words: str) -> None:
        self.title = title
        self.service = service
        self.unit = unit
        self.words = words
        self.order = (list(Service).index(service), len(type(self).__members__))

    # There is one object of each rule; an Enum's own hash is computed from its name, each time.
    __hash__ = object.__hash__


class Doubt(StrEnum):
    """Why a line is an estimate, but for its price."""

    NONE = ""
    FUTURE = "it has not happened yet"
    LEDGER = "the ledger contradicts itself"
    LEDGER_FUTURE = "the ledger contradicts itself, and it has not happened yet"

    @property
    def is_future(self) -> bool:
        """Whether what is doubted lies in the future."""
        return self in {Doubt.FUTURE, Doubt.LEDGER_FUTURE}

    def in_future(self) -> Doubt:
        """The same doubt about what has not happened yet."""
        return Doubt.LEDGER_FUTURE if self is Doubt.LEDGER else Doubt.FUTURE


class What(NamedTuple):
    """What is measured. ``per`` of the measure make one unit; ``part`` tells lines of one rule
    apart: a month, a reservation, or a dimension.
    """

    rule: Rule
    resource_id: str
    subject: str
    per: int
    part: str = ""


@dataclass(frozen=True)
class Line:
    """``measure`` / ``what.per`` units at ``price``. ``amount`` is rounded to twelve places, half
    to even, and nothing else is; ``day_amounts`` sum up to it exactly, ``day_measures`` to the
    measure.
    """

    what: What
    measure: int
    price: Price
    amount: Decimal
    doubt: Doubt
    day_amounts: Mapping[date, Decimal] = field(default_factory=dict)
    day_measures: Mapping[date, int] = field(default_factory=dict)

    @property
    def quantity(self) -> Decimal:
        """How many units; for reading, rounded to twelve places."""
        return usd_of(divided(self.measure * UNITS_PER_USD, self.what.per))

    @property
    def reasons(self) -> list[str]:
        """Why it is an estimate; none where it is not."""
        reasons = ["its price is an estimate"] if self.price.provenance.estimated else []
        return [*reasons, self.doubt.value] if self.doubt else reasons

    @property
    def is_estimated(self) -> bool:
        """Whether it could be wrong."""
        return bool(self.doubt) or self.price.provenance.estimated
