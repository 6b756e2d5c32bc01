"""The cloud's own certificate authority, which a person may choose to trust."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from minicloud.domain.certificate import KeyPair


@dataclass(frozen=True)
class CertificateFacts:
    """What a certificate says of itself."""

    domains: tuple[str, ...]
    not_before: datetime
    not_after: datetime


class CertificateAuthority(Protocol):
    """Makes and reads certificates."""

    def create(self, cloud_name: str, at: datetime) -> KeyPair:
        """A new authority for a cloud: its own certificate and key."""

    def issue(
        self, authority: KeyPair, domains: tuple[str, ...], at: datetime, validity_days: int
    ) -> KeyPair:
        """A certificate for these names (or IPv4 addresses), signed by the authority."""

    def read(self, pair: KeyPair) -> CertificateFacts:
        """Look into a given pair.

        ``InvalidRequest`` where it is not PEM, the key does not fit the first certificate, the key
        is encrypted or too weak, the chain's links do not sign one another, or one of them has
        expired or is not valid yet.
        """
