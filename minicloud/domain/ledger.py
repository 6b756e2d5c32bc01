"""The ledger: what was in which state from when to when, from which a bill is computed.

Entries are only ever added. Their times are when the thing happened (the engine's time for a
machine that stopped of itself), so an entry may be written after a later one of another resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from minicloud.domain.instance import InstanceState


class LedgerKind(StrEnum):
    """What happened. The facts that come with each are named behind it."""

    INSTANCE_STATE = "instance.state"  # state, type
    INSTANCE_TYPE = "instance.type"  # type, from_type
    ADDRESS_ALLOCATED = "address.allocated"  # public_ip
    ADDRESS_ASSOCIATED = "address.associated"  # public_ip, instance_id
    ADDRESS_DISASSOCIATED = "address.disassociated"  # public_ip, instance_id
    ADDRESS_RELEASED = "address.released"  # public_ip
    IMAGE_CREATED = "image.created"  # name, size_bytes
    IMAGE_DELETED = "image.deleted"  # name, size_bytes
    BALANCER_CREATED = "balancer.created"  # name, type
    BALANCER_DELETED = "balancer.deleted"  # name, type
    BALANCER_USAGE = "balancer.usage"  # name, type, new_connections, active_connections, …
    RESERVATION_PURCHASED = "reservation.purchased"  # type, region, count, years, payment, class, …
    RESERVATION_EXCHANGED = "reservation.exchanged"  # the same, given_id, true_up_usd, …


@dataclass(frozen=True)
class LedgerEntry:
    """One fact. ``sequence`` is 0 until the store has given it a place.

    ``simulated``: its time is that of a clock that can be moved; the store says so, too.
    """

    at: datetime
    kind: LedgerKind
    resource_id: str
    facts: Mapping[str, str] = field(default_factory=dict)
    operation_id: str | None = None
    sequence: int = 0
    simulated: bool = False


@dataclass(frozen=True)
class Usage:
    """A stretch of time in which a resource was used. ``ended_at`` None: it still is."""

    resource_id: str
    what: str
    detail: str
    started_at: datetime
    ended_at: datetime | None

    def duration_s(self, now: datetime) -> float:
        """How long the stretch has lasted, in seconds."""
        return ((self.ended_at or now) - self.started_at).total_seconds()


# Which entry opens a stretch of which kind, and which closes it.
_OPENS = {
    LedgerKind.ADDRESS_ALLOCATED: "address allocated",
    LedgerKind.ADDRESS_ASSOCIATED: "address associated",
    LedgerKind.IMAGE_CREATED: "image kept",
    LedgerKind.BALANCER_CREATED: "balancer",
}
_CLOSES = {
    LedgerKind.ADDRESS_RELEASED: "address allocated",
    LedgerKind.ADDRESS_DISASSOCIATED: "address associated",
    LedgerKind.IMAGE_DELETED: "image kept",
    LedgerKind.BALANCER_DELETED: "balancer",
}


def usage(entries: Iterable[LedgerEntry]) -> list[Usage]:
    """The stretches that the entries tell of, in order of their beginning."""
    open_stretches: dict[tuple[str, str], Usage] = {}
    closed: list[Usage] = []

    def close(resource_id: str, what: str, at: datetime) -> None:
        stretch = open_stretches.pop((resource_id, what), None)
        if stretch is not None:
            closed.append(_ended(stretch, at))

    def begin(entry: LedgerEntry, what: str, detail: str) -> None:
        close(entry.resource_id, what, entry.at)
        open_stretches[entry.resource_id, what] = Usage(
            entry.resource_id, what, detail, entry.at, None
        )

    for entry in sorted(entries, key=lambda e: (e.at, e.sequence)):
        if entry.kind is LedgerKind.INSTANCE_STATE:
            if entry.facts["state"] == InstanceState.RUNNING:
                begin(entry, "instance running", entry.facts["type"])
            else:
                close(entry.resource_id, "instance running", entry.at)
        elif entry.kind in _OPENS:
            begin(entry, _OPENS[entry.kind], _detail(entry))
        elif entry.kind in _CLOSES:
            close(entry.resource_id, _CLOSES[entry.kind], entry.at)
    return sorted([*closed, *open_stretches.values()], key=lambda u: (u.started_at, u.resource_id))


def _ended(stretch: Usage, at: datetime) -> Usage:
    return Usage(stretch.resource_id, stretch.what, stretch.detail, stretch.started_at, at)


def _detail(entry: LedgerEntry) -> str:
    return entry.facts.get("instance_id") or entry.facts.get("name") or entry.facts["public_ip"]
