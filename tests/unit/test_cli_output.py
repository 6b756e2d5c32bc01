"""What the command line prints: tables that fit, data that parses, ids alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from minicloud.cli import instance as instance_commands
from minicloud.cli.table import clipped, display_width, table_lines
from minicloud.cli.text import duration_text, memory_text, one_line, size_text, visible
from tests.unit import canned
from tests.unit.command_line import CommandLine

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_HOSTILE = [
    "x" * 10_000,
    "emoji 🎉🎉🎉 and 한국어 이름",
    "\u202egnp.exe",
    "\x1b[31mred\x1b[0m\x07",
    "line\nbreak\ttab",
    "$(reboot); `id` {{7*7}} ../../etc/passwd",
    "\udcff",
]


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/instances"): [canned.instance(1), canned.instance(2, state="stopped")],
            ("GET", "/instances/web-1"): canned.instance(1),
            ("GET", "/images"): [canned.image()],
            ("GET", "/addresses"): [canned.address()],
            ("GET", "/addresses/front"): canned.address(),
            ("GET", "/operations"): [canned.operation(), canned.operation("failed")],
            ("GET", "/operations/op-1"): canned.operation("failed"),
        }
    )
    return command_line


def test_list_is_a_table_with_the_columns_one_looks_for(minicloud: CommandLine) -> None:
    lines = minicloud("instance", "list").stdout.splitlines()
    assert lines[0].split() == [
        *("NAME", "ID", "TYPE", "STATE", "PUBLIC-IP", "PRIVATE-IP", "IMAGE")
    ]
    assert lines[1].split()[:4] == ["web-1", "i-00000000000000001", "t3.micro", "running"]


@pytest.mark.parametrize("noun", ["instance", "image", "address", "operation"])
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
def test_no_line_of_a_list_is_wider_than_the_terminal(
    minicloud: CommandLine, noun: str, columns: int
) -> None:
    minicloud.on_terminal(columns)
    told = minicloud(noun, "list")
    assert told.exit_code == 0
    for line in told.stdout.splitlines():
        assert display_width(_ANSI.sub("", line)) <= columns


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_names_neither_break_a_table_nor_reach_the_terminal(
    minicloud: CommandLine, name: str
) -> None:
    minicloud.on_terminal(80)
    machine = canned.instance(1, name=name, image_name=name, tags={"Name": name, name: name})
    minicloud.server.answers["GET", "/instances"] = [machine]
    minicloud.server.answers["GET", "/instances/web-1"] = machine
    lines = minicloud("instance", "list").stdout.splitlines()
    assert len(lines) == 2
    assert display_width(_ANSI.sub("", lines[1])) <= 80
    shown = minicloud("instance", "show", "web-1")
    assert shown.exit_code == 0
    assert all(line.isprintable() for line in _ANSI.sub("", shown.stdout).splitlines())


def test_nothing_is_cut_where_no_person_reads(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/instances"] = [canned.instance(1, name="n" * 300)]
    assert "n" * 300 in minicloud("instance", "list").stdout


def test_json_yaml_and_a_query_give_data(minicloud: CommandLine) -> None:
    expected: Any = minicloud.server.answers["GET", "/instances"]
    assert json.loads(minicloud("instance", "list", "-o", "json").stdout) == expected
    assert yaml.safe_load(minicloud("instance", "list", "-o", "yaml").stdout) == expected
    told = minicloud("instance", "list", "--query", "[?state=='stopped'].name")
    assert json.loads(told.stdout) == ["web-2"]
    told = minicloud("instance", "show", "web-1", "-o", "yaml", "--query", "endpoints[0].url")
    assert told.stdout == "http://127.31.0.10/\n"


def test_quiet_prints_ids_alone(minicloud: CommandLine) -> None:
    told = minicloud("instance", "list", "-q")
    assert told.stdout == "i-00000000000000001\ni-00000000000000002\n"
    assert told.stderr == ""
    assert minicloud("address", "list", "-q").stdout == "eipalloc-00000000000000001\n"


def test_states_have_colours_on_a_terminal_unless_asked_otherwise(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in minicloud("instance", "list").stdout
    minicloud.on_terminal()
    coloured = minicloud("instance", "list").stdout
    assert "\x1b[32mrunning" in coloured
    assert "\x1b[33mstopped" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = minicloud("instance", "list").stdout
    assert "\x1b" not in plain
    assert _ANSI.sub("", coloured) == plain


def test_show_tells_where_to_open_it(minicloud: CommandLine) -> None:
    shown = minicloud("instance", "show", "web-1").stdout
    assert "http://127.31.0.10/  (port 80)" in shown
    assert "changes on stop and start" in shown
    assert "http://127.31.0.11/" in minicloud("address", "list").stdout
    assert "http://127.31.0.11/" in minicloud("address", "show", "front").stdout


def test_a_failed_operation_shows_its_error(minicloud: CommandLine) -> None:
    shown = minicloud("operation", "show", "op-1").stdout
    assert "EngineDiskFull: no room is left" in shown
    assert "→ make some" in shown


def test_ledger_lists_stretches_and_entries(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/ledger"] = [
        {
            "sequence": 1,
            "at": "2026-11-23T20:00:00+00:00",
            "kind": "instance.state",
            "resource_id": "i-00000000000000001",
            "facts": {"state": "running", "type": "t3.micro"},
            "operation_id": None,
            "simulated": False,
        }
    ]
    minicloud.server.answers["GET", "/ledger/usage"] = [
        {
            "resource_id": "i-00000000000000001",
            "name": "web-1",
            "what": "instance running",
            "detail": "t3.micro",
            "started_at": "2026-11-23T20:00:00+00:00",
            "ended_at": None,
            "duration_s": 3725.4,
        }
    ]
    assert "state=running type=t3.micro" in minicloud("ledger", "list").stdout
    assert "1 h 02 min" in minicloud("ledger", "usage").stdout
    assert minicloud("ledger", "list", "-q").stdout == "1\n"


@given(
    names=st.lists(st.text(max_size=80), min_size=1, max_size=4),
    width=st.integers(min_value=16, max_value=200),
)
def test_a_table_fits_whatever_stands_in_it(names: list[str], width: int) -> None:
    items = [canned.instance(i, name=name) for i, name in enumerate(names)]
    for line in table_lines(instance_commands.VIEW.columns, items, width):
        assert display_width(line) <= width
        assert line.isprintable()


@given(text=st.text(max_size=60), width=st.integers(min_value=1, max_value=40))
def test_clipping_keeps_what_fits(text: str, width: int) -> None:
    shown = clipped(visible(text), width)
    assert display_width(shown) <= width
    if display_width(visible(text)) <= width:
        assert shown == visible(text)


@given(text=st.text())
def test_a_message_is_one_printable_line(text: str) -> None:
    line = one_line(text, 50)
    assert line.isprintable()
    assert "\n" not in line


def test_figures_are_plain() -> None:
    assert [size_text(n) for n in (0, 999, 1000, 95_300_000)] == [
        *("0 B", "999 B", "1.0 kB", "95.3 MB")
    ]
    assert [memory_text(n) for n in (512, 1024, 24105)] == ["512 MiB", "1 GiB", "23.5 GiB"]
    assert [duration_text(n) for n in (0.42, 200, 7500, 100_000)] == [
        *("0.4 s", "3 min 20 s", "2 h 05 min", "1 d 03 h")
    ]
