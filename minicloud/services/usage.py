"""What was measured of a machine or a balancer, hour by hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from minicloud.domain.balancer import Balancer
from minicloud.domain.instance import Instance
from minicloud.domain.metering import HOUR, BalancerHour, InstanceHour, hour_of
from minicloud.ports.clock import Clock
from minicloud.ports.store import Store
from minicloud.services.resolve import find_balancer, find_instance


class UsageService:
    """Everything that can be asked of what was measured."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def of_instance(self, ref: str, hours: int) -> tuple[Instance, Sequence[InstanceHour]]:
        """A machine and its last hours, the present one too; those without a reading left out."""
        with self._store.read() as transaction:
            instance = find_instance(transaction, ref)
            found = transaction.usage_hours.of_instances(self._since(hours), instance.id)
        return instance, found

    def of_balancer(self, ref: str, hours: int) -> tuple[Balancer, Sequence[BalancerHour]]:
        """A balancer and its last hours, the present one too; those without a reading left out."""
        with self._store.read() as transaction:
            balancer = find_balancer(transaction, ref)
            found = transaction.usage_hours.of_balancers(self._since(hours), balancer.id)
        return balancer, found

    def _since(self, hours: int) -> datetime:
        return hour_of(self._clock.now()) - HOUR * (hours - 1)
