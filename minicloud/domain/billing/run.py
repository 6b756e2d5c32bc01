"""A machine that runs: of which size and at which prices, since when, and what covers it."""

from __future__ import annotations

from dataclasses import dataclass

from minicloud.domain.billing.line import Doubt, Rule, What
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.price import Price, Timeline
from minicloud.domain.billing.reserved import ActiveReservation
from minicloud.domain.catalog import InstanceType

FACTOR_OF_ONE = 4


def factor_of(its_type: InstanceType) -> int:
    """How many size-seconds a second of this type is."""
    return int(its_type.normalization * FACTOR_OF_ONE)


@dataclass(frozen=True, eq=False, slots=True)
class Priced:
    """A type, its size and its prices on demand; there is one of each type in a bill."""

    name: str
    factor: int
    prices: Timeline[Price]

    def what(self, rule: Rule, instance_id: str, part: str = "") -> What:
        """What a machine of this type is measured as."""
        return What(rule, instance_id, self.name, HOUR_S * self.factor, part)


@dataclass(eq=False, slots=True)
class Run:
    """A machine that runs. From ``since_s`` on it is covered by ``cover``, on demand if that is
    None; what came before is measured already.
    """

    instance_id: str
    priced: Priced
    started_s: int
    since_s: int
    doubt: Doubt = Doubt.NONE
    cover: ActiveReservation | None = None
