"""Certificates made by hand, of every kind, and what looks at them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from minicloud.domain.certificate import KeyPair

NOW = datetime.now(UTC).replace(microsecond=0)
DOMAINS = ("shop.example", "*.shop.example", "127.31.0.20")
KEY_KINDS: dict[str, Callable[[], Any]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
    "dsa": lambda: dsa.generate_private_key(2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@dataclass
class FixedClock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@cache
def key_of(kind: str) -> Any:
    return KEY_KINDS[kind]()


def key_pem(key: Any, encryption: Any = None, form: Any = PrivateFormat.PKCS8) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
    return text.decode()


@dataclass
class Made:
    """A certificate made by hand. ``issuer`` None: it signs itself."""

    name: str = "shop.example"
    key: Any = field(default_factory=lambda: key_of("p256"))
    issuer: Made | None = None
    start: datetime = NOW - timedelta(days=1)
    end: datetime = NOW + timedelta(days=1)
    names: tuple[x509.GeneralName, ...] = ()
    digest: Any = field(default_factory=hashes.SHA256)

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def pem(self) -> str:
        signer = self.issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(signer.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.start)
            .not_valid_after(self.end)
        )
        if self.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(self.names), critical=False)
        digest = None if isinstance(signer.key, ed25519.Ed25519PrivateKey) else self.digest
        return builder.sign(signer.key, digest).public_bytes(Encoding.PEM).decode()

    def pair(self) -> KeyPair:
        return KeyPair(self.pem(), key_pem(self.key))


def first(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificates(pair.chain_pem.encode())[0]


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")


def openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)
