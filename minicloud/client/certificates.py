"""Calls about certificates, and about the cloud's own authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import Certificates, CertificateShape
    from minicloud.client.shapes import Operations


class CertificateCalls:
    """What can be asked of certificates. A ``ref`` is an id or a name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Certificates:
        """Every certificate, oldest first."""
        return cast("Certificates", self._transport.get("/certificates"))

    def show(self, ref: str) -> CertificateShape:
        """One certificate, without its key."""
        return cast("CertificateShape", self._transport.get(_path(ref)))

    def create(
        self,
        name: str,
        domains: Sequence[str],
        *,
        validity_days: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> CertificateShape:
        """Have the cloud's own authority issue a certificate for these names."""
        body = {"name": name, "domains": [*domains], "validity_days": validity_days, "tags": tags}
        return cast("CertificateShape", self._transport.post("/certificates", body))

    def import_(
        self, name: str, chain_pem: str, key_pem: str, *, tags: Mapping[str, str] | None = None
    ) -> CertificateShape:
        """Hand over a certificate of one's own, with what signed it, and its private key."""
        body = {"name": name, "chain_pem": chain_pem, "key_pem": key_pem, "tags": tags}
        return cast("CertificateShape", self._transport.post("/certificates", body))

    def delete(self, ref: str) -> Operations:
        """Delete a certificate that no listener needs."""
        return cast("Operations", self._transport.delete(_path(ref))["operations"])

    def authority(self) -> str:
        """The authority's own certificate (PEM), for clients to trust; made at first need."""
        return cast("str", self._transport.get("/certificate-authority")["chain_pem"])


def _path(ref: str) -> str:
    return f"/certificates/{segment(ref)}"
