"""The cloud's own authority: what it signs, and that others agree."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from minicloud.adapters.certificates import LocalAuthority
from minicloud.domain.certificate import KeyPair
from minicloud.domain.errors import InvalidRequest
from tests.unit.hand_made_certificates import (
    DOMAINS,
    NOW,
    FixedClock,
    first,
    needs_openssl,
    openssl,
    write,
)


@pytest.fixture(scope="module")
def local() -> LocalAuthority:
    return LocalAuthority(FixedClock())


@pytest.fixture(scope="module")
def authority(local: LocalAuthority) -> KeyPair:
    return local.create("classroom", NOW)


@pytest.fixture(scope="module")
def issued(local: LocalAuthority, authority: KeyPair) -> KeyPair:
    return local.issue(authority, DOMAINS, NOW, 397)


class TestAuthority:
    def test_it_is_an_authority_for_servers_alone(self, authority: KeyPair) -> None:
        made = first(authority)
        assert made.subject.rfc4514_string() == "CN=minicloud classroom local authority"
        basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
        usage = made.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert not usage.value.digital_signature
        assert made.not_valid_before_utc == NOW
        assert timedelta(days=3650) <= made.not_valid_after_utc - NOW <= timedelta(days=3653)

    def test_each_cloud_has_its_own_key(self, local: LocalAuthority, authority: KeyPair) -> None:
        other = local.create("classroom", NOW)
        assert other.key_pem != authority.key_pem
        assert first(other).serial_number != first(authority).serial_number
        assert authority.key_pem not in repr(authority)

    def test_a_long_name_still_makes_one(self, local: LocalAuthority) -> None:
        assert first(local.create("c" * 63, NOW))


class TestIssue:
    def test_what_it_says(self, authority: KeyPair, issued: KeyPair) -> None:
        leaf, signer = x509.load_pem_x509_certificates(issued.chain_pem.encode())
        assert signer == first(authority)
        assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=397)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == list(DOMAINS[:2])
        assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == [DOMAINS[2]]
        own = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        its = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        assert own.key_identifier == its.digest
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    def test_serials_are_never_the_same(self, local: LocalAuthority, authority: KeyPair) -> None:
        made = [first(local.issue(authority, ("a",), NOW, 1)).serial_number for _ in range(20)]
        assert len(set(made)) == 20

    def test_it_does_not_outlive_the_authority(
        self, local: LocalAuthority, authority: KeyPair
    ) -> None:
        made = local.issue(authority, ("a",), NOW, 36_500)
        assert first(made).not_valid_after_utc == first(authority).not_valid_after_utc
        with pytest.raises(InvalidRequest) as refused:
            local.issue(authority, ("a",), NOW + timedelta(days=3653), 1)
        assert "ended" in refused.value.message

    def test_a_name_of_any_length_fits(self, local: LocalAuthority, authority: KeyPair) -> None:
        long = ".".join(["d" * 60] * 4)
        assert local.read(local.issue(authority, (long,), NOW, 1)).domains == (long,)

    def test_it_reads_what_it_issued(self, local: LocalAuthority, issued: KeyPair) -> None:
        facts = local.read(issued)
        assert facts.domains == DOMAINS
        assert (facts.not_before, facts.not_after) == (NOW, NOW + timedelta(days=397))


class TestOthersAgree:
    @needs_openssl
    def test_openssl(self, tmp_path: Path, authority: KeyPair, issued: KeyPair) -> None:
        trusted = write(tmp_path, "authority.pem", authority.chain_pem)
        leaf = write(tmp_path, "leaf.pem", issued.chain_pem)
        strict = ("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", trusted)
        for names in (
            ("-verify_hostname", "shop.example"),
            ("-verify_hostname", "www.shop.example"),
            ("-verify_ip", "127.31.0.20"),
        ):
            assert openssl(*strict, *names, leaf).strip() == f"{leaf}: OK"
        for names in (("-verify_hostname", "other.example"), ("-verify_ip", "127.31.0.21")):
            assert "OK" not in openssl(*strict, *names, leaf)

    @needs_openssl
    def test_a_leaf_cannot_sign_another(
        self, tmp_path: Path, local: LocalAuthority, authority: KeyPair, issued: KeyPair
    ) -> None:
        forged = local.issue(KeyPair(issued.chain_pem, issued.key_pem), ("evil.example",), NOW, 1)
        trusted = write(tmp_path, "authority.pem", authority.chain_pem)
        between = write(tmp_path, "between.pem", issued.chain_pem)
        leaf = write(tmp_path, "leaf.pem", forged.chain_pem)
        said = openssl("verify", "-CAfile", trusted, "-untrusted", between, leaf)
        assert "invalid CA certificate" in said

    @pytest.mark.parametrize("name", ["shop.example", "www.shop.example", "127.31.0.20"])
    def test_pythons_client(
        self, tmp_path: Path, authority: KeyPair, issued: KeyPair, name: str
    ) -> None:
        assert self._handshake(tmp_path, authority, issued, name) == "TLSv1.3"

    def test_pythons_client_refuses_another_name_and_another_authority(
        self, tmp_path: Path, local: LocalAuthority, authority: KeyPair, issued: KeyPair
    ) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            self._handshake(tmp_path, authority, issued, "other.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            self._handshake(tmp_path, local.create("other", NOW), issued, "shop.example")

    def _handshake(
        self, folder: Path, authority: KeyPair, issued: KeyPair, name: str
    ) -> str | None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(
            write(folder, "chain.pem", issued.chain_pem), write(folder, "key.pem", issued.key_pem)
        )
        client = ssl.create_default_context(cadata=authority.chain_pem)
        client.verify_flags |= ssl.VERIFY_X509_STRICT
        ours, theirs = socket.socketpair()

        def serve() -> None:
            try:
                with server.wrap_socket(theirs, server_side=True) as line:
                    line.recv(1)
            except (ssl.SSLError, OSError):
                theirs.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with client.wrap_socket(ours, server_hostname=name) as line:
                return line.version()
        finally:
            ours.close()
            thread.join()
