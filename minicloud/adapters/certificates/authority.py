"""The port's implementation: an authority of one cloud, and the certificates that it signs.

ECDSA on P-256 throughout: every client of today knows it, and a key is made in under a
millisecond. The authority signs servers' certificates and no other authority (path length 0).
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from minicloud.adapters.certificates.reading import first_certificate, private_key, read
from minicloud.domain.certificate import KeyPair
from minicloud.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from datetime import datetime

    from minicloud.ports.certificate_authority import CertificateFacts
    from minicloud.ports.clock import Clock

_AUTHORITY_LIFE: Final = timedelta(days=3652)
_COMMON_NAME_LENGTH_MAX: Final = 64


class LocalAuthority:
    """See ``minicloud.ports.certificate_authority.CertificateAuthority``.

    ``clock`` says what has expired.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def create(self, cloud_name: str, at: datetime) -> KeyPair:
        """A new authority that lives for ten years; see the port."""
        key = ec.generate_private_key(ec.SECP256R1())
        common_name = f"minicloud {cloud_name} local authority"[:_COMMON_NAME_LENGTH_MAX]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        certificate = (
            _builder(name, name, key.public_key(), at, at + _AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return KeyPair(_as_pem(certificate), _key_as_pem(key))

    def issue(
        self, authority: KeyPair, domains: tuple[str, ...], at: datetime, validity_days: int
    ) -> KeyPair:
        """A certificate for these names or addresses, which does not outlive the authority's own.

        ``InvalidRequest`` code ``ValidationError`` where the authority's has ended.
        """
        issuer = first_certificate(authority.chain_pem)
        issuer_key = private_key(authority.key_pem)
        if at >= issuer.not_valid_after_utc:
            raise InvalidRequest(
                "ValidationError",
                f"this cloud's certificate authority ended on {issuer.not_valid_after_utc:%F}",
                "import a certificate that another authority has issued",
            )
        end = min(at + timedelta(days=validity_days), issuer.not_valid_after_utc)
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general_name(domain) for domain in domains])
        issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        certificate = (
            _builder(_subject(domains[0]), issuer.subject, key.public_key(), at, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(names, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id),
                critical=False,
            )
            .sign(issuer_key, hashes.SHA256())
        )
        return KeyPair(_as_pem(certificate) + _as_pem(issuer), _key_as_pem(key))

    def read(self, pair: KeyPair) -> CertificateFacts:
        """See the port."""
        return read(pair, self._clock.now())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(domain: str) -> x509.Name:
    """For people; clients look at the alternative names alone. A long name does not fit here."""
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "minicloud")]
    if len(domain) <= _COMMON_NAME_LENGTH_MAX:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, domain))
    return x509.Name(attributes)


def _general_name(domain: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(IPv4Address(domain))
    except AddressValueError:
        return x509.DNSName(domain)


def _as_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_as_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
