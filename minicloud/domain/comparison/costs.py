"""What a history costs: its bill, by service and by machine."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from minicloud.domain.billing.bill import Bill, total_of
from minicloud.domain.billing.line import Service


@dataclass(frozen=True)
class Costs:
    """A bill, and its parts. Of a fleet's: machines, reservations (what covers no machine; the rest
    is on the machines' lines) and public addresses.
    """

    bill: Bill

    @property
    def usd(self) -> Decimal:
        """All of it."""
        return self.bill.total

    def of(self, service: Service) -> Decimal:
        """A service's part."""
        return total_of(line for line in self.bill.lines if line.what.rule.service is service)

    def by_instance(self) -> dict[str, Decimal]:
        """Each machine's own lines."""
        found: dict[str, Decimal] = {}
        for line in self.bill.lines:
            if line.what.rule.service is Service.INSTANCES:
                owner = line.what.resource_id
                found[owner] = found.get(owner, Decimal(0)) + line.amount
        return found
