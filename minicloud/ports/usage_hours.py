"""What was measured of machines and balancers, hour by hour; a part of the store.

A record has one row for each resource and hour. What a reading adds to hours, and the reading
itself, are written in one transaction: a server that is killed counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from minicloud.domain.metering import BalancerHour, InstanceHour, Reading


class UsageHours(Protocol):
    """The hours of a cloud; see ``domain.metering``."""

    def of_instances(
        self, since: datetime, instance_id: str | None = None
    ) -> Sequence[InstanceHour]:
        """The hours of one machine, or of all, that began then or later, the oldest first."""

    def of_balancers(
        self, since: datetime, balancer_id: str | None = None
    ) -> Sequence[BalancerHour]:
        """The hours of one balancer, or of all, that began then or later, the oldest first."""

    def not_in_ledger(self) -> Sequence[BalancerHour]:
        """The balancers' hours that the ledger does not tell of yet, the oldest first."""

    def mark_in_ledger(self, hour: BalancerHour) -> None:
        """Note that the ledger tells of it."""

    def add_to_instances(self, hours: Iterable[InstanceHour]) -> None:
        """Add what was measured to what is known of those hours."""

    def add_to_balancers(self, hours: Iterable[BalancerHour]) -> None:
        """Add what was measured to what is known of those hours."""

    def readings(self) -> Mapping[str, Reading]:
        """The last reading of each resource, by its identifier."""

    def save_reading(self, reading: Reading) -> None:
        """Keep it in place of the one before."""

    def forget_reading(self, resource_id: str) -> None:
        """Let go of what is measured no longer."""

    def forget_before(self, at: datetime) -> None:
        """Let go of hours that began before then."""
