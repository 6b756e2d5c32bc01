"""The look into certificates that are given: what will do, and why another will not."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from minicloud.adapters.certificates import LocalAuthority
from minicloud.domain.certificate import KeyPair
from minicloud.domain.errors import InvalidRequest
from tests.unit.hand_made_certificates import (
    DOMAINS,
    NOW,
    FixedClock,
    Made,
    key_of,
    key_pem,
    needs_openssl,
    openssl,
    write,
)


@pytest.fixture(scope="module")
def local() -> LocalAuthority:
    return LocalAuthority(FixedClock())


class TestRead:
    @pytest.mark.parametrize("kind", ["p256", "p384", "rsa2048"])
    def test_keys_that_servers_use(self, local: LocalAuthority, kind: str) -> None:
        assert local.read(Made(key=key_of(kind)).pair()).domains == ("shop.example",)

    @needs_openssl
    def test_the_old_forms_of_keys(self, local: LocalAuthority, tmp_path: Path) -> None:
        for kind in ("p256", "rsa2048"):
            made = Made(key=key_of(kind))
            old = key_pem(made.key, form=PrivateFormat.TraditionalOpenSSL)
            assert local.read(KeyPair(made.pem(), old))
        path = str(tmp_path / "key.pem")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", path)
        with_parameters = Path(path).read_text()
        assert "EC PARAMETERS" in with_parameters
        chain = str(tmp_path / "chain.pem")
        openssl("req", "-x509", "-new", "-key", path, "-subj", "/CN=a.example", "-out", chain)
        later = LocalAuthority(FixedClock(datetime.now(UTC) + timedelta(seconds=5)))
        pair = KeyPair(Path(chain).read_text(), with_parameters)
        assert later.read(pair).domains == ("a.example",)

    def test_names_and_times(self, local: LocalAuthority) -> None:
        made = Made(
            name="left.out",
            names=(x509.DNSName("A.example"), x509.DNSName("*.b_c.example")),
            start=NOW,
            end=NOW + timedelta(hours=1),
        )
        facts = local.read(made.pair())
        assert facts.domains == ("a.example", "*.b_c.example")
        assert (facts.not_before, facts.not_after) == (NOW, NOW + timedelta(hours=1))

    def test_a_chain_with_words_around_its_certificates(self, local: LocalAuthority) -> None:
        root = Made("root", key_of("rsa2048"))
        middle = Made("middle", key_of("p384"), root)
        leaf = Made(issuer=middle)
        chain = f"Zoë's chain\n{leaf.pem()}\n\r\n{middle.pem()}subject=root\n{root.pem()}"
        assert local.read(KeyPair(chain, key_pem(leaf.key))).domains == ("shop.example",)


def _spoilt() -> dict[str, tuple[KeyPair, str]]:
    good, other = Made(), Made("other.example", key_of("p384"))
    root, stranger = Made("root", key_of("rsa2048")), Made("root", key_of("p384"))
    leaf, weak = Made(issuer=root), Made("weak", key_of("rsa1024"))
    below_weak = Made(issuer=weak)
    pair, day = good.pair(), timedelta(days=1)
    secret = key_pem(good.key, BestAvailableEncryption(b"secret"))
    old_secret = key_pem(good.key, BestAvailableEncryption(b"s"), PrivateFormat.TraditionalOpenSSL)
    return {
        "nothing": (KeyPair("", ""), "PEM"),
        "words": (KeyPair("a certificate", pair.key_pem), "PEM"),
        "torn": (KeyPair(pair.chain_pem[:200], pair.key_pem), "PEM"),
        "not base64": (KeyPair(pair.chain_pem.replace("M", "!"), pair.key_pem), "PEM"),
        "not ASN.1": (replace(pair, chain_pem=_block("CERTIFICATE", "AAAA")), "PEM"),
        "no text": (replace(pair, chain_pem="\ud800"), "not text"),
        "too long": (replace(pair, chain_pem=pair.chain_pem + " " * 60_000), "longer"),
        "too many": (replace(pair, chain_pem=pair.chain_pem * 11), "more than 10"),
        "a key in the chain": (replace(pair, chain_pem=pair.chain_pem + pair.key_pem), "something"),
        "another's key": (replace(pair, key_pem=key_pem(other.key)), "does not belong"),
        "no key": (replace(pair, key_pem=pair.chain_pem), "one private key"),
        "two keys": (replace(pair, key_pem=pair.key_pem * 2), "one private key"),
        "a torn key": (replace(pair, key_pem=_block("PRIVATE KEY", "AAAA")), "cannot be read"),
        "an encrypted key": (replace(pair, key_pem=secret), "encrypted"),
        "a key encrypted of old": (replace(pair, key_pem=old_secret), "encrypted"),
        "a short key": (Made(key=key_of("rsa1024")).pair(), "weak"),
        "a curve of no use": (Made(key=key_of("p521")).pair(), "weak"),
        "DSA": (Made(key=key_of("dsa")).pair(), "weak"),
        "Ed25519": (Made(key=key_of("ed25519")).pair(), "weak"),
        "a stranger's chain": (
            KeyPair(leaf.pem() + stranger.pem(), key_pem(leaf.key)),
            "2 of the chain has not signed certificate 1",
        ),
        "the wrong order": (
            KeyPair(root.pem() + leaf.pem(), key_pem(root.key)),
            "has not signed",
        ),
        "a weak authority": (
            KeyPair(below_weak.pem() + weak.pem(), key_pem(below_weak.key)),
            "weak",
        ),
        "expired": (Made(start=NOW - 2 * day, end=NOW).pair(), "expired"),
        "an expired authority": (
            KeyPair(
                leaf.pem() + replace(root, start=NOW - 2 * day, end=NOW - day).pem(),
                key_pem(leaf.key),
            ),
            "certificate 2 of the chain expired",
        ),
        "too early": (Made(start=NOW + day / 2).pair(), "not valid before"),
        "a hostile name": (Made("x; return 200 owned\n").pair(), "cannot be a domain"),
        "a hostile alternative": (Made(names=(x509.DNSName("\x1b[2J"),)).pair(), "cannot be"),
        "no name": (Made(names=(x509.RFC822Name("a@b.example"),)).pair(), "no domain"),
    }


def _block(kind: str, text: str) -> str:
    return f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n"


@pytest.fixture(scope="module")
def spoilt() -> dict[str, tuple[KeyPair, str]]:
    return _spoilt()


def test_what_will_not_do_is_refused_with_the_reason(
    local: LocalAuthority, spoilt: dict[str, tuple[KeyPair, str]]
) -> None:
    for what, (pair, reason) in spoilt.items():
        with pytest.raises(InvalidRequest) as refused:
            local.read(pair)
        assert refused.value.code == "ValidationError", what
        assert reason in refused.value.message, what
        assert refused.value.message.isprintable(), what


def test_no_bytes_do_any_harm(local: LocalAuthority) -> None:
    issued = local.issue(local.create("classroom", NOW), DOMAINS, NOW, 397)
    chance = random.Random(7)
    leaf, signer = (
        known.public_bytes(Encoding.DER)
        for known in x509.load_pem_x509_certificates(issued.chain_pem.encode())
    )
    key = base64.b64decode("".join(issued.key_pem.splitlines()[1:-1]))
    reasons = []
    for _ in range(3000):
        parts = [bytearray(leaf), bytearray(signer), bytearray(key)]
        spoilt = chance.choice(parts)
        for _ in range(chance.randint(1, 3)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        kinds = ("CERTIFICATE", "CERTIFICATE", "PRIVATE KEY")
        first_pem, next_pem, key_text = (
            _block(kind, base64.encodebytes(part).decode())
            for kind, part in zip(kinds, parts, strict=True)
        )
        reasons.append(_reason(local, KeyPair(first_pem + next_pem, key_text)))
    # What is spoilt where nobody looks is read as it was.
    told = [reason for reason in reasons if reason is not None]
    assert len(told) > 2000
    assert all(reason.isprintable() for reason in told)


def _reason(local: LocalAuthority, pair: KeyPair) -> str | None:
    try:
        local.read(pair)
    except InvalidRequest as error:
        return error.message
    return None


@needs_openssl
def test_a_broken_hash_is_refused(local: LocalAuthority, tmp_path: Path) -> None:
    root = Made("root", key_of("rsa2048"))
    folder = str(tmp_path)
    write(tmp_path, "root.pem", root.pem())
    write(tmp_path, "root.key", key_pem(root.key))
    openssl(
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=a.example",
        "-keyout",
        f"{folder}/leaf.key",
        "-out",
        f"{folder}/leaf.csr",
    )
    openssl(
        "x509",
        "-req",
        "-sha1",
        "-in",
        f"{folder}/leaf.csr",
        "-CA",
        f"{folder}/root.pem",
        "-CAkey",
        f"{folder}/root.key",
        "-out",
        f"{folder}/leaf.pem",
    )
    pair = KeyPair((tmp_path / "leaf.pem").read_text(), (tmp_path / "leaf.key").read_text())
    later = LocalAuthority(FixedClock(datetime.now(UTC) + timedelta(seconds=5)))
    with pytest.raises(InvalidRequest) as refused:
        later.read(pair)
    assert "sha1" in refused.value.message
