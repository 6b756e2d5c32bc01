"""The ledger: what happened, and what ran for how long."""

from __future__ import annotations

from collections.abc import Sequence

from minicloud.domain.ledger import LedgerEntry, Usage, usage
from minicloud.ports.store import Store


class LedgerService:
    """Everything that can be asked of the ledger."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def entries(self) -> Sequence[LedgerEntry]:
        """Every entry, in the order they were made."""
        with self._store.read() as transaction:
            return transaction.ledger.entries()

    def usage(self) -> list[Usage]:
        """The stretches of time in which something was used, in order of their beginning."""
        return usage(self.entries())
