"""Leasing public addresses, leaving out those whose stable host ports are somebody else's."""

from __future__ import annotations

from minicloud.ports.edge import EdgeMode
from minicloud.ports.host_ports import HostPorts
from minicloud.ports.store import Pool, Store, Transaction
from minicloud.services.infrastructure import Infrastructure


class PublicSlots:
    """The cloud's public addresses, free and taken."""

    def __init__(self, store: Store, infrastructure: Infrastructure, host_ports: HostPorts) -> None:
        self._store = store
        self._infrastructure = infrastructure
        self._host_ports = host_ports

    def shut_out(self) -> frozenset[int]:
        """The slots not to be leased now. Looks at the machine, so not for a transaction.

        Where the engine publishes the ports, its own processes listen on them: then none.
        """
        if self._ports_are_published():
            return frozenset()
        in_use = self._host_ports.in_use()
        place = self._infrastructure.place()
        count = place.public_slot_count(ports_are_published=False)
        return frozenset(
            slot for slot in range(count) if not in_use.isdisjoint(place.host_ports(slot))
        )

    def take(self, transaction: Transaction, holder: str, shut_out: frozenset[int]) -> int:
        """Lease the next free slot."""
        count = self._infrastructure.place().public_slot_count(
            ports_are_published=transaction.cloud().edge_mode == EdgeMode.PUBLISHED
        )
        return transaction.leases.take(Pool.PUBLIC, holder, count, shut_out)

    def _ports_are_published(self) -> bool:
        with self._store.read() as transaction:
            return transaction.cloud().edge_mode == EdgeMode.PUBLISHED
