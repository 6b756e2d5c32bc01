"""Budgets, forecasts, exports and exchanges on the command line, down to a cloud's ledger."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from minicloud.client import Client
from minicloud.domain.billing.focus_terms import COLUMNS
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.tags import NAME_KEY
from tests.unit.app_transport import app_transport
from tests.unit.cloud import Cloud
from tests.unit.command_line import CommandLine
from tests.unit.conftest import MakeCloud
from tests.unit.focus_rules import broken_rules

_CONVERTIBLE = "t3.micro:1y:all-upfront:convertible"
_TARGET = "m5.large:1y:all-upfront:convertible"


def _lived_in(cloud: Cloud) -> None:
    cloud.launch("a-machine-with-a-rather-long-name-0123456789")
    cloud.launch("shop", "m7i.large")
    cloud.allocate("front")
    cloud.balance("web", "shop")
    cloud.create_image("shop", "shop-1")
    cloud.clock.sleep(40 * 3600)


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> Cloud:
    return make_cloud(_lived_in)


@pytest.fixture
def minicloud(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    command_line = CommandLine(monkeypatch, capsys)
    client = Client(app_transport(cloud))
    monkeypatch.setattr("minicloud.client.Client.connect", lambda _home, **_settings: client)
    monkeypatch.setattr("minicloud.cli.cloud.is_answering", lambda _path: True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return command_line


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What a person at a terminal types."""

    def type_in(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)

    return type_in


@pytest.fixture
def reserved(minicloud: CommandLine, cloud: Cloud) -> str:
    """A convertible reservation, of which four fifths are left."""
    told = minicloud("reservation", "buy", _CONVERTIBLE, "--yes", "-q")
    cloud.clock.sleep(73 * 86400)
    return told.stdout.strip()


def test_a_budget_is_made_looked_at_and_forgotten(minicloud: CommandLine) -> None:
    thresholds = ("--notify", "80%", "--notify", "forecast:100%")
    told = minicloud("budget", "create", "all", "--monthly", "5", *thresholds)
    assert told.exit_code == 0, told.stderr
    assert "USD 5.00 a month (UTC), at the prices of us-east-1" in told.stdout
    assert "80%, passed" in told.stdout
    assert "forecast:100%, passed" in told.stdout
    listed = minicloud("budget", "list").stdout
    assert re.search(r"all +5\.00 +\d\.\d\d +\d+% +\d+\.\d\d +alert +80%, forecast:100%", listed)
    assert minicloud("budget", "list", "-q").stdout == "all\n"
    picked = minicloud("budget", "list", "--query", "[?alert].name")
    assert json.loads(picked.stdout) == ["all"]
    assert minicloud("budget", "delete", "all").exit_code == 0
    assert minicloud("budget", "list", "-o", "json").stdout == "[]\n"


def test_status_tells_of_budgets_where_there_are_any(minicloud: CommandLine) -> None:
    assert "Budgets" not in minicloud("status").stdout
    assert json.loads(minicloud("status", "-o", "json").stdout)["budgets"] == []
    minicloud("budget", "create", "small", "--monthly", "0.01", "--notify", "80%")
    minicloud("budget", "create", "large", "--monthly", "1000", "--notify", "80%")
    told = minicloud("status")
    assert told.exit_code == 0, told.stderr
    assert re.search(r"Budgets +small: \d\.\d\d of 0\.01 \(\d+%\), alert: above 80%", told.stdout)
    assert re.search(r"large: \d\.\d\d of 1000\.00 \(0%\), ok\n", told.stdout)
    shown = json.loads(minicloud("status", "-o", "json").stdout)
    assert [(b["name"], b["alert"]) for b in shown["budgets"]] == [
        ("small", True),
        ("large", False),
    ]
    assert minicloud("status", "-q").stdout == "running\n"


def test_a_bill_that_cannot_be_computed_is_told_beside_the_budget(
    minicloud: CommandLine, cloud: Cloud
) -> None:
    minicloud("budget", "create", "all", "--monthly", "5")
    with cloud.store.write() as transaction:
        transaction.ledger.append(
            LedgerEntry(cloud.clock.now(), LedgerKind.INSTANCE_STATE, "i-x", {"type": "t3.micro"})
        )
    assert "all: - of 5.00, unknown" in minicloud("status").stdout
    shown = minicloud("budget", "show", "all").stdout
    assert "does not say its state" in shown
    assert "Spent       - (-)" in shown


def test_a_forecast_says_how_it_was_found(minicloud: CommandLine) -> None:
    told = minicloud("bill", "forecast").stdout
    assert "2030-01 (UTC), as seen at 2030-01-02" in told
    assert re.search(r"Forecast +USD \d+\.\d\d, estimated \(exactly ", told)
    words = " ".join(told.split())
    assert "as if it stayed so until the month ends" in words
    assert re.search(r"instances +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d", told)
    found = json.loads(minicloud("bill", "forecast", "-o", "json").stdout)
    sums = [sum(Decimal(each[key]) for each in found["services"]) for key in ("spent", "forecast")]
    assert sums == [Decimal(found["spent"]), Decimal(found["forecast"])]
    assert minicloud("bill", "forecast", "--month", "2030-02", "-q").stdout.strip() != "0"


def test_exports_have_every_digit_of_the_bill(minicloud: CommandLine, tmp_path: Path) -> None:
    period = ("--from", "2030-01-01", "--to", "2030-01-02T12:00")
    shown = minicloud("bill", "show", *period, "-o", "json").stdout
    bill = json.loads(shown)
    exported = minicloud("bill", "export", "--format", "json", *period).stdout
    assert _without_now(exported) == _without_now(shown)
    file = tmp_path / "bill.csv"
    told = minicloud("bill", "export", "--format", "csv", *period, "-o", str(file))
    assert (told.exit_code, told.stdout) == (0, "")
    data = file.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") == len(bill["lines"]) + 1
    rows = [*csv.DictReader(io.StringIO(data.decode(), newline=""))]
    assert [row["amount"] for row in rows] == [line["amount"] for line in bill["lines"]]
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(bill["total"])
    assert rows[0]["price_source"] == bill["lines"][0]["price"]["source"]


def _without_now(text: str) -> str:
    return re.sub(r'"now": "[^"]*"', "", text)


@pytest.mark.parametrize("reserve", [False, True])
def test_a_focus_export_is_valid_and_adds_up(
    minicloud: CommandLine, cloud: Cloud, reserve: bool
) -> None:
    if reserve:
        bought = minicloud("reservation", "buy", _CONVERTIBLE, "--yes", "-q").stdout.strip()
        cloud.clock.sleep(3600)
        minicloud("reservation", "exchange", bought, "--offering", _TARGET, "--yes")
        cloud.clock.sleep(3600)
    period = ("--from", "2030-01-01", "--to", "2030-01-03")
    told = minicloud("bill", "export", "--format", "focus", *period)
    assert (told.exit_code, told.stderr) == (0, "")
    header, *lines = csv.reader(io.StringIO(told.stdout, newline=""))
    assert header == [*COLUMNS]
    rows = [{name: cell or None for name, cell in zip(header, line, strict=True)} for line in lines]
    assert broken_rules(header, rows) == []
    for view, column in (("unblended", "BilledCost"), ("amortised", "EffectiveCost")):
        total = minicloud("bill", "show", *period, "--view", view, "-q").stdout
        assert sum(Decimal(row[column] or 0) for row in rows) == Decimal(total)
    assert {row["ResourceName"] for row in rows} >= {"shop", "front", "web", "shop-1"}
    assert {row["x_Simulated"] for row in rows} == {"false"}


def test_a_formula_is_made_harmless_for_people_and_kept_for_programs(
    minicloud: CommandLine, cloud: Cloud
) -> None:
    from dataclasses import replace

    formula = '=HYPERLINK("http://x","y")'
    with cloud.store.write() as transaction:
        for number, instance in enumerate(transaction.instances.all()):
            name = [formula, "+1 shop"][number]
            transaction.instances.save(replace(instance, tags={NAME_KEY: name}))
    text = minicloud("bill", "export", "--format", "csv").stdout
    names = {row["name"] for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert {f"'{formula}", "'+1 shop"} <= names
    assert formula not in names
    told = minicloud("bill", "export", "--format", "focus")
    found = {row["ResourceName"] for row in csv.DictReader(io.StringIO(told.stdout, newline=""))}
    assert {formula, "+1 shop"} <= found
    assert "may take for a formula: import the file as text" in told.stderr


def test_an_export_that_fails_leaves_the_file_as_it_was(
    minicloud: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "kept.csv"
    file.write_text("mine")
    told = minicloud("bill", "export", "--format", "csv", "--region", "mars", "-o", str(file))
    assert (told.exit_code, file.read_text()) == (3, "mine")
    told = minicloud("bill", "export", "--format", "focus", "--region", "mars", "-o", str(file))
    assert (told.exit_code, file.read_text()) == (3, "mine")
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
    told = minicloud("bill", "export", "--format", "csv", "-o", str(tmp_path / "no" / "such.csv"))
    assert (told.exit_code, len(told.error_lines)) == (2, 2)


def test_an_exchange_is_quoted_asked_for_and_done(
    minicloud: CommandLine, answer: Callable[[str], None], reserved: str
) -> None:
    line = ("reservation", "exchange", reserved, "--offering", _TARGET)
    trial = minicloud(*line, "--dry-run")
    assert trial.exit_code == 0, trial.stderr
    assert re.search(r"To be paid now +USD \d+\.\d\d", trial.stdout)
    quoted = json.loads(minicloud(*line, "--dry-run", "-o", "json").stdout)
    answer("n\n")
    told = minicloud(*line)
    assert told.exit_code == 130
    assert "1 × t3.micro for 1 × m5.large, until 2031-01-02" in told.stderr
    assert "is to be paid now, then 0 per hour for all" in told.stderr
    assert "nothing was exchanged" in told.stderr
    assert minicloud("reservation", "list", "-q").stdout == f"{reserved}\n"
    answer("y\n")
    got = minicloud(*line, "-q").stdout.strip()
    assert minicloud("reservation", "list", "-q").stdout == f"{reserved}\n{got}\n"
    listed = minicloud("reservation", "list").stdout
    assert re.search(r"t3\.micro .* retired +2030-03-1", listed)
    assert re.search(r"m5\.large .* active +2031-01-02", listed)
    bill = json.loads(minicloud("bill", "show", "-o", "json").stdout)
    (true_up,) = [line for line in bill["lines"] if line["rule"] == "reservation-true-up"]
    assert Decimal(true_up["amount"]) == pytest.approx(
        Decimal(quoted["true_up_usd"]), abs=Decimal("0.01")
    )


@pytest.mark.parametrize(
    ("line", "exit_code", "words"),
    [
        ("budget create all", 2, "--monthly"),
        ("budget create all --monthly ten", 2, "is not an amount"),
        ("budget create a/b --monthly 10", 2, "cannot be a name"),
        ("budget create all --monthly 10 --notify soon", 2, "the threshold 'soon' cannot be read"),
        ("budget create all --monthly 10 --region mars", 3, "no price book of region"),
        ("budget show all", 3, "there is no budget 'all'"),
        ("budget delete all", 3, "there is no budget 'all'"),
        ("bill forecast --month 2026-13", 2, "is not a month"),
        ("bill export", 2, "--format"),
        ("bill export --format focus --view amortised", 2, "leave out --view"),
        ("bill export --format csv --from yesterday", 2, "cannot be read as a time"),
        ("reservation exchange ri-0 --offering " + _TARGET, 3, "there is no reservation"),
        ("reservation exchange ri-0", 2, "--offering"),
    ],
)
def test_what_cannot_be_done_is_told_in_two_lines(
    minicloud: CommandLine, line: str, exit_code: int, words: str
) -> None:
    told = minicloud(*line.split())
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (exit_code, "", 2)
    assert words in told.stderr


@pytest.mark.parametrize(
    "line",
    [
        *("budget list", "budget show all", "status", "bill forecast", "reservation list"),
        "bill show --view amortised",
    ],
)
def test_nothing_is_wider_than_a_terminal(minicloud: CommandLine, reserved: str, line: str) -> None:
    minicloud("reservation", "exchange", reserved, "--offering", _TARGET, "--yes")
    thresholds = [f"--notify=forecast:{n}.123456%" for n in range(1, 11)]
    minicloud("budget", "create", "all", "--monthly", "123456789.12", *thresholds)
    minicloud("budget", "create", "b" * 63, "--monthly", "0.01", *thresholds)
    minicloud.on_terminal(80)
    told = minicloud(*line.split())
    assert told.exit_code == 0, told.stderr
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.stdout)
    if line != "status":
        assert max(map(len, plain.splitlines())) <= 80


@pytest.mark.parametrize(
    "command",
    [
        *("budget create", "budget list", "budget show", "budget delete"),
        *("bill forecast", "bill export", "reservation exchange"),
    ],
)
def test_every_example_of_the_help_works(
    minicloud: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    reserved: str,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = minicloud(*command.split(), "--help").stdout
    examples = re.findall(r"^ +minicloud (.+)$", shown.replace("\\\n", ""), re.MULTILINE)
    assert examples
    for example in examples:
        if command.startswith("budget"):
            minicloud("budget", "delete", "all")
        if command in {"budget show", "budget delete"}:
            minicloud("budget", "create", "all", "--monthly", "10")
        known = re.sub(r"ri-[0-9a-f]{17}", reserved, example.partition(" | ")[0])
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', known)]
        assert words[: len(command.split())] == command.split()
        told = minicloud(*words)
        assert told.exit_code == 0, (example, told.stderr)
