"""Certificates on the command line."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from minicloud.domain.errors import Conflict, InvalidRequest
from tests.unit import canned_balancing as balancing
from tests.unit.command_line import CommandLine

_ONE = f"/certificates/{balancing.CERTIFICATE_ID}"
_PEM = balancing.certificate()["chain_pem"]


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/certificates"): [balancing.certificate(), balancing.certificate()],
            ("GET", "/certificates/shop"): balancing.certificate(),
            ("POST", "/certificates"): balancing.certificate(),
            ("DELETE", _ONE): {"operations": []},
            ("GET", "/certificate-authority"): {"chain_pem": _PEM},
        }
    )
    return command_line


def _sent(minicloud: CommandLine) -> Any:
    return next(body for method, _, body in minicloud.server.asked if method == "POST")


def test_create_names_its_domains(minicloud: CommandLine) -> None:
    told = minicloud(
        *("certificate", "create", "shop", "--domain", "shop.example"),
        *("--domain", "*.shop.example", "--days", "30", "--tag", "a=b"),
    )
    assert "2027-12-25" in told.stdout
    assert "this cloud" in told.stdout
    assert _sent(minicloud) == {
        "name": "shop",
        "domains": ["shop.example", "*.shop.example"],
        "validity_days": 30,
        "tags": {"a": "b"},
    }


def test_import_sends_both_files(minicloud: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_text(_PEM)
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    told = minicloud(
        *("certificate", "import", "shop", "--chain", str(tmp_path / "chain.pem")),
        *("--key", str(tmp_path / "key.pem"), "-q"),
    )
    assert told.stdout == f"{balancing.CERTIFICATE_ID}\n"
    sent = _sent(minicloud)
    assert (sent["chain_pem"], sent["key_pem"]) == (_PEM, "-----BEGIN PRIVATE KEY-----\n")


def test_a_key_may_come_from_standard_input(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "chain.pem").write_text(_PEM)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"key")))
    minicloud("certificate", "import", "shop", "--chain", str(tmp_path / "chain.pem"), "--key", "-")
    assert _sent(minicloud)["key_pem"] == "key"


@pytest.mark.parametrize("data", [b"\xff\x00\x01", "ключ".encode(), b"x" * (256 * 1024 + 1)])
def test_what_is_no_pem_is_refused_here(
    minicloud: CommandLine, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "chain.pem").write_text(_PEM)
    (tmp_path / "key.pem").write_bytes(data)
    told = minicloud(
        *("certificate", "import", "shop", "--chain", str(tmp_path / "chain.pem")),
        *("--key", str(tmp_path / "key.pem")),
    )
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
    assert "--key" in told.error_lines[0]
    assert not minicloud.server.asked


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "shop"),
        ("create", "--domain", "shop.example"),
        ("create", "shop", "--domain", "shop.example", "--days", "long"),
        ("import", "shop"),
        ("import", "shop", "--chain", "/no/such\x1b[31mfile", "--key", "/dev/null"),
        ("import", "shop", "--chain", "/", "--key", "/dev/null"),
        ("delete",),
        ("show",),
        ("authority", "extra"),
    ],
)
def test_bad_command_lines_ask_nothing(minicloud: CommandLine, arguments: tuple[str, ...]) -> None:
    told = minicloud("certificate", *arguments)
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
    assert all(line.isprintable() for line in told.error_lines)
    assert not minicloud.server.asked


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (InvalidRequest("ValidationError", "the key does not fit", "see"), 2),
        (Conflict("DuplicateCertificateName", "taken", "choose"), 4),
    ],
)
def test_a_refusal_is_told(minicloud: CommandLine, error: Exception, exit_code: int) -> None:
    minicloud.server.answers["POST", "/certificates"] = error
    told = minicloud("certificate", "create", "shop", "--domain", "shop.example")
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (exit_code, "", 2)


def test_show_tells_domains_and_validity(minicloud: CommandLine) -> None:
    shown = minicloud("certificate", "show", "shop").stdout
    assert "2027-12-25 20:00:00Z" in shown
    assert "*.shop.example" in shown
    given = balancing.certificate(issued_here=False)
    minicloud.server.answers["GET", "/certificates/shop"] = given
    assert "given" in minicloud("certificate", "show", "shop").stdout


def test_delete_waits_for_nothing(minicloud: CommandLine) -> None:
    told = minicloud("certificate", "delete", "shop", "shop")
    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr == f"deleted {balancing.CERTIFICATE_ID}\n"


def test_a_certificate_in_use_stays(minicloud: CommandLine) -> None:
    minicloud.server.answers["DELETE", _ONE] = Conflict("ResourceInUse", "web:443 shows it", "x")
    told = minicloud("certificate", "delete", "shop")
    assert (told.exit_code, told.stdout) == (4, "")


def test_the_authority_is_pem_alone_and_says_how_to_trust_it_on_a_terminal(
    minicloud: CommandLine,
) -> None:
    told = minicloud("certificate", "authority")
    assert (told.stdout, told.stderr) == (_PEM, "")
    assert minicloud("certificate", "authority", "-q").stdout == _PEM
    assert json.loads(minicloud("certificate", "authority", "--query", "chain_pem").stdout) == _PEM
    minicloud.on_terminal()
    told = minicloud("certificate", "authority")
    assert told.stdout == _PEM
    assert "update-ca-certificates" in told.stderr
    assert "curl --cacert minicloud.pem" in told.stderr
    assert max(map(len, told.stderr.splitlines())) <= 100
