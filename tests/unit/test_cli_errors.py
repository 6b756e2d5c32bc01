"""How the command line fails: two lines on standard error, the right exit code, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.cli.errors import print_error
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    MiniCloudError,
    NotFound,
    Unavailable,
)
from tests.unit import canned
from tests.unit.command_line import CommandLine


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    for name in ("MINICLOUD_CLOUD", "MINICLOUD_DEBUG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (MiniCloudError("InternalError", "a", "b"), 1),
        (InvalidRequest("InvalidParameterValue", "a", "b"), 2),
        (NotFound("InvalidInstanceID.NotFound", "a", "b"), 3),
        (Conflict("IncorrectInstanceState", "a", "b"), 4),
        (CapacityExceeded("InsufficientInstanceCapacity", "a", "b"), 5),
        (Unavailable("EngineDiskFull", "a", "b"), 6),
        (EngineUnreachable("a"), 6),
    ],
)
@pytest.mark.parametrize("options", [(), ("-o", "json"), ("-q",)])
def test_each_error_has_its_exit_code_and_two_lines(
    minicloud: CommandLine, error: MiniCloudError, exit_code: int, options: tuple[str, ...]
) -> None:
    minicloud.server.answers["GET", "/instances"] = error
    told = minicloud("instance", "list", *options)
    assert told.exit_code == exit_code
    assert told.stdout == ""
    assert told.stderr == (f"error: {error.code}: {error.message}\n  → {error.resolution}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("instance", "frobnicate"),
        ("instance", "list", "--frobnicate"),
        ("instance", "list", "-o", "xml"),
        ("instance", "list", "--query", "[?"),
        ("instance", "list", "-q", "-o", "json"),
        ("instance", "list", "-o", "table", "--query", "[]"),
        ("instance", "launch"),
        ("instance", "launch", "x", "--image", "web", "--type", "t3.micro", "--count", "0"),
        ("instance", "launch", "x", "--image", "web", "--type", "t3.micro", "--tag", "novalue"),
        ("instance", "start"),
        ("instance", "exec", "shop"),
        ("instance", "exec", "shop", "--"),
        ("instance", "logs", "shop", "--tail", "-1"),
        ("instance", "show", ""),
        ("instance", "show", "a/b"),
        ("instance", "show", "x" * 10_000),
        ("instance", "x" * 10_000),
        ("instance", "\x1b[31m\u202e"),
        ("--cloud", "../evil", "status"),
        ("--cloud", "", "status"),
        ("--cloud", "x" * 33, "instance", "list"),
        ("down", "--yes"),
        ("demo", "run", "no-such-demo"),
        ("completion", "tcsh"),
    ],
)
def test_bad_command_lines_end_with_two_printable_lines(
    minicloud: CommandLine, arguments: tuple[str, ...]
) -> None:
    told = minicloud(*arguments)
    assert told.exit_code == 2
    assert told.stdout == ""
    assert len(told.error_lines) == 2
    assert told.error_lines[1].startswith("  → ")
    assert all(line.isprintable() and len(line) < 400 for line in told.error_lines)
    assert not minicloud.server.asked


def test_a_query_that_fails_on_the_answer_is_a_bad_request(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/instances"] = [canned.instance()]
    told = minicloud("instance", "list", "--query", "sum([].name)")
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)


def test_a_defect_is_told_in_two_lines_and_in_full_on_demand(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    minicloud.server.answers["GET", "/instances"] = [{"nonsense": True}]
    told = minicloud("instance", "list")
    assert told.exit_code == 1
    assert len(told.stderr.splitlines()) == 2
    assert "MINICLOUD_DEBUG=1" in told.stderr
    monkeypatch.setenv("MINICLOUD_DEBUG", "1")
    assert "Traceback" in minicloud("instance", "list").stderr


def test_errors_are_red_on_a_terminal_alone(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    minicloud.on_terminal()
    assert minicloud("instance", "show", "nosuch").stderr.startswith("\x1b[31merror: ")
    monkeypatch.setenv("NO_COLOR", "1")
    assert minicloud("instance", "show", "nosuch").stderr.startswith("error: ")


@given(message=st.text(), resolution=st.text())
def test_whatever_an_error_says_it_is_two_printable_lines(
    capsys: pytest.CaptureFixture[str], message: str, resolution: str
) -> None:
    capsys.readouterr()
    print_error(MiniCloudError("Code", message, resolution))
    lines = capsys.readouterr().err.split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    "group",
    [(), ("instance",), ("image",), ("address",), ("operation",), ("ledger",), ("demo",)],
)
def test_groups_and_their_commands_have_help_with_an_example(
    minicloud: CommandLine, group: tuple[str, ...]
) -> None:
    told = minicloud(*group, "--help")
    assert told.exit_code == 0
    assert told.stdout == minicloud(*group).stdout
    assert max(map(len, told.stdout.splitlines())) <= 80
    _, _, listed = told.stdout.partition("Commands:\n")
    names = [line.split()[0] for line in listed.partition("\n\n")[0].splitlines()]
    assert names
    for name in names:
        shown = minicloud(*group, name, "--help").stdout
        assert "Examples:\n" in shown or "Commands:\n" in shown
    if not group:
        assert "Exit codes:" in told.stdout
