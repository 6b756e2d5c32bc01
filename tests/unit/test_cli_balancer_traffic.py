"""What a balancer has counted and logged, on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from minicloud.cli.table import display_width
from tests.unit import canned
from tests.unit import canned_balancing as balancing
from tests.unit.command_line import CommandLine

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LOGS = "/balancers/web/logs"


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/balancers/web/metrics"): balancing.metrics(),
            ("GET", "/instances"): [canned.instance(1)],
        }
    )
    return command_line


def _log(minicloud: CommandLine, *entries: dict[str, Any]) -> None:
    text = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
    # In pieces that end where no line does.
    minicloud.server.answers["GET", _LOGS] = [text[:7], text[7:-3], text[-3:]]


def test_metrics_tell_classes_times_and_health(minicloud: CommandLine) -> None:
    told = minicloud("balancer", "metrics", "web").stdout
    assert re.search(r"^Requests +1234 \(60 in the last minute\)$", told, re.MULTILINE)
    assert re.search(r"^Answered by targets +1200 2xx, 20 3xx, 10 4xx, 1 5xx$", told, re.MULTILINE)
    assert re.search(r"^Answered by itself +0 3xx, 2 4xx, 1 5xx$", told, re.MULTILINE)
    assert "2 healthy, 1 unhealthy" in told
    assert told.splitlines()[-1].split() == [
        *("web", "1231", "1200", "20", "10", "1", "1.2", "4.5", "-", "2/3", "3")
    ]


def test_metrics_of_a_balancer_that_was_never_asked(minicloud: CommandLine) -> None:
    nothing = balancing.metrics(counters={}, balancer={}, groups={}, minutes=[])
    minicloud.server.answers["GET", "/balancers/web/metrics"] = nothing
    told = minicloud("balancer", "metrics", "web")
    assert told.exit_code == 0
    assert "GROUP" not in told.stdout


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_metrics_fit_the_terminal(minicloud: CommandLine, columns: int) -> None:
    minicloud.on_terminal(columns)
    told = _ANSI.sub("", minicloud("balancer", "metrics", "web").stdout)
    table = told.partition("\n\n")[2].splitlines()
    assert len(table) == 2
    assert all(display_width(line) <= columns for line in table)
    if columns >= 80:
        assert all(len(line) <= columns for line in told.splitlines())
        assert {"2XX", "P50-MS", "P90-MS", "P99-MS", "HEALTHY", "IN-FLIGHT"} <= {*table[0].split()}


def test_metrics_as_data(minicloud: CommandLine) -> None:
    found = balancing.metrics()
    assert json.loads(minicloud("balancer", "metrics", "web", "-o", "json").stdout) == found
    told = minicloud("balancer", "metrics", "web", "--query", "minutes[-1].counters.requests")
    assert told.stdout == "60\n"
    assert minicloud("balancer", "metrics", "web", "-q").stdout == f"{balancing.BALANCER_ID}\n"


def test_a_request_is_a_readable_line(minicloud: CommandLine) -> None:
    _log(
        minicloud,
        balancing.log_entry(),
        balancing.log_entry(status=502, target_address="", error="no target answered"),
        balancing.log_entry(target_address="172.31.0.9:80"),
        {
            "time": "2026-11-23T20:21:34+00:00",
            "client": "127.0.0.1:54321",
            "protocol": "TCP",
            "status": 200,
            "target_address": "172.31.0.10:80",
            "request_s": 0.0123,
            "sent_bytes": 5000,
            "received_bytes": 120,
        },
    )
    lines = minicloud("balancer", "logs", "web").stdout.splitlines()
    assert [re.split(r" {2,}", line.strip()) for line in lines] == [
        [*("2026-11-23 20:21:34Z", "127.0.0.1", "200", "12.3 ms", "web-1", "GET /index.html")],
        [
            *("2026-11-23 20:21:34Z", "127.0.0.1", "502", "12.3 ms", "-", "GET /index.html"),
            "no target answered",
        ],
        [
            *("2026-11-23 20:21:34Z", "127.0.0.1", "200", "12.3 ms", "172.31.0.9"),
            "GET /index.html",
        ],
        [
            *("2026-11-23 20:21:34Z", "127.0.0.1", "200", "12.3 ms", "web-1"),
            "TCP 5.0 kB sent, 120 B received",
        ],
    ]
    assert minicloud.server.asked[0][2] == {"tail": 100, "follow": False}


def test_names_are_asked_for_once_for_each_stranger(minicloud: CommandLine) -> None:
    stranger = balancing.log_entry(target_address="172.31.0.9:80")
    _log(minicloud, *[balancing.log_entry()] * 5, *[stranger] * 5)
    minicloud("balancer", "logs", "web", "--tail", "7", "--follow")
    asked = [path for _, path, _ in minicloud.server.asked]
    assert asked.count("/instances") == 2
    assert minicloud.server.asked[0][2] == {"tail": 7, "follow": True}


def test_a_log_that_cannot_be_read_on_is_an_error(minicloud: CommandLine) -> None:
    said = json.dumps({"error": canned.error("BalancerUnreachable")}).encode()
    entry = json.dumps(balancing.log_entry()).encode()
    for end in (b"\n", b""):
        minicloud.server.answers["GET", _LOGS] = [entry + b"\n" + said + end]
        told = minicloud("balancer", "logs", "web")
        assert told.exit_code == 6
        assert len(told.stdout.splitlines()) == 1
        assert told.error_lines[0].startswith("error: BalancerUnreachable")


def test_log_lines_as_data(minicloud: CommandLine) -> None:
    entries = [balancing.log_entry(), balancing.log_entry(path="/ü\u202e")]
    _log(minicloud, *entries)
    told = minicloud("balancer", "logs", "web", "-o", "json").stdout
    assert [json.loads(line) for line in told.splitlines()] == entries
    told = minicloud("balancer", "logs", "web", "--query", "[path, status]").stdout
    assert told.splitlines()[0] == '["/index.html", 200]'
    told = minicloud("balancer", "logs", "web", "-o", "yaml", "--query", "status").stdout
    assert told == "---\n200\n---\n200\n"
    told = minicloud("balancer", "logs", "web", "-q").stdout
    assert told.splitlines()[0] == entries[0]["target_address"]


def test_hostile_requests_do_not_reach_the_terminal(minicloud: CommandLine) -> None:
    hostile = "\x1b[2J\u202e\r\x07"
    _log(
        minicloud,
        balancing.log_entry(
            path=hostile, client=hostile, target_address=hostile, error=hostile, time=1.5
        ),
        balancing.log_entry(status=None, request_s="x", sent_bytes="x", method=None, time=None),
        {"path": [1, {"a": hostile}], "method": {}},
    )
    minicloud.server.answers["GET", _LOGS] += [b"not \x1b[2J JSON \xff\n[1]\n"]
    minicloud.on_terminal()
    told = minicloud("balancer", "logs", "web")
    assert told.exit_code == 0
    lines = _ANSI.sub("", told.stdout).splitlines()
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)


def test_a_line_that_is_cut_off_hides_no_other(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", _LOGS] = [b'{"path": "/a", \n', b'{"status": 200}']
    told = minicloud("balancer", "logs", "web", "-o", "json")
    assert told.stdout == '{"status": 200}\n'


def test_statuses_have_the_colours_of_their_class(minicloud: CommandLine) -> None:
    minicloud.on_terminal()
    _log(minicloud, *(balancing.log_entry(status=status) for status in (200, 301, 404, 503)))
    told = minicloud("balancer", "logs", "web").stdout
    for colour, status in ((32, 200), (36, 301), (33, 404), (31, 503)):
        assert f"\x1b[{colour}m{status}" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("logs",),
        ("logs", "web", "--tail", "-1"),
        ("logs", "web", "--tail", "all"),
        ("logs", "web", "--tail", "1000000"),
        ("logs", "web", "-q", "-o", "json"),
        ("metrics",),
        ("metrics", "web", "--query", "[?"),
    ],
)
def test_bad_command_lines_ask_nothing(minicloud: CommandLine, arguments: tuple[str, ...]) -> None:
    told = minicloud("balancer", *arguments)
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
    assert not minicloud.server.asked


@pytest.mark.parametrize("command", ["logs", "metrics"])
def test_an_unknown_balancer_is_not_found(minicloud: CommandLine, command: str) -> None:
    told = minicloud("balancer", command, "nosuch")
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (3, "", 2)
