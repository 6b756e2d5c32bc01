"""The store: a cloud's records, and the journal of its operations.

Every write happens in a transaction that holds the store's only write lock from its beginning, so
what was read in it is still true when it is written back. A transaction that ends without an
exception is on disk. Nothing in a transaction may call the engine or the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from minicloud.domain.address import Address
from minicloud.domain.aws_endpoint import AwsEndpoint
from minicloud.domain.balancer import Balancer
from minicloud.domain.billing.budget import Budget
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.certificate import Certificate, KeyPair
from minicloud.domain.clock import ClockSetting
from minicloud.domain.engine_kind import EngineKind
from minicloud.domain.image import Image
from minicloud.domain.instance import Instance
from minicloud.domain.ledger import LedgerEntry
from minicloud.domain.listener import Listener
from minicloud.domain.operation import Json, Operation
from minicloud.domain.resource_tags import ResourceTags
from minicloud.domain.rule import Rule
from minicloud.domain.settings import Settings
from minicloud.domain.target import Target
from minicloud.domain.target_group import TargetGroup
from minicloud.domain.user_data import UserData
from minicloud.ports.usage_hours import UsageHours

T = TypeVar("T")


@dataclass(frozen=True)
class CloudRecord:
    """The cloud itself. ``place`` is None until the engine has given it its subnet."""

    id: str
    name: str
    place: int | None = None
    edge_mode: str | None = None
    engine: EngineKind = EngineKind.DOCKER


class Pool(StrEnum):
    """What slots are leased from."""

    PRIVATE = "private"
    PUBLIC = "public"


class Repository(Protocol[T]):
    """The records of one kind."""

    def get(self, key: str) -> T | None:
        """The record with this identifier, or None."""

    def all(self) -> Sequence[T]:
        """Every record, oldest first."""

    def add(self, record: T) -> None:
        """Insert a record."""

    def save(self, record: T) -> None:
        """Overwrite a record that exists."""


class RecordRepository(Repository[T], Protocol[T]):
    """Records that may go again, and be put back as they were."""

    def remove(self, key: str) -> None:
        """Forget the record with this identifier, if it is there."""

    def snapshot(self, key: str) -> Json | None:
        """The record as JSON, for a journal; None where there is none."""

    def restore(self, key: str, snapshot: Json | None) -> None:
        """Make the record again what a snapshot says that it was; None: let there be none."""


class TargetRepository(RecordRepository[Target], Protocol):
    """The targets of every group."""

    def of_instance(self, instance_id: str) -> Sequence[Target]:
        """Where a machine is registered, or draining, oldest first."""

    def of_group(self, group_id: str) -> Sequence[Target]:
        """The targets of a group, oldest first."""


class OperationRepository(Repository[Operation], Protocol):
    """The journal."""

    def unfinished(self) -> Sequence[Operation]:
        """Operations that have not ended, oldest first."""

    def recent(self, limit: int) -> Sequence[Operation]:
        """The newest operations, newest first."""


class Leases(Protocol):
    """Who holds which slot of a pool."""

    def take(self, pool: Pool, holder: str, slot_count: int, shut_out: frozenset[int]) -> int:
        """Give the holder the next free slot that is not shut out.

        ``CapacityExceeded`` where none is left.
        """

    def free(self, pool: Pool, slot: int) -> None:
        """Take the slot back, if it is held."""


class Claims(Protocol):
    """Which operation has its hands on which resource."""

    def take(self, resource_ids: Sequence[str], operation_id: str) -> None:
        """Claim them all, or raise ``Conflict`` code ``OperationInProgress``."""

    def release(self, operation_id: str) -> None:
        """Let go of all that this operation holds."""

    def held(self) -> frozenset[str]:
        """Every claimed resource."""


class Ledger(Protocol):
    """The append-only ledger."""

    def append(self, entry: LedgerEntry) -> None:
        """Add an entry for ever, marked as simulated where the cloud's clock is."""

    def entries(self) -> Sequence[LedgerEntry]:
        """Every entry, in the order they were added."""

    def latest_at(self) -> datetime | None:
        """When the last of all that is recorded happened; None where nothing is."""

    def in_time_order(self) -> Iterator[LedgerEntry]:
        """Every entry, in the order in which things happened, a few at a time.

        To be read within the transaction.
        """


class Transaction(Protocol):
    """A view of the store, all of one moment."""

    @property
    def instances(self) -> Repository[Instance]:
        """The machines, gone ones too."""

    @property
    def images(self) -> Repository[Image]:
        """The images, deregistered ones too."""

    @property
    def addresses(self) -> RecordRepository[Address]:
        """The Elastic IPs that are allocated."""

    @property
    def balancers(self) -> RecordRepository[Balancer]:
        """The load balancers; what is deleted is gone."""

    @property
    def target_groups(self) -> RecordRepository[TargetGroup]:
        """The target groups."""

    @property
    def targets(self) -> TargetRepository:
        """Which machines are registered in which groups."""

    @property
    def listeners(self) -> RecordRepository[Listener]:
        """The balancers' listeners."""

    @property
    def rules(self) -> RecordRepository[Rule]:
        """The listeners' rules."""

    @property
    def certificates(self) -> RecordRepository[Certificate]:
        """The certificates that listeners may show."""

    @property
    def reservations(self) -> Repository[Reservation]:
        """The reservations that were bought, expired ones too."""

    @property
    def resource_tags(self) -> RecordRepository[ResourceTags]:
        """The tags of what has no record of its own."""

    @property
    def budgets(self) -> RecordRepository[Budget]:
        """The budgets."""

    @property
    def user_data(self) -> RecordRepository[UserData]:
        """What launches gave to machines, by instance; apart, since few answers need it."""

    @property
    def operations(self) -> OperationRepository:
        """The journal."""

    @property
    def leases(self) -> Leases:
        """Who holds which slot."""

    @property
    def claims(self) -> Claims:
        """Which operation works on which resource."""

    @property
    def ledger(self) -> Ledger:
        """What happened when."""

    @property
    def usage_hours(self) -> UsageHours:
        """What was measured of machines and balancers, hour by hour."""

    def cloud(self) -> CloudRecord:
        """The cloud's own record."""

    def save_cloud(self, record: CloudRecord) -> None:
        """Overwrite the cloud's record."""

    def settings(self) -> Settings:
        """The cloud's settings."""

    def save_settings(self, settings: Settings) -> None:
        """Overwrite the cloud's settings."""

    def certificate_authority(self) -> KeyPair | None:
        """The cloud's own certificate authority, once it has been needed."""

    def save_certificate_authority(self, authority: KeyPair) -> None:
        """Keep the cloud's certificate authority, for as long as the cloud lives."""

    def clock_settings(self) -> Sequence[ClockSetting]:
        """How the cloud's clock was set, in order; none where it is the real one."""

    def add_clock_setting(self, setting: ClockSetting) -> None:
        """Set the cloud's clock; it is a simulated one for as long as the cloud lives."""

    def empty(self) -> None:
        """Forget all but the cloud itself and what was built: its record, settings, clock, AWS
        endpoint and certificate authority, and which slots were given last.
        """

    def aws_endpoint(self) -> AwsEndpoint | None:
        """The cloud's AWS endpoint, once it has one."""

    def save_aws_endpoint(self, endpoint: AwsEndpoint) -> None:
        """Keep the cloud's AWS endpoint, in place of an earlier one."""


class Store(Protocol):
    """Where transactions come from."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads, and never waits for a writer."""

    def write(self) -> AbstractContextManager[Transaction]:
        """The one transaction that may write now."""
