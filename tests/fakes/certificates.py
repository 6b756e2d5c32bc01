"""A certificate authority that signs nothing: a certificate is a text that says its domains."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from minicloud.domain.certificate import KeyPair
from minicloud.domain.errors import InvalidRequest
from minicloud.ports.certificate_authority import CertificateFacts


class FakeAuthority:
    """The port ``CertificateAuthority``; ``created`` counts the authorities that it made."""

    def __init__(self) -> None:
        self.created = 0

    def create(self, cloud_name: str, at: datetime) -> KeyPair:
        self.created += 1
        number = self.created
        return _pair((f"authority {number} of {cloud_name}",), at, 3652, f"authority-{number}")

    def issue(
        self, authority: KeyPair, domains: tuple[str, ...], at: datetime, validity_days: int
    ) -> KeyPair:
        return _pair(domains, at, validity_days, f"signed by {authority.key_pem}")

    def read(self, pair: KeyPair) -> CertificateFacts:
        try:
            said = json.loads(pair.chain_pem)
        except ValueError as error:
            raise InvalidRequest("ValidationError", "it is no certificate") from error
        return CertificateFacts(
            tuple(said["domains"]),
            datetime.fromisoformat(said["from"]),
            datetime.fromisoformat(said["until"]),
        )


def _pair(domains: tuple[str, ...], at: datetime, days: int, key: str) -> KeyPair:
    said = {
        "domains": domains,
        "from": at.isoformat(),
        "until": (at + timedelta(days=days)).isoformat(),
    }
    return KeyPair(json.dumps(said), key)
