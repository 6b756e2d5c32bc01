"""A price book: what everything costs in one region, and has cost since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from minicloud.domain.billing.offering import Offering, OfferingKey, OfferingPrice
from minicloud.domain.billing.price import Price, Timeline
from minicloud.domain.tags import shown

T = TypeVar("T")
CURRENCY = "USD"


@dataclass(frozen=True)
class PriceBook:
    """The prices of a region, on demand by type, of balancers by theirs. What it has no price of
    has a timeline without values.

    An Elastic IP has two timelines: ``address_first`` for the only one on a running instance, or
    the first of several, and ``address_other`` for every other. ``address_automatic`` is for public
    addresses that nobody allocates.
    """

    name: str
    region: str
    on_demand: Mapping[str, Timeline[Price]]
    address_first: Timeline[Price] | None = None
    address_other: Timeline[Price] | None = None
    address_automatic: Timeline[Price] | None = None
    image_storage: Timeline[Price] | None = None
    balancer_hours: Mapping[str, Timeline[Price]] = field(default_factory=dict)
    capacity_units: Mapping[str, Timeline[Price]] = field(default_factory=dict)
    offerings: Mapping[OfferingKey, Timeline[OfferingPrice]] = field(default_factory=dict)

    def of_type(self, type_name: str) -> Timeline[Price]:
        """A type's prices per hour on demand."""
        return self._found(self.on_demand.get(type_name), f"{type_name}, on demand")

    def of_address(self, *, is_first_on_running: bool) -> Timeline[Price]:
        """An Elastic IP's prices per hour."""
        prices = self.address_first if is_first_on_running else self.address_other
        return self._found(prices, "an Elastic IP")

    def of_automatic_address(self) -> Timeline[Price]:
        """The prices per hour of a public address that a machine or a balancer has of itself."""
        return self._found(self.address_automatic, "a public IPv4 address")

    def of_image_storage(self) -> Timeline[Price]:
        """The prices of keeping 1 GB (2^30 bytes) of an image for a month."""
        return self._found(self.image_storage, "image storage")

    def of_balancer(self, balancer_type: str) -> Timeline[Price]:
        """The prices of an hour, or part of one, of a load balancer."""
        what = f"a load balancer of type {shown(balancer_type)}"
        return self._found(self.balancer_hours.get(balancer_type), what)

    def of_capacity(self, balancer_type: str) -> Timeline[Price]:
        """The prices of an hour of a load balancer's capacity unit."""
        what = f"a capacity unit of a load balancer of type {shown(balancer_type)}"
        return self._found(self.capacity_units.get(balancer_type), what)

    def offering(self, key: OfferingKey, at_s: int) -> Offering:
        """What is offered under this key at this time; ``PriceNotFound`` where nothing is."""
        prices = self._found(self.offerings.get(key), f"the reservation {shown(key.id, 80)}")
        return Offering(key, prices.at(at_s), self.of_type(key.type_name).at(at_s))

    def offerings_at(self, at_s: int) -> Iterator[Offering]:
        """Everything offered at this time, as the book orders it."""
        for key, prices in self.offerings.items():
            on_demand = self.on_demand.get(key.type_name)
            if prices.holds(at_s) and on_demand is not None and on_demand.holds(at_s):
                yield self.offering(key, at_s)

    def _found(self, timeline: Timeline[T] | None, what: str) -> Timeline[T]:
        return timeline or Timeline(f"{what}, in {self.region} ({self.name})", (), ())
