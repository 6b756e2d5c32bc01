"""What a person may set for a whole cloud."""

from __future__ import annotations

from dataclasses import dataclass

from minicloud.domain.address import ADDRESS_LIMIT_DEFAULT
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.region import REGION_DEFAULT, region_named


@dataclass(frozen=True)
class Settings:
    """A cloud's settings.

    ``cpu_overcommit``: how many vCPUs may be given for each of the host's; processor time is shared
    when machines want it at once, and burstable types are sold that way. ``memory_overcommit``:
    the same for memory, 1 by default since memory cannot be shared. ``region``: the AWS region that
    the cloud plays.
    """

    cpu_overcommit: float = 4.0
    memory_overcommit: float = 1.0
    address_limit: int = ADDRESS_LIMIT_DEFAULT
    region: str = REGION_DEFAULT

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for field_name in ("cpu_overcommit", "memory_overcommit"):
            value = getattr(self, field_name)
            if not 0.1 <= value <= 100:
                raise InvalidRequest(
                    "InvalidParameterValue",
                    f"{field_name} is {value}; it must be between 0.1 and 100",
                    "1 means what the host has; 2 twice as much",
                )
        if not 0 <= self.address_limit <= 1000:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"address_limit is {self.address_limit}; it must be between 0 and 1000",
                "AWS's default is 5",
            )
        region_named(self.region)
