"""The tags of what has no record of its own: a root volume, a network interface, the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ResourceTags:
    """The tags of a resource that follows from another (see ``derived_ids``)."""

    resource_id: str
    tags: Mapping[str, str] = field(default_factory=dict)
