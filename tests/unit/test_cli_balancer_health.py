"""How targets are, on the command line: once, watched, waited for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minicloud.cli.table import display_width
from minicloud.cli.text import age_text
from minicloud.domain.errors import NotFound, Unavailable
from tests.unit import canned_balancing as balancing
from tests.unit.command_line import CommandLine

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HEALTH = "/balancers/web/health"


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    monkeypatch.setattr("minicloud.cli.target_health.time.sleep", lambda _s: None)
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers["GET", _HEALTH] = [balancing.target_health(1), balancing.sick(2)]
    command_line.server.answers["GET", "/target-groups/web/health"] = [balancing.target_health(1)]
    return command_line


def _in_turn(*answers: Any) -> Callable[[Any], Any]:
    """Each answer once; then Ctrl-C. Errors are raised."""
    left = iter(answers)

    def answer(_query: Any) -> Any:
        given = next(left, None)
        if given is None:
            raise KeyboardInterrupt
        if isinstance(given, Exception):
            raise given
        return given

    return answer


def test_each_target_has_a_line_with_its_last_checks(minicloud: CommandLine) -> None:
    lines = minicloud("balancer", "health", "web").stdout.splitlines()
    assert lines[0].split() == [
        *("TARGET", "PORT", "STATE", "REASON", "SINCE", "IN-FLIGHT", "LAST-CHECKS")
    ]
    assert re.split(r" {2,}", lines[1].strip()) == [
        *("web-1", "80", "healthy", "-", "12 s", "3", "✓ ✓ ✓")
    ]
    assert lines[2].split("  ")[-1] == "✓ ✓ ✗ timed out after 5 s"
    assert "Target.Timeout" in lines[2]


def test_groups_are_told_apart_where_there_are_several(minicloud: CommandLine) -> None:
    other = balancing.target_health(3, group_id="tg-2", group_name="api", instance_name="")
    minicloud.server.answers["GET", _HEALTH] = [balancing.target_health(1), other]
    lines = minicloud("balancer", "health", "web").stdout.splitlines()
    assert lines[0].split()[0] == "GROUP"
    assert lines[2].split()[:2] == ["api", other["instance_id"]]


def test_states_have_their_colours(minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"healthy": 32, "unhealthy": 31, "initial": 33, "draining": 33, "unused": 90}
    minicloud.server.answers["GET", _HEALTH] = [
        balancing.target_health(number, state, checks=[]) for number, state in enumerate(states)
    ]
    minicloud.on_terminal()
    told = minicloud("balancer", "health", "web").stdout
    for state, colour in states.items():
        assert f"\x1b[{colour}m{state}" in told
    minicloud.server.answers["GET", _HEALTH] = [balancing.target_health(1), balancing.sick(2)]
    told = minicloud("balancer", "health", "web").stdout
    assert "\x1b[32m✓ ✓ ✓" in told
    assert "\x1b[31m✓ ✓ ✗ timed" in told
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in minicloud("balancer", "health", "web").stdout


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(minicloud: CommandLine, columns: int) -> None:
    mismatch = balancing.check("503 \x1b[31mService\u202e", passed=False)
    minicloud.server.answers["GET", _HEALTH] = [
        balancing.target_health(1, instance_name="x" * 63),
        balancing.target_health(
            *(2, "unhealthy", "Target.ResponseCodeMismatch"),
            group_id="tg-2",
            group_name="g" * 32,
            checks=[mismatch] * 5,
        ),
    ]
    minicloud.on_terminal(columns)
    lines = _ANSI.sub("", minicloud("balancer", "health", "web").stdout).splitlines()
    assert len(lines) == 3
    assert all(display_width(line) <= columns and line.isprintable() for line in lines)


def test_at_80_columns_all_of_it_stands_there(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", _HEALTH] = [
        balancing.target_health(1, "unhealthy", "Target.ResponseCodeMismatch"),
        balancing.target_health(2, "initial", "Elb.RegistrationInProgress", checks=[]),
    ]
    minicloud.on_terminal(80)
    told = _ANSI.sub("", minicloud("balancer", "health", "web").stdout)
    headings = told.splitlines()[0].split()
    assert headings[-1] == "LAST-CHECKS"
    assert len(headings) == 7


def test_data_has_the_time_and_ids(minicloud: CommandLine) -> None:
    expected = minicloud.server.answers["GET", _HEALTH]
    assert json.loads(minicloud("balancer", "health", "web", "-o", "json").stdout) == expected
    told = minicloud("balancer", "health", "web", "-q").stdout
    assert told == "".join(f"{target['target_id']}\n" for target in expected)
    told = minicloud("balancer", "health", "web", "--query", "[?state=='unhealthy'].reason").stdout
    assert json.loads(told) == ["Target.Timeout"]


def test_an_empty_balancer_says_what_to_do(minicloud: CommandLine) -> None:
    minicloud.on_terminal()
    minicloud.server.answers["GET", _HEALTH] = []
    assert "target-group register" in minicloud("balancer", "health", "web").stderr


def test_a_group_has_its_own_health(minicloud: CommandLine) -> None:
    assert "web-1" in minicloud("target-group", "health", "web").stdout


def test_watching_elsewhere_prints_a_block_at_each_change_of_a_state(
    minicloud: CommandLine,
) -> None:
    healthy, sick = balancing.target_health(2), balancing.sick(2)
    busier = {**healthy, "in_flight": 9}
    minicloud.server.answers["GET", _HEALTH] = _in_turn([healthy], [busier], [sick], [])
    told = minicloud("balancer", "health", "web", "--watch")
    assert told.exit_code == 130
    blocks = told.stdout.split("\n\n")
    assert len(blocks) == 3
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\nTARGET ", blocks[0])
    assert "Target.Timeout" in blocks[1]
    assert len(blocks[2].splitlines()) == 2


def test_watching_as_json_prints_a_document_a_line(minicloud: CommandLine) -> None:
    healthy, sick = [balancing.target_health(2)], [balancing.sick(2)]
    minicloud.server.answers["GET", _HEALTH] = _in_turn(healthy, healthy, sick)
    told = minicloud("balancer", "health", "web", "--watch", "-o", "json")
    assert told.exit_code == 130
    assert [json.loads(line) for line in told.stdout.splitlines()] == [healthy, sick]
    minicloud.server.answers["GET", _HEALTH] = _in_turn(healthy, sick)
    told = minicloud("balancer", "health", "web", "--watch", "--query", "[].state")
    assert told.stdout == '["healthy"]\n["unhealthy"]\n'


def test_watching_on_a_terminal_is_one_table_in_place(minicloud: CommandLine) -> None:
    minicloud.on_terminal(80)
    away = Unavailable("BalancerUnreachable", "it does not answer", "wait")
    healthy = [balancing.target_health(2)]
    minicloud.server.answers["GET", _HEALTH] = _in_turn(healthy, away, [balancing.sick(2)])
    told = minicloud("balancer", "health", "web", "-w")
    assert told.exit_code == 130
    assert "BalancerUnreachable: it does not answer" in told.stdout
    assert "unhealthy" in told.stdout
    assert "\x1b[1A" in told.stdout
    assert all(display_width(line) <= 80 for line in _ANSI.sub("", told.stdout).splitlines())


def test_a_watch_outlives_a_balancer_that_is_away(minicloud: CommandLine) -> None:
    away = Unavailable("BalancerUnreachable", "it does not answer", "wait")
    healthy = [balancing.target_health(2)]
    minicloud.server.answers["GET", _HEALTH] = _in_turn(healthy, away, away, [balancing.sick(2)])
    told = minicloud("balancer", "health", "web", "--watch")
    assert told.exit_code == 130
    assert told.stderr.count("BalancerUnreachable") == 1
    assert "Target.Timeout" in told.stdout


@pytest.mark.parametrize("option", ["--watch", "--wait"])
@pytest.mark.parametrize(
    ("error", "exit_code"),
    [(NotFound("LoadBalancerNotFound", "a", "b"), 3), (Unavailable("EngineError", "a", "b"), 6)],
)
def test_what_fails_at_once_ends_it(
    minicloud: CommandLine, option: str, error: Exception, exit_code: int
) -> None:
    minicloud.server.answers["GET", _HEALTH] = error
    told = minicloud("balancer", "health", "web", option)
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (exit_code, "", 2)


def test_a_balancer_that_is_deleted_ends_the_watch(minicloud: CommandLine) -> None:
    gone = NotFound("LoadBalancerNotFound", "there is none", "list")
    minicloud.server.answers["GET", _HEALTH] = _in_turn([balancing.target_health()], gone)
    assert minicloud("balancer", "health", "web", "--watch").exit_code == 3


def test_watching_never_starts_a_server_again(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def without_starting() -> Any:
        asked.append("without")
        return minicloud.server

    monkeypatch.setattr(minicloud.server, "without_starting", without_starting)
    minicloud.server.answers["GET", _HEALTH] = _in_turn([balancing.target_health()])
    minicloud("balancer", "health", "web", "--watch")
    # Once for operations, as every client; once for the watch.
    assert asked == ["without"] * 2


def test_waiting_ends_once_all_but_the_leaving_are_healthy(minicloud: CommandLine) -> None:
    starting = balancing.target_health(2, "initial", "Elb.InitialHealthChecking")
    leaving = balancing.target_health(3, "draining", "Target.DeregistrationInProgress")
    done = [balancing.target_health(2), leaving]
    away = Unavailable("BalancerUnreachable", "it does not answer", "wait")
    answers = _in_turn([], [starting, leaving], [starting, leaving], away, done)
    minicloud.server.answers["GET", _HEALTH] = answers
    told = minicloud("balancer", "health", "web", "--wait", "-o", "json")
    assert told.exit_code == 0
    assert json.loads(told.stdout) == done
    assert told.stderr.splitlines() == [
        "waiting: no target is registered",
        "waiting: web-2:80 is initial (Elb.InitialHealthChecking)",
        "waiting: it does not answer",
    ]


def test_waiting_ends_in_time_and_says_which_are_not(minicloud: CommandLine) -> None:
    sick = [balancing.sick(number) for number in range(2, 9)]
    minicloud.server.answers["GET", _HEALTH] = [balancing.target_health(1), *sick]
    told = minicloud("balancer", "health", "web", "--wait", "--timeout", "0", "-o", "json")
    assert (told.exit_code, told.stdout) == (6, "")
    wrong = told.error_lines[0]
    assert wrong.startswith("error: TargetsNotHealthy: after 0 s 7 targets are not healthy: web-2:")
    assert "web-2:80 is unhealthy (Target.Timeout)" in wrong
    assert wrong.endswith("and 2 more")


def test_waiting_for_nobody_is_no_success(minicloud: CommandLine) -> None:
    leaving = balancing.target_health(3, "draining")
    for nobody in ([], [leaving]):
        minicloud.server.answers["GET", _HEALTH] = nobody
        told = minicloud("balancer", "health", "web", "--wait", "--timeout", "0")
        assert (told.exit_code, told.stdout) == (6, "")
        assert "no target is registered" in told.error_lines[0]


def test_waiting_past_its_time_for_a_balancer_that_is_away(minicloud: CommandLine) -> None:
    away = Unavailable("BalancerUnreachable", "it does not answer", "wait")
    minicloud.server.answers["GET", _HEALTH] = _in_turn([balancing.sick()], *[away] * 10_000)
    told = minicloud("balancer", "health", "web", "--wait", "--timeout", "0.01", "-q")
    assert (told.exit_code, told.stdout) == (6, "")
    assert told.stderr.startswith("error: BalancerUnreachable")


@pytest.mark.parametrize(
    "options",
    [
        ("--watch", "--wait"),
        ("--timeout", "5"),
        ("--watch", "--timeout", "5"),
        ("--wait", "--timeout", "-1"),
        ("--wait", "--timeout", "soon"),
        ("--watch", "-q"),
    ],
)
@pytest.mark.parametrize("noun", ["balancer", "target-group"])
def test_bad_options_ask_nothing(
    minicloud: CommandLine, noun: str, options: tuple[str, ...]
) -> None:
    told = minicloud(noun, "health", "web", *options)
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
    assert not minicloud.server.asked


def test_ages_are_short() -> None:
    assert [age_text(s) for s in (-1, 0.9, 12.7, 59, 60, 3599, 3600, 86_400 * 3)] == [
        *("0 s", "0 s", "12 s", "59 s", "1 min", "59 min", "1 h", "3 d")
    ]
