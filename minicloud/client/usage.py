"""Calls about what was measured, hour by hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.usage_shapes import BalancerHourShape, InstanceHourShape


class UsageCalls:
    """What can be asked of what was measured. A ``ref`` is an id or a name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def of_instance(self, ref: str, hours: int = 24) -> list[InstanceHourShape]:
        """The last hours of a machine that have a reading, the oldest first."""
        found = self._transport.get(f"/instances/{segment(ref)}/usage", hours=hours)
        return cast("list[InstanceHourShape]", found)

    def of_balancer(self, ref: str, hours: int = 24) -> list[BalancerHourShape]:
        """The last hours of a balancer that have a reading, the oldest first."""
        found = self._transport.get(f"/balancers/{segment(ref)}/usage", hours=hours)
        return cast("list[BalancerHourShape]", found)
