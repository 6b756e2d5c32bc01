"""An Elastic IP address: it stays while the machine behind it is swapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from minicloud.domain.errors import CapacityExceeded, Conflict, NotFound
from minicloud.domain.tags import NAME_KEY

ADDRESS_LIMIT_DEFAULT = 5


@dataclass(frozen=True)
class Address:
    """An allocated address. ``slot`` is its place in the cloud's public block."""

    allocation_id: str
    public_ip: str
    slot: int
    allocated_at: datetime
    association_id: str | None = None
    instance_id: str | None = None
    associated_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The tag ``Name``, or nothing."""
        return self.tags.get(NAME_KEY, "")

    def associated_with(self, instance_id: str, association_id: str, at: datetime) -> Address:
        """The address leading to this instance."""
        return replace(
            self, instance_id=instance_id, association_id=association_id, associated_at=at
        )

    def disassociated(self) -> Address:
        """The address leading nowhere."""
        return replace(self, instance_id=None, association_id=None, associated_at=None)

    def require_movable_to(self, instance_id: str, *, reassociation_allowed: bool) -> None:
        """Refuse to take the address from another machine unless that was allowed."""
        held_by_other = self.instance_id is not None and self.instance_id != instance_id
        if held_by_other and not reassociation_allowed:
            raise Conflict(
                "Resource.AlreadyAssociated",
                f"{self.public_ip} is associated with {self.instance_id}",
                "disassociate it first, or allow reassociation",
            )

    def require_associated(self) -> str:
        """The instance behind the address; AWS's error where there is none."""
        if self.instance_id is None:
            raise NotFound(
                "InvalidAssociationID.NotFound",
                f"{self.public_ip} is not associated with an instance",
                "see `minicloud address list`",
            )
        return self.instance_id


def require_room_for_address(allocated_count: int, limit: int) -> None:
    """AWS's limit on Elastic IPs of an account, 5 unless set otherwise."""
    if allocated_count >= limit:
        raise CapacityExceeded(
            "AddressLimitExceeded",
            f"{allocated_count} addresses are allocated and the limit is {limit}",
            "release one, or raise the limit: minicloud up --address-limit N",
        )
