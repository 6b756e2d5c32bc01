"""What it would have cost otherwise, on the command line, down to the ledger of a cloud."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minicloud.cli import progress
from minicloud.cli.demand_series import Moment, Series, round_step, slices, time_ticks
from minicloud.client import Client
from minicloud.client.comparisons import ComparisonCalls
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.metering import InstanceHour
from tests.unit.app_transport import app_transport
from tests.unit.cloud import Cloud
from tests.unit.command_line import CommandLine
from tests.unit.conftest import MakeCloud

_SCALING = ("bill", "compare", "scaling", "--visitors")
_SVG = "{http://www.w3.org/2000/svg}"


def _lived_in(cloud: Cloud) -> None:
    shop = cloud.launch("a-machine-with-a-rather-long-name-0123456789", "m7i.large")
    cloud.launch("web")
    cloud.clock.sleep(60 * 3600)
    now = cloud.clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [
        InstanceHour(
            shop.id, now - timedelta(hours=hour + 1), "m7i.large", 3600, 60, 7200, 10, 720_000, 200
        )
        for hour in range(30)
    ]
    with cloud.store.write() as transaction:
        transaction.usage_hours.add_to_instances(hours)


@pytest.fixture
def minicloud(
    make_cloud: MakeCloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    command_line = CommandLine(monkeypatch, capsys)
    client = Client(app_transport(make_cloud(_lived_in)))
    monkeypatch.setattr("minicloud.client.Client.connect", lambda _home, **_settings: client)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return command_line


def test_a_fleet_is_compared_and_the_best_is_named(minicloud: CommandLine) -> None:
    told = minicloud("bill", "compare")
    assert told.exit_code == 0, told.stderr
    found = json.loads(minicloud("bill", "compare", "-o", "json").stdout)
    best = next(each for each in found["alternatives"] if each["key"] == found["best"])
    (row,) = [line for line in told.stdout.splitlines() if "  best" in line]
    assert row.startswith(best["title"])
    assert f"{best['saves_percent']:.1f}%" in row
    for each in found["alternatives"]:
        assert each["title"] in told.stdout
    for words in ("pays off above", "paid back after", "Not measured long enough", "1 machine"):
        assert words in " ".join(told.stdout.split())
    assert minicloud("bill", "compare", "-q").stdout == f"{found['best']}\n"


def test_without_a_command_it_is_the_fleet_with_its_options(minicloud: CommandLine) -> None:
    plain = minicloud("bill", "compare", "--night", "20:00-08:00", "--weekends", "-o", "json")
    named = minicloud(
        "bill", "compare", "fleet", "--night", "20:00-08:00", "--weekends", "-o", "json"
    )
    told = [json.loads(each.stdout)["alternatives"] for each in (plain, named)]
    assert [each["how"] for each in told[0]] == [each["how"] for each in told[1]]
    assert any("20:00-08:00 in UTC, and on weekends" in each["how"] for each in told[0])
    for option in ("--help", "-h"):
        assert "scaling" in minicloud("bill", "compare", option).stdout


@pytest.mark.parametrize(
    "line",
    [
        *("bill compare", "bill compare fleet --region ap-northeast-2"),
        *("bill compare --to 2035-01-01", "bill compare --class convertible"),
        *(f"bill compare scaling --visitors {shape}" for shape in ("daily", "spike", "growth")),
        "bill compare scaling --visitors daily --high 9999999 --capacity 99999 --days 60",
        "bill compare scaling --visitors daily --low 0 --high 1 --capacity 1",
    ],
)
@pytest.mark.parametrize("columns", [80, 50])
def test_nothing_is_wider_than_a_terminal(minicloud: CommandLine, line: str, columns: int) -> None:
    minicloud.on_terminal(columns)
    told = minicloud(*line.split())
    assert told.exit_code == 0, told.stderr
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.stdout)
    drawn = plain.split("visitors an hour\n")[1] if "scaling" in line else ""
    assert max(map(len, (plain if columns == 80 else drawn or "x").splitlines())) <= columns


def test_a_terminal_is_told_that_bills_are_being_computed(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SPINNER_AFTER_S", 0.0)
    minicloud.on_terminal()
    begun = threading.Event()

    def fleet(_calls: ComparisonCalls, _request: object) -> None:
        assert begun.wait(10)
        raise InvalidRequest("PriceNotFound", "no price of it", "give one")

    show = progress._Spinner.begin

    def begin(spinner: progress._Spinner) -> None:
        show(spinner)
        begun.set()

    monkeypatch.setattr(ComparisonCalls, "fleet", fleet)
    monkeypatch.setattr(progress._Spinner, "begin", begin)
    told = minicloud("bill", "compare")
    assert told.exit_code == 2
    assert "computing a bill for every way" in told.stderr
    assert told.error_lines[-1].endswith("give one")


def test_a_picture_in_the_terminal_has_no_colours_where_none_are_wanted(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    minicloud.on_terminal()
    assert "\x1b[" in minicloud(*_SCALING, "daily").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    told = minicloud(*_SCALING, "daily").stdout
    assert "\x1b[" not in told
    assert "█" in told


def test_blocks_are_drawn_where_the_locale_has_them(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "█" in minicloud(*_SCALING, "daily").stdout
    monkeypatch.setattr(type(sys.stdout), "encoding", "ascii", raising=False)
    told = minicloud(*_SCALING, "daily").stdout
    assert told.isascii()
    assert "####" in told


def test_the_json_has_all_that_the_table_has(minicloud: CommandLine) -> None:
    told = minicloud(*_SCALING, "spike", "--boot", "600").stdout
    found = json.loads(minicloud(*_SCALING, "spike", "--boot", "600", "-o", "json").stdout)
    for fleet in found["fleets"]:
        (row,) = [line for line in told.splitlines() if line.startswith(fleet["title"])]
        assert f"{fleet['idle_percent']:.1f}%" in row
        assert f"{fleet['unserved_percent']:.1f}%" in row
    assert found["fleets"][-1]["unserved_percent"] > 0
    quiet = minicloud(*_SCALING, "spike", "-q").stdout
    assert quiet.split() == ["fixed-peak", "fixed-mean", "elastic"]


def test_a_picture_is_well_formed_and_nobodys_text_is_markup(
    minicloud: CommandLine, tmp_path: Path
) -> None:
    name = '<b>&"x".csv'
    (tmp_path / name).write_text("hours,visitors\n0,100\n1,9000\n2,100\n")
    told = minicloud(*_SCALING, str(tmp_path / name), "--picture", "shop.SVG")
    assert told.exit_code == 0, told.stderr
    assert "drawn into shop.SVG" in told.stderr
    root = ElementTree.fromstring((tmp_path / "shop.SVG").read_text())
    texts = [element.text or "" for element in root.iter(f"{_SVG}text")]
    assert f"Fixed or elastic: {name}" in texts
    assert root.find(f".//{_SVG}b") is None
    for words in ("visitors an hour", "machines", "fixed for the peak", "elastic"):
        assert words in texts
    assert any("turned away" in text for text in texts)
    assert {"visitors", "unserved", "elastic", "peak", "mean"} <= {
        element.get("class") for element in root.iter()
    }
    numbers = re.findall(r"[-0-9.]+", " ".join(p.get("d", "") for p in root.iter(f"{_SVG}path")))
    assert all(0 <= float(number) <= 960 for number in numbers)


def test_a_long_curve_makes_a_small_picture(minicloud: CommandLine, tmp_path: Path) -> None:
    minicloud(*_SCALING, "daily", "--days", "366", "--picture", "year.svg")
    assert (tmp_path / "year.svg").stat().st_size < 200_000


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        ((*_SCALING, "nowhere.csv"), 2, "nowhere.csv cannot be read: No such file"),
        ((*_SCALING, "."), 2, "cannot be read: Is a directory"),
        ((*_SCALING, "a\x00b"), 2, "cannot be read"),
        ((*_SCALING, "latin.csv"), 2, "latin.csv, line 2: is not UTF-8 text"),
        ((*_SCALING, "utf16.csv"), 2, "utf16.csv, line 1: is not UTF-8 text"),
        ((*_SCALING, "/dev/zero"), 2, "zero is larger than 4 MiB"),
        ((*_SCALING, "bad.csv"), 2, "bad.csv, line 3: its visitors '-5' cannot be meant"),
        ((*_SCALING, "bad.csv", "--high", "5"), 2, "--high is of a shape"),
        ((*_SCALING, "bad.csv", "--peak-hour", "5"), 2, "--peak-hour is of a shape"),
        ((*_SCALING, "daily", "--time-unit", "hours"), 2, "--time-unit is of a file"),
        ((*_SCALING, "daily", "--spike-hours", "3"), 2, "daily has no spike"),
        ((*_SCALING, "daily", "--picture", "x.png"), 2, "name it FILE.svg"),
        ((*_SCALING, "daily", "--picture", "no/x.svg"), 2, "no/x.svg cannot be written"),
        ((*_SCALING, "daily", "--type", "t9.huge"), 2, "is not an instance type"),
        (_SCALING[:3], 2, "--visitors"),
        (("bill", "compare", "--night", "soon"), 2, "is not a night"),
        (("bill", "compare", "nothing"), 2, "nothing"),
    ],
)
def test_what_cannot_be_compared_is_told_in_two_lines(
    minicloud: CommandLine, tmp_path: Path, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    (tmp_path / "latin.csv").write_bytes(b"hours,visitors\n0,\xe9\n")
    (tmp_path / "utf16.csv").write_text("hours,visitors\n0,1\n1,2\n", encoding="utf-16")
    (tmp_path / "bad.csv").write_text("hours,visitors\n0,1\n1,-5\n")
    told = minicloud(*arguments)
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (exit_code, "", 2)
    assert words in " ".join(told.error_lines)


def test_shapes_and_files_complete(minicloud: CommandLine) -> None:
    from click.shell_completion import ShellComplete

    from minicloud.cli.root import root

    completing = ShellComplete(root, {}, "minicloud", "_MINICLOUD_COMPLETE")
    found = completing.get_completions([*_SCALING], "da")
    assert [item.value for item in found] == ["daily"]
    (file,) = completing.get_completions([*_SCALING], "./sh")
    assert file.type == "file"
    groups = completing.get_completions(["bill", "compare"], "")
    assert {item.value for item in groups} >= {"fleet", "scaling"}
    options = completing.get_completions(["bill", "compare", "--weekends"], "--head")
    assert [item.value for item in options] == ["--headroom"]


def test_slices_are_means_that_lose_nothing() -> None:
    moments = (Moment(0, 30, 100, 50), Moment(30, 100, 10, 50))
    series = Series(moments, 100, 100, 50)
    for count in (1, 3, 7, 100):
        parts = slices(series, count)
        width = 100 / count
        assert sum(part.served for part in parts) * width == pytest.approx(30 * 50 + 70 * 10)
        assert sum(part.unserved for part in parts) * width == pytest.approx(30 * 50)
        assert {round(part.capacity, 6) for part in parts} == {50}


@pytest.mark.parametrize(
    ("highest", "most", "step"),
    [(10_000, 4, 2500), (13_000, 4, 4000), (9, 4, 2.5), (1, 6, 0.2), (0.001, 5, 0.0002)],
)
def test_steps_are_round(highest: float, most: int, step: float) -> None:
    assert round_step(highest, most) == pytest.approx(step)


@pytest.mark.parametrize(
    ("length_s", "most", "labels", "unit"),
    [
        (86_400, 8, ["0", "3", "6", "9", "12", "15", "18", "21", "24"], "hours"),
        (7 * 86_400, 8, ["0", "1", "2", "3", "4", "5", "6", "7"], "days"),
        (90, 8, ["0"], "hours"),
    ],
)
def test_ticks_of_time(length_s: float, most: int, labels: list[str], unit: str) -> None:
    ticks, its_unit = time_ticks(length_s, most)
    assert ([label for _, label in ticks], its_unit) == (labels, unit)
