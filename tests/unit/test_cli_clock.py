"""``clock``, and where else the command line says that a clock is simulated."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from minicloud.cli.root import root
from minicloud.client import Client
from minicloud.domain.errors import InvalidRequest
from tests.unit import canned
from tests.unit.app_transport import app_transport
from tests.unit.cloud import Cloud
from tests.unit.command_line import CommandLine
from tests.unit.conftest import MakeCloud

SIMULATED = canned.clock(
    simulated=True, now="2027-01-22T10:00:00+00:00", speed=60, ahead_s=5_148_000.5
)
_BILLS = ("bill show", "bill forecast", "bill compare")
REFUSED = InvalidRequest("OperationNotPermitted", "it is the real one", "make another cloud")


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/clock"): SIMULATED,
            ("GET", "/status"): canned.status(clock=SIMULATED),
            ("POST", "/clock/simulate"): SIMULATED,
            ("POST", "/clock/advance"): SIMULATED,
            ("POST", "/clock/speed"): SIMULATED,
            ("POST", "/clock/reset"): canned.clock(simulated=True),
        }
    )
    return command_line


@pytest.fixture
def lived_in(
    make_cloud: MakeCloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> CommandLine:
    """Commands to a cloud of a simulated clock in which something has happened."""

    def live(cloud: Cloud) -> None:
        cloud.time.simulate()
        cloud.launch("a-machine-with-a-rather-long-name-0123456789")
        cloud.time.advance("30d")

    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    command_line = CommandLine(monkeypatch, capsys)
    client = Client(app_transport(make_cloud(live)))
    monkeypatch.setattr("minicloud.client.Client.connect", lambda _home, **_settings: client)
    return command_line


def test_show_tells_both_times_and_the_pace(minicloud: CommandLine) -> None:
    told = minicloud("clock", "show").stdout
    for words in ("simulated", "2027-01-22 10:00:00Z", "60 times as fast", "2026-11-23", "59 d 14"):
        assert words in told
    assert json.loads(minicloud("clock", "show", "-o", "json").stdout) == SIMULATED
    assert minicloud("clock", "show", "-q").stdout == "2027-01-22T10:00:00+00:00\n"


def test_a_real_clock_is_shown_as_one(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/clock"] = canned.clock()
    told = minicloud("clock", "show").stdout
    assert "nobody can move" in told
    assert "Ahead" not in told


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("advance", "1h30m"), ("POST", "/clock/advance", {"by": "1h30m"})),
        (("speed", "60x"), ("POST", "/clock/speed", {"speed": 60})),
        (("speed", "60"), ("POST", "/clock/speed", {"speed": 60})),
        (("reset",), ("POST", "/clock/reset", None)),
    ],
)
def test_a_command_asks_once_and_shows_what_came_of_it(
    minicloud: CommandLine, words: tuple[str, ...], asked: tuple[str, str, object]
) -> None:
    told = minicloud("clock", *words)
    assert (told.exit_code, minicloud.server.asked) == (0, [asked])
    assert told.stdout.startswith("Clock      simulated\n")


@pytest.mark.parametrize("speed", ["0.5x", "60y", "", "x", "-1x", "sixty", "1e3", "٦x", "1" * 20])
def test_what_is_no_speed_is_refused_before_anything_is_asked(
    minicloud: CommandLine, speed: str
) -> None:
    told = minicloud("clock", "speed", "--", speed)
    assert told.exit_code == 2
    assert len(told.error_lines) == 2
    assert "as 60x" in told.error_lines[0]
    assert minicloud.server.asked == []


def test_an_ordinary_cloud_refuses_in_two_lines(minicloud: CommandLine) -> None:
    minicloud.server.answers["POST", "/clock/advance"] = REFUSED
    told = minicloud("clock", "advance", "30d")
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.error_lines == [
        "error: OperationNotPermitted: it is the real one",
        "  → make another cloud",
    ]


def test_up_makes_the_clock_a_simulated_one_before_anything_else(minicloud: CommandLine) -> None:
    told = minicloud("up", "--simulated-clock")
    assert told.exit_code == 0
    assert minicloud.server.asked[0] == ("POST", "/clock/simulate", None)
    assert "simulated: 2027-01-22 10:00:00Z, 60 times as fast as the real time" in told.stdout


def test_up_changes_no_setting_where_the_clock_is_refused(minicloud: CommandLine) -> None:
    minicloud.server.answers["POST", "/clock/simulate"] = REFUSED
    told = minicloud("up", "--simulated-clock", "--address-limit", "9")
    assert told.exit_code == 2
    assert minicloud.server.asked == [("POST", "/clock/simulate", None)]


def test_up_leaves_a_clock_alone_that_it_is_not_asked_about(minicloud: CommandLine) -> None:
    minicloud("up")
    assert minicloud.server.asked == [("GET", "/status", {})]


def test_the_ledger_says_that_it_is_simulated(lived_in: CommandLine) -> None:
    entries = lived_in("ledger", "list").stdout.splitlines()[1:]
    assert entries
    assert all(line.endswith("  sim.") for line in entries)
    assert '"simulated": true' in lived_in("ledger", "list", "-o", "json").stdout


@pytest.mark.parametrize("line", _BILLS)
def test_what_is_billed_says_that_it_is_simulated(lived_in: CommandLine, line: str) -> None:
    words = " ".join(lived_in(*line.split()).stdout.split())
    assert "Clock simulated: nothing has really run that long" in words
    assert json.loads(lived_in(*line.split(), "-o", "json").stdout)["simulated"] is True


@pytest.mark.parametrize("line", ["clock show", "ledger list", "clock advance 1y", *_BILLS])
def test_nothing_is_wider_than_a_terminal(lived_in: CommandLine, line: str) -> None:
    lived_in.on_terminal(80)
    told = lived_in(*line.split())
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.stdout)
    assert told.exit_code == 0
    assert max(map(len, plain.splitlines())) <= 80


@pytest.mark.parametrize("command", ["show", "advance", "speed", "reset"])
def test_every_example_of_the_help_works(minicloud: CommandLine, command: str) -> None:
    told = minicloud("clock", command, "--help").stdout
    _, _, rest = told.partition("Examples:")
    examples = re.findall(r"^ +minicloud (.*)$", rest, re.MULTILINE)
    assert examples
    for example in examples:
        assert minicloud(*example.split()).exit_code == 0, example


@pytest.mark.parametrize(
    ("words", "typed", "completed"),
    [(["advance"], "1", ["1h", "1d", "1mo", "1y"]), (["speed"], "8", ["86400x"])],
)
def test_steps_and_speeds_are_completed(words: list[str], typed: str, completed: list[str]) -> None:
    shell = ShellComplete(root, {}, "minicloud", "_MINICLOUD_COMPLETE")
    assert [c.value for c in shell.get_completions(["clock", *words], typed)] == completed
