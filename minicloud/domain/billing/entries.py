"""Reading the ledger for a bill: times, facts, and what is said of entries that make no sense.

A fact that is missing or unreadable ends the bill: nothing true can be computed from it. Entries
that contradict each other (a stop without a start, since the beginning of the ledger was lost) are
billed as far as they tell, and the lines made from them are marked as estimates.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.ledger import LedgerEntry
from minicloud.domain.tags import shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_KEPT_MAX = 100


def second_of(at: datetime) -> int:
    """The whole second that a time is in, counted from 1970 UTC; its fraction is cut off."""
    return (at - _EPOCH) // _SECOND


def fact(entry: LedgerEntry, key: str) -> str:
    """A fact of an entry; ``MiniCloudError`` code ``LedgerDamaged`` where it is missing."""
    value = entry.facts.get(key)
    if not value:
        raise damaged(entry, f"does not say its {key}")
    return value


def damaged(entry: LedgerEntry, what: str) -> MiniCloudError:
    """The error of an entry that no bill can be made from."""
    return MiniCloudError(
        "LedgerDamaged",
        f"entry {entry.sequence} of the ledger ({entry.kind} of {shown(entry.resource_id)}) {what}",
        "look at it: minicloud ledger list; a bill of a period that ends before it can still be"
        " shown: --to",
    )


@dataclass(frozen=True)
class Problem:
    """An entry that contradicts those before it, and what was taken for true."""

    sequence: int
    resource_id: str
    message: str


class Problems:
    """What was met: the last hundred, and how many there were."""

    def __init__(self) -> None:
        self.kept: deque[Problem] = deque(maxlen=_KEPT_MAX)
        self.count = 0

    def add(self, entry: LedgerEntry, message: str) -> None:
        """Take note of an entry."""
        self.count += 1
        self.kept.append(Problem(entry.sequence, entry.resource_id, message))
