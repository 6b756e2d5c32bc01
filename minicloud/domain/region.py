"""Which AWS region a cloud plays, and what follows from it: its zone, its names.

Names and zone ids: the page "AWS Regions and Availability Zones". A cloud has one region and the
region one zone, since all machines of a cloud share one host.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

REGION_DEFAULT = "us-east-1"
_FIRST_REGION = "us-east-1"


@dataclass(frozen=True)
class Region:
    """A region. ``title`` is how AWS's pages call it; ``zone_id`` is its first zone's."""

    name: str
    title: str
    zone_id: str

    @property
    def zone(self) -> str:
        """The name of its only zone, as ``us-east-1a``."""
        return f"{self.name}a"

    @property
    def private_domain(self) -> str:
        """The domain of its machines' private names; the oldest region's is an exception."""
        return "ec2.internal" if self.name == _FIRST_REGION else f"{self.name}.compute.internal"

    def private_name(self, private_ip: str) -> str:
        """The private DNS name of a machine with this address: ``ip-172-31-0-10.ec2.internal``."""
        return f"ip-{private_ip.replace('.', '-')}.{self.private_domain}"


# Those that a price book ships of; a test holds the two together.
_REGIONS = {
    region.name: region
    for region in (
        Region("ap-northeast-2", "Asia Pacific (Seoul)", "apne2-az1"),
        Region("us-east-1", "US East (N. Virginia)", "use1-az1"),
    )
}


def regions() -> tuple[Region, ...]:
    """Every region that a cloud can play, in the order of their names."""
    return tuple(_REGIONS.values())


def region_named(name: str) -> Region:
    """The region of this name; ``InvalidParameterValue`` where a cloud cannot play it."""
    if name not in _REGIONS:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(name)} is not a region that a cloud can play",
            f"there are: {', '.join(_REGIONS)}",
        )
    return _REGIONS[name]
