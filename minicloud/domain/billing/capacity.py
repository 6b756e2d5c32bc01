"""Load balancers' capacity units: for each hour the one of four dimensions that comes to the most.

A unit of an application balancer (LCU) holds 25 new connections a second, 3,000 active ones, 1 GB
(10^9 bytes) an hour or 1,000 rule evaluations a second, on average over the hour; a unit of a
network balancer (NLCU) 800 new flows a second, 100,000 active ones or 1 GB an hour (Elastic Load
Balancing pricing page). The first ten rules that a request meets are free. Parts of a unit count.

The ledger tells what was measured of an hour once it is over; what was not measured is not billed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction

from minicloud.domain.billing.entries import damaged, fact
from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.money import exact_text
from minicloud.domain.billing.price_book import PriceBook
from minicloud.domain.billing.tally import Tally
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.metering import BalancerHour

PARTS_PER_UNIT = 9_000_000_000
"""So small a part of a unit-hour that each dimension comes to whole parts, exactly."""

_THOUSANDTH = Decimal("0.001")
_COUNT = re.compile("[0-9]{1,20}")
_MEAN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,3})?")


class Dimension(StrEnum):
    """What a balancer's use is measured in, as a bill names it."""

    NEW_CONNECTIONS = "new-connections"
    ACTIVE_CONNECTIONS = "active-connections"
    PROCESSED_BYTES = "processed-bytes"
    RULE_EVALUATIONS = "rule-evaluations"


# Parts for one of each, over an hour; of active connections for a thousandth of one.
_PARTS: Mapping[str, Mapping[Dimension, int]] = {
    "application": {
        Dimension.NEW_CONNECTIONS: PARTS_PER_UNIT // (25 * 3600),
        Dimension.ACTIVE_CONNECTIONS: PARTS_PER_UNIT // (3000 * 1000),
        Dimension.PROCESSED_BYTES: PARTS_PER_UNIT // 10**9,
        Dimension.RULE_EVALUATIONS: PARTS_PER_UNIT // (1000 * 3600),
    },
    "network": {
        Dimension.NEW_CONNECTIONS: PARTS_PER_UNIT // (800 * 3600),
        Dimension.ACTIVE_CONNECTIONS: PARTS_PER_UNIT // (100_000 * 1000),
        Dimension.PROCESSED_BYTES: PARTS_PER_UNIT // 10**9,
    },
}


def usage_entry(hour: BalancerHour, at: datetime) -> LedgerEntry:
    """What the ledger says of an hour of a balancer; ``at`` lies in that hour."""
    mean = hour.active_connections_mean
    active = Decimal(mean.numerator) / mean.denominator
    facts = {
        "name": hour.name,
        "type": hour.type,
        "new_connections": str(hour.new_connections),
        "active_connections": exact_text(active.quantize(_THOUSANDTH, ROUND_HALF_EVEN)),
        "processed_bytes": str(hour.processed_bytes),
        "rule_evaluations": str(hour.rule_evaluations),
    }
    return LedgerEntry(at, LedgerKind.BALANCER_USAGE, hour.balancer_id, facts)


def capacity_used(entry: LedgerEntry) -> tuple[Dimension, int]:
    """The dimension that comes to the most, and how many parts of a unit-hour that is.

    ``LedgerDamaged`` where a figure or the type cannot be read.
    """
    weights = _PARTS.get(fact(entry, "type"))
    if weights is None:
        raise damaged(entry, "is of a type that no load balancer has")
    used = {dimension: parts * _amount(entry, dimension) for dimension, parts in weights.items()}
    most = max(used, key=lambda dimension: used[dimension])
    return most, used[most]


def capacity_of(hour: BalancerHour) -> tuple[Dimension, Fraction]:
    """The units of an hour that was measured, and the dimension that they come of."""
    dimension, parts = capacity_used(usage_entry(hour, hour.hour_at))
    return dimension, Fraction(parts, PARTS_PER_UNIT)


class CapacityMeter:
    """Measures the capacity units of every balancer."""

    def __init__(self, book: PriceBook, tally: Tally) -> None:
        self._book = book
        self._tally = tally

    def take_usage(self, entry: LedgerEntry, at_s: int) -> None:
        """An hour of a balancer is over, and this is what was used of it."""
        dimension, parts = capacity_used(entry)
        if not parts:
            return
        prices = self._book.of_capacity(fact(entry, "type"))
        name = fact(entry, "name")
        what = What(Rule.BALANCER_CAPACITY, entry.resource_id, name, PARTS_PER_UNIT, dimension)
        self._tally.moment_at(what, prices, at_s, parts, Doubt.NONE)


def _amount(entry: LedgerEntry, dimension: Dimension) -> int:
    """A figure of an entry, whole; of active connections in thousandths of one."""
    key = dimension.replace("-", "_")
    text = fact(entry, key)
    is_mean = dimension is Dimension.ACTIVE_CONNECTIONS
    if not (_MEAN if is_mean else _COUNT).fullmatch(text):
        raise damaged(entry, f"has {key} that nobody can have counted")
    return int(Decimal(text) * 1000) if is_mean else int(text)
