"""The client: one attribute a noun."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from minicloud.client.addresses import AddressCalls
from minicloud.client.cloud import CloudCalls
from minicloud.client.images import ImageCalls
from minicloud.client.instances import InstanceCalls
from minicloud.client.operations import OperationCalls
from minicloud.client.transport import Transport

if TYPE_CHECKING:
    from minicloud.client.balancers import BalancerCalls
    from minicloud.client.bills import BillCalls
    from minicloud.client.budgets import BudgetCalls
    from minicloud.client.certificates import CertificateCalls
    from minicloud.client.clock import ClockCalls
    from minicloud.client.comparisons import ComparisonCalls
    from minicloud.client.listeners import ListenerCalls
    from minicloud.client.prices import PriceCalls
    from minicloud.client.reservations import ReservationCalls
    from minicloud.client.rules import RuleCalls
    from minicloud.client.target_groups import TargetGroupCalls
    from minicloud.client.usage import UsageCalls
    from minicloud.home import CloudHome


class Client:
    """Everything that can be asked of one cloud. May be used by several threads.

    Every call raises an error of ``minicloud.domain.errors`` where it fails. The nouns of load
    balancing and of money are imported when they are needed: most commands start without them.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.cloud = CloudCalls(transport)
        self.instances = InstanceCalls(transport)
        self.images = ImageCalls(transport)
        self.addresses = AddressCalls(transport)
        self.operations = OperationCalls(transport)

    @cached_property
    def balancers(self) -> BalancerCalls:
        """Load balancers."""
        from minicloud.client.balancers import BalancerCalls

        return BalancerCalls(self._transport)

    @cached_property
    def target_groups(self) -> TargetGroupCalls:
        """Target groups, and the targets in them."""
        from minicloud.client.target_groups import TargetGroupCalls

        return TargetGroupCalls(self._transport)

    @cached_property
    def listeners(self) -> ListenerCalls:
        """The ports of balancers."""
        from minicloud.client.listeners import ListenerCalls

        return ListenerCalls(self._transport)

    @cached_property
    def rules(self) -> RuleCalls:
        """The rules of listeners."""
        from minicloud.client.rules import RuleCalls

        return RuleCalls(self._transport)

    @cached_property
    def certificates(self) -> CertificateCalls:
        """Certificates, and the cloud's own authority."""
        from minicloud.client.certificates import CertificateCalls

        return CertificateCalls(self._transport)

    @cached_property
    def clock(self) -> ClockCalls:
        """The cloud's clock."""
        from minicloud.client.clock import ClockCalls

        return ClockCalls(self._transport)

    @cached_property
    def bills(self) -> BillCalls:
        """Bills, computed from the ledger."""
        from minicloud.client.bills import BillCalls

        return BillCalls(self._transport)

    @cached_property
    def budgets(self) -> BudgetCalls:
        """Budgets, held against the month's bill."""
        from minicloud.client.budgets import BudgetCalls

        return BudgetCalls(self._transport)

    @cached_property
    def usage(self) -> UsageCalls:
        """What was measured, hour by hour."""
        from minicloud.client.usage import UsageCalls

        return UsageCalls(self._transport)

    @cached_property
    def prices(self) -> PriceCalls:
        """What things cost."""
        from minicloud.client.prices import PriceCalls

        return PriceCalls(self._transport)

    @cached_property
    def reservations(self) -> ReservationCalls:
        """Reserved instances."""
        from minicloud.client.reservations import ReservationCalls

        return ReservationCalls(self._transport)

    @cached_property
    def comparisons(self) -> ComparisonCalls:
        """What it would have cost otherwise."""
        from minicloud.client.comparisons import ComparisonCalls

        return ComparisonCalls(self._transport)

    @classmethod
    def connect(cls, home: CloudHome, *, start: bool = True, engine: str | None = None) -> Client:
        """A client of the cloud of this home, whose server is started as soon as it is needed.

        With ``start`` false a cloud that has no server answers ``Unavailable`` (code
        ``ServerNotRunning``). ``engine`` is what the cloud is made on if it is new.
        """

        def start_server() -> None:
            from minicloud.client import launcher

            launcher.start_server(home, engine)

        return cls(Transport(home.socket, start_server if start else None))
