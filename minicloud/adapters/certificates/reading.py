"""A look into certificates and keys that were given: what they say, and whether they will do.

What is refused here is what nginx or a client would refuse later, when it is harder to say why.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from minicloud.domain.errors import InvalidRequest
from minicloud.ports.certificate_authority import CertificateFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from minicloud.domain.certificate import KeyPair

_LENGTH_MAX: Final = 60_000
_CHAIN_LENGTH_MAX: Final = 10
_RSA_BITS_MIN: Final = 2048
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)
_BLOCK_KINDS: Final = re.compile(r"-----BEGIN ([^-]*)-----")
_DOMAIN: Final = re.compile(r"[a-z0-9*._-]{1,253}")

_PARSING_ERRORS: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises over what others wrote."""

_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def read(pair: KeyPair, now: datetime) -> CertificateFacts:
    """Look into a pair; ``InvalidRequest`` code ``ValidationError`` where it will not do."""
    chain = certificates(pair.chain_pem)
    key = private_key(pair.key_pem)
    # A certificate is parsed bit by bit, as it is looked at.
    with _translated("the chain holds a certificate that cannot be read"):
        for number, certificate in enumerate(chain, start=1):
            _require_strong(certificate, number)
        first = chain[0]
        if _encoded(key.public_key()) != _encoded(first.public_key()):
            raise _refused("the private key does not belong to the first certificate")
        _require_links(chain)
        _require_valid(chain, now)
        return CertificateFacts(
            domains=_domains(first),
            not_before=first.not_valid_before_utc,
            not_after=first.not_valid_after_utc,
        )


@contextmanager
def _translated(message: str) -> Iterator[None]:
    try:
        yield
    except _PARSING_ERRORS as error:
        raise _refused(message) from error


def certificates(pem: str) -> list[x509.Certificate]:
    """The certificates of a chain, in their order; there is one at least."""
    data = _checked_bytes(pem, "chain of certificates")
    # Who looks at the certificate would be shown what else is in here, a key for instance.
    if strange := set(_BLOCK_KINDS.findall(pem)) - {"CERTIFICATE"}:
        raise _refused(f"the chain of certificates holds something else ({_shown(strange)})")
    with _translated("the chain is not PEM text of certificates"):
        found = x509.load_pem_x509_certificates(data)
    if len(found) > _CHAIN_LENGTH_MAX:
        raise _refused(f"the chain has {len(found)} certificates, more than {_CHAIN_LENGTH_MAX}")
    return found


def first_certificate(pem: str) -> x509.Certificate:
    """The certificate that a chain is about."""
    return certificates(pem)[0]


def private_key(pem: str) -> _PrivateKey:
    """An RSA or EC key, neither encrypted nor weak."""
    data = _checked_bytes(pem, "private key")
    kinds = [kind for kind in _BLOCK_KINDS.findall(pem) if kind != "EC PARAMETERS"]
    if len(kinds) != 1 or not kinds[0].endswith("PRIVATE KEY"):
        raise _refused("the private key is not PEM text of one private key")
    with _translated("the private key cannot be read"):
        try:
            key = load_pem_private_key(data, password=None)
        except TypeError as error:
            raise _refused(
                "the private key is encrypted", "decrypt it: openssl pkey -in KEY -out NEW_KEY"
            ) from error
    if not isinstance(key, _PrivateKey) or not _is_strong(key.public_key()):
        raise _weak("the private key")
    return key


def _is_strong(key: PublicKeyTypes) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _RSA_BITS_MIN
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)


def _require_strong(certificate: x509.Certificate, number: int) -> None:
    """Refuse what OpenSSL refuses to serve, whoever has signed it."""
    what = f"certificate {number} of the chain"
    key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and not _is_strong(key):
        raise _weak(what)
    # Nobody looks at the signature of one that signs itself: it is trusted or it is not.
    is_self_signed = certificate.issuer == certificate.subject
    if isinstance(digest, hashes.MD5 | hashes.SHA1) and not is_self_signed:
        raise _refused(f"{what} is signed with {digest.name}, which is broken", "have it renewed")


def _require_links(chain: list[x509.Certificate]) -> None:
    for number, (signed, signer) in enumerate(pairwise(chain), start=1):
        try:
            signed.verify_directly_issued_by(signer)
        except (*_PARSING_ERRORS, InvalidSignature) as error:
            raise _refused(
                f"certificate {number + 1} of the chain has not signed certificate {number}",
                "give the certificate first, then its issuer's, then that one's issuer's",
            ) from error


def _require_valid(chain: list[x509.Certificate], now: datetime) -> None:
    for number, certificate in enumerate(chain, start=1):
        if now >= certificate.not_valid_after_utc:
            raise _refused(
                f"certificate {number} of the chain expired on"
                f" {certificate.not_valid_after_utc:%Y-%m-%d}",
                "renew it, then import the new one",
            )
        if now < certificate.not_valid_before_utc:
            raise _refused(
                f"certificate {number} of the chain is not valid before"
                f" {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
                "wait until then, or check this machine's clock",
            )


def _domains(certificate: x509.Certificate) -> tuple[str, ...]:
    """Its names, lowercase. They are text that a stranger wrote: what is no host's is refused."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = names.get_values_for_type(x509.DNSName)
        found += [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        attributes = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        found = [str(attribute.value) for attribute in attributes]
    domains = tuple(name.lower() for name in found)
    if not domains:
        raise _refused("the certificate names no domain")
    for domain in domains:
        if not _DOMAIN.fullmatch(domain) and not _is_ipv6(domain):
            raise _refused("the certificate names what cannot be a domain")
    return domains


def _is_ipv6(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f:]{2,39}", text) is not None


def _checked_bytes(pem: str, what: str) -> bytes:
    try:
        data = pem.encode()
    except UnicodeEncodeError as error:
        raise _refused(f"the {what} is not text") from error
    if len(data) > _LENGTH_MAX:
        raise _refused(f"the {what} is longer than {_LENGTH_MAX} bytes")
    return data


def _encoded(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _shown(kinds: set[str]) -> str:
    printable = sorted(re.sub(r"[^A-Za-z0-9 ]", "?", kind)[:40] for kind in kinds)
    return ", ".join(printable)


def _weak(what: str) -> InvalidRequest:
    return _refused(
        f"{what} is too weak, or of a kind that servers do not use",
        f"use RSA of {_RSA_BITS_MIN} bits or more, or EC on P-256 or P-384",
    )


def _refused(
    message: str, resolution: str = "give PEM text: the certificate and its chain, and its key"
) -> InvalidRequest:
    return InvalidRequest("ValidationError", message, resolution)
