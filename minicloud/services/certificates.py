"""Certificates: issued by the cloud's own authority, or given by their owner."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from minicloud.domain.certificate import (
    VALIDITY_DEFAULT_DAYS,
    Certificate,
    KeyPair,
    validate_domains,
)
from minicloud.domain.errors import Conflict
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown, validate_name, validate_tags
from minicloud.operations.definition import World
from minicloud.ports.certificate_authority import CertificateAuthority
from minicloud.ports.store import Transaction
from minicloud.services.configuring import require_unclaimed
from minicloud.services.resolve import find_certificate

# What the strictest of clients still take of an authority that its owner has chosen to trust.
_VALIDITY_MAX_DAYS = 825


class CertificateService:
    """Everything that can be asked of certificates."""

    def __init__(self, world: World, authority: CertificateAuthority) -> None:
        self._world = world
        self._authority = authority

    def create(
        self,
        name: str,
        domains: Sequence[str],
        validity_days: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Certificate:
        """Issue a certificate for these domains, signed by the cloud's own authority."""
        days = VALIDITY_DEFAULT_DAYS if validity_days is None else validity_days
        require_range("the validity", days, 1, _VALIDITY_MAX_DAYS, "days")
        self._require_free_name(name)
        names = validate_domains(tuple(domains))
        checked = validate_tags(tags or {})
        pair = self._authority.issue(self._own(), names, self._world.clock.real.now(), days)
        return self._keep(name, pair, checked, issued_here=True)

    def import_(
        self, name: str, chain_pem: str, key_pem: str, tags: Mapping[str, str] | None = None
    ) -> Certificate:
        """Keep a certificate that was made elsewhere, with its key."""
        self._require_free_name(name)
        checked = validate_tags(tags or {})
        return self._keep(name, KeyPair(chain_pem, key_pem), checked, issued_here=False)

    def list_all(self) -> Sequence[Certificate]:
        """Every certificate, oldest first."""
        with self._world.store.read() as transaction:
            return transaction.certificates.all()

    def show(self, ref: str) -> Certificate:
        """The certificate of this id or name."""
        with self._world.store.read() as transaction:
            return find_certificate(transaction, ref)

    def delete(self, ref: str) -> None:
        """Delete a certificate; ``ResourceInUse`` while a listener shows it."""
        with self._world.store.write() as transaction:
            certificate = find_certificate(transaction, ref)
            users = [
                listener.id
                for listener in transaction.listeners.all()
                if listener.certificate_id == certificate.id
            ]
            if users:
                raise Conflict(
                    "ResourceInUse",
                    f"certificate {certificate.name} is used by {', '.join(users[:5])}",
                    "first give the listener another: minicloud listener modify BALANCER:PORT"
                    " --certificate OTHER",
                )
            require_unclaimed(transaction, certificate.id)
            transaction.certificates.remove(certificate.id)

    def authority(self) -> str:
        """The cloud's own authority, as PEM text that a person may choose to trust."""
        return self._own().chain_pem

    def _own(self) -> KeyPair:
        """The cloud's own authority, made when it is first needed."""
        with self._world.store.read() as transaction:
            kept = transaction.certificate_authority()
        if kept is not None:
            return kept
        made = self._authority.create(self._world.cloud_name, self._world.clock.real.now())
        with self._world.store.write() as transaction:
            # Two may have needed it first; one of the two is kept.
            kept = transaction.certificate_authority()
            if kept is None:
                transaction.save_certificate_authority(made)
        return kept or made

    def _keep(
        self, name: str, pair: KeyPair, tags: Mapping[str, str], *, issued_here: bool
    ) -> Certificate:
        facts = self._authority.read(pair)
        certificate = Certificate(
            id=make_id(IdKind.CERTIFICATE, secrets.token_hex(9)),
            name=name,
            domains=facts.domains,
            chain_pem=pair.chain_pem,
            key_pem=pair.key_pem,
            not_before=facts.not_before,
            not_after=facts.not_after,
            issued_here=issued_here,
            created_at=self._world.clock.now(),
            tags=dict(tags),
        )
        with self._world.store.write() as transaction:
            _require_free(transaction, name)
            transaction.certificates.add(certificate)
        return certificate

    def _require_free_name(self, name: str) -> None:
        validate_name(name)
        with self._world.store.read() as transaction:
            _require_free(transaction, name)


def _require_free(transaction: Transaction, name: str) -> None:
    if any(certificate.name == name for certificate in transaction.certificates.all()):
        raise Conflict(
            "DuplicateCertificateName",
            f"there is a certificate {shown(name)} already",
            "choose another name, or delete that certificate",
        )
