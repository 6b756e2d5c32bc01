"""``minicloud env``: variables for a shell, and a profile in AWS's own files."""

from __future__ import annotations

import shlex
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.unit import canned
from tests.unit.command_line import CommandLine

_SECRET = "a'b\"c$d\\e `f` + /g"
_ACCESS = {
    "url": "http://127.0.0.1:24566",
    "error": None,
    "region": "us-east-1",
    "access_key_id": "AKIA2222222222222222",
    "secret_access_key": _SECRET,
}
_EXISTING = """\
# mine
[default]
region = eu-west-1   # stays

[profile other]
output=json
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    config, credentials = tmp_path / "aws" / "config", tmp_path / "aws" / "credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    return config, credentials


@pytest.fixture
def minicloud(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers["GET", "/aws-endpoint"] = dict(_ACCESS)
    return command_line


def _read(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(path)
    return parser


def test_a_shell_reads_back_what_was_given(minicloud: CommandLine) -> None:
    told = minicloud("env")
    assert (told.exit_code, told.stderr) == (0, "")
    words = shlex.split(told.stdout)
    assert words[:2] == ["unset", "AWS_PROFILE"]
    assert f"AWS_SECRET_ACCESS_KEY={_SECRET}" in words
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:24566" in words
    assert "AWS_EC2_METADATA_DISABLED=true" in words
    script = f'{told.stdout}\nprintf %s "$AWS_SECRET_ACCESS_KEY"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout == _SECRET


def test_each_shell_has_its_own_quotes(minicloud: CommandLine) -> None:
    fish = minicloud("env", "--shell", "fish").stdout
    assert "set -gx AWS_SECRET_ACCESS_KEY 'a\\'b\"c$d\\\\e `f` + /g';" in fish
    assert "set -e AWS_PROFILE;" in fish
    powershell = minicloud("env", "--shell", "powershell").stdout
    assert "$Env:AWS_SECRET_ACCESS_KEY = 'a''b\"c$d\\e `f` + /g'" in powershell


@pytest.mark.parametrize("shell", ["sh", "fish", "powershell"])
def test_unset_takes_all_of_it_away_and_asks_no_server(minicloud: CommandLine, shell: str) -> None:
    told = minicloud("env", "--shell", shell, "--unset").stdout
    assert not minicloud.server.asked
    for line in minicloud("env").stdout.splitlines():
        if line.startswith("export "):
            assert line.split()[1].partition("=")[0] in told


def test_an_endpoint_that_does_not_listen_says_what_to_do(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/aws-endpoint"] = {
        **_ACCESS,
        "url": None,
        "error": canned.error("EndpointPortTaken"),
    }
    told = minicloud("env")
    assert (told.exit_code, told.stdout) == (6, "")
    assert "EndpointPortTaken" in told.stderr
    assert _SECRET not in told.stderr


def test_a_profile_is_added_and_all_else_stays(
    minicloud: CommandLine, files: tuple[Path, Path]
) -> None:
    config, credentials = files
    config.parent.mkdir()
    config.write_text(_EXISTING)
    told = minicloud("env", "--profile", "mini")
    assert (told.exit_code, told.stdout) == (0, "")
    assert str(config) in told.stderr.replace("\n", "")
    assert config.read_text().startswith(_EXISTING)
    assert dict(_read(config)["profile mini"]) == {
        "region": "us-east-1",
        "endpoint_url": "http://127.0.0.1:24566",
    }
    assert _read(credentials)["mini"]["aws_secret_access_key"] == _SECRET
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in config.parent.iterdir()) == ["config", "credentials"]


def test_a_profile_is_brought_up_to_date_in_place_and_taken_out_again(
    minicloud: CommandLine, files: tuple[Path, Path]
) -> None:
    config, credentials = files
    config.parent.mkdir()
    before = "[profile  mini]\nregion = old\noutput = table\n# kept\n\n[profile last]\nregion = x"
    config.write_text(before)
    minicloud("env", "--profile", "mini")
    minicloud("env", "--profile", "mini")
    assert config.read_text() == (
        "[profile  mini]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:24566\n"
        "output = table\n# kept\n\n[profile last]\nregion = x"
    )
    assert credentials.read_text().count("[mini]") == 1
    assert "taken out" in minicloud("env", "--profile", "mini", "--unset").stderr
    assert config.read_text() == "[profile last]\nregion = x"
    assert credentials.read_text() == ""
    assert "was not in" in minicloud("env", "--profile", "mini", "--unset").stderr


def test_a_file_that_does_not_end_its_last_line_is_not_run_into(
    minicloud: CommandLine, files: tuple[Path, Path]
) -> None:
    config, _ = files
    config.parent.mkdir()
    config.write_text("[default]\nregion = x")
    minicloud("env", "--profile", "mini")
    assert _read(config)["default"]["region"] == "x"
    assert "profile mini" in _read(config)


def test_a_link_stays_one(minicloud: CommandLine, files: tuple[Path, Path], tmp_path: Path) -> None:
    config, _ = files
    config.parent.mkdir()
    elsewhere = tmp_path / "dotfiles"
    elsewhere.write_text(_EXISTING)
    config.symlink_to(elsewhere)
    minicloud("env", "--profile", "mini")
    assert config.is_symlink()
    assert "[profile mini]" in elsewhere.read_text()


@pytest.mark.parametrize("name", ["default", "", "a b", "a]", "x\n[default]", "-x", "é", "a" * 65])
def test_a_profiles_name_is_plain_and_not_the_default(
    minicloud: CommandLine, files: tuple[Path, Path], name: str
) -> None:
    assert minicloud("env", "--profile", name).exit_code == 2
    assert not files[0].parent.exists()


def test_a_file_that_is_not_text_is_left_alone(
    minicloud: CommandLine, files: tuple[Path, Path]
) -> None:
    config, credentials = files
    config.parent.mkdir()
    config.write_bytes(b"\xff")
    assert minicloud("env", "--profile", "mini").exit_code == 2
    assert config.read_bytes() == b"\xff"
    assert not credentials.exists()
