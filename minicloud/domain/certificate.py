"""A certificate for HTTPS listeners: given by its owner, or issued by the cloud's own authority.

The private key is kept with the cloud's records (a file that its owner alone can read) and on the
balancer's disk, never in an image, a label or an environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown

DOMAINS_MAX = 10
VALIDITY_DEFAULT_DAYS = 397
_DOMAIN = re.compile(
    r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_DOMAIN_LENGTH_MAX = 253


@dataclass(frozen=True)
class Certificate:
    """A certificate's record. ``chain_pem`` has the certificate first, then what signed it.

    It is valid in real time, which clients check, also in a cloud whose clock is simulated.
    """

    id: str
    name: str
    domains: tuple[str, ...]
    chain_pem: str
    key_pem: str = field(repr=False)
    not_before: datetime
    not_after: datetime
    issued_here: bool
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyPair:
    """A chain of certificates and the first one's private key, as PEM text."""

    chain_pem: str
    key_pem: str = field(repr=False)


def validate_domains(domains: tuple[str, ...]) -> tuple[str, ...]:
    """Return the domains, lowercase; ``ValidationError`` where one could not be a host's name."""
    require_range("the number of domains", len(domains), 1, DOMAINS_MAX)
    lowered = tuple(domain.lower() for domain in domains)
    for domain in lowered:
        if len(domain) > _DOMAIN_LENGTH_MAX or not _DOMAIN.fullmatch(domain):
            raise InvalidRequest(
                "ValidationError",
                f"{shown(domain)} cannot be the domain of a certificate",
                "write a name like shop.example or *.shop.example, or an IPv4 address",
            )
    return lowered
