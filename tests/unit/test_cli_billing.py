"""Bills, prices and reservations on the command line, down to the ledger of a cloud."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from minicloud.client import Client
from minicloud.domain.billing.money import cents_text
from tests.unit.app_transport import app_transport
from tests.unit.billing_book import BOOK_TEXT
from tests.unit.cloud import Cloud
from tests.unit.command_line import CommandLine
from tests.unit.conftest import MakeCloud

_OFFERING = "t3.micro:1y:all-upfront:standard"
_COMMANDS = [
    *("bill show", "price show", "price list", "price compare"),
    *("reservation offerings", "reservation buy", "reservation list"),
]


def _lived_in(cloud: Cloud) -> None:
    cloud.launch("a-machine-with-a-rather-long-name-0123456789")
    cloud.launch("shop", "m7i.large")
    cloud.allocate("front")
    cloud.associate("front", "shop")
    cloud.balance("web", "shop")
    cloud.create_image("shop", "shop-1")
    cloud.clock.sleep(40 * 3600)
    cloud.stop("shop")
    cloud.clock.sleep(3600)


@pytest.fixture
def minicloud(
    make_cloud: MakeCloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    command_line = CommandLine(monkeypatch, capsys)
    client = Client(app_transport(make_cloud(_lived_in)))
    monkeypatch.setattr("minicloud.client.Client.connect", lambda _home, **_settings: client)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return command_line


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What a person at a terminal types."""

    def type_in(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)

    return type_in


def test_a_bill_says_its_period_its_prices_and_its_total(minicloud: CommandLine) -> None:
    told = minicloud("bill", "show")
    assert told.exit_code == 0, told.stderr
    bill = json.loads(minicloud("bill", "show", "-o", "json").stdout)
    assert f"USD {cents_text(Decimal(bill['total']))}" in told.stdout
    assert "(exactly " in told.stdout
    for words in ("2030-01-01 00:00:00Z to", "UTC, for times without an offset", "us-east-1"):
        assert words in told.stdout
    rules = ("on-demand", "address-on-stopped", "address-of-balancer", "balancer-hours")
    for words in (*rules, "GB-month"):
        assert words in told.stdout
    assert sum(Decimal(line["amount"]) for line in bill["lines"]) == Decimal(bill["total"])


@pytest.mark.parametrize(
    "line",
    [
        *("bill show", "bill show --view amortised", "bill show --to 2035-01-01"),
        *(f"bill show --group-by {by}" for by in ("instance", "type", "tag", "service", "day")),
        *("price list", "price list --region ap-northeast-2", "price show t2.micro"),
        "price show m7i.large --region ap-northeast-2",
        "price compare t3.micro m5.8xlarge c6i.8xlarge r6i.8xlarge",
        *("reservation offerings", "reservation list"),
    ],
)
def test_nothing_is_wider_than_a_terminal(minicloud: CommandLine, line: str) -> None:
    minicloud("reservation", "buy", "m6i.8xlarge:3y:partial-upfront:convertible", "--yes")
    minicloud.on_terminal(80)
    told = minicloud(*line.split())
    assert told.exit_code == 0, told.stderr
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.stdout)
    assert max(map(len, plain.splitlines())) <= 80


def test_formats_and_queries(minicloud: CommandLine) -> None:
    as_json = json.loads(minicloud("bill", "show", "--to", "2030-01-02", "-o", "json").stdout)
    as_yaml = yaml.safe_load(minicloud("bill", "show", "--to", "2030-01-02", "-o", "yaml").stdout)
    for changing in ("now",):
        del as_json[changing], as_yaml[changing]
    assert as_json == as_yaml
    assert minicloud("bill", "show", "--to", "2030-01-02", "-q").stdout == f"{as_json['total']}\n"
    picked = minicloud("bill", "show", "--query", "lines[].rule").stdout
    assert "on-demand" in json.loads(picked)
    assert minicloud("price", "show", "t3.micro", "-q").stdout == "t3.micro\n"
    assert "t3.micro" in minicloud("price", "list", "-q").stdout.split()
    listed = json.loads(minicloud("price", "list", "-o", "json").stdout)
    assert {"types", "others", "region", "at"} <= set(listed)
    assert minicloud("reservation", "list", "-o", "json").stdout == "[]\n"


def test_what_is_estimated_is_marked_in_every_output(minicloud: CommandLine) -> None:
    future = ("bill", "show", "--from", "2034-12-01", "--to", "2035-01-01")
    table = minicloud(*future).stdout
    assert "estimated" in table
    assert all(line.endswith("est.") for line in table.splitlines() if "balancer-hours" in line)
    assert "as if all went on as it is now" in " ".join(table.split())
    bill = json.loads(minicloud(*future, "-o", "json").stdout)
    assert bill["estimated"]
    assert all(line["estimated_because"] == ["it has not happened yet"] for line in bill["lines"])
    grouped = minicloud(*future, "--group-by", "service").stdout.splitlines()
    assert grouped[-1].endswith("est.")
    seoul = ("--region", "ap-northeast-2")
    priced = json.loads(minicloud("bill", "show", *seoul, "-o", "json").stdout)
    by_price = {line["subject"]: line["estimated_because"] for line in priced["lines"]}
    assert by_price["m7i.large"] == ["its price is an estimate"]
    assert by_price["t3.micro"] == []
    assert "(an estimate)" in minicloud("price", "show", "m7i.large", *seoul).stdout
    (row,) = [
        line
        for line in minicloud("price", "list", *seoul).stdout.splitlines()
        if "m7i.large" in line
    ]
    assert row.endswith("est.")


def test_a_price_says_where_it_comes_from_and_what_it_was(minicloud: CommandLine) -> None:
    shown = minicloud("price", "show", "t2.micro").stdout
    for words in ("USD 0.0116 per hour", "2017-10-26", "karpenter", "0.013  est.", "(in force)"):
        assert words in shown
    past = minicloud("price", "show", "t2.micro", "--at", "2017-01-01").stdout
    assert "USD 0.012 per hour (an estimate)" in past
    absent = minicloud("price", "show", "m7i.large", "--at", "2017-01-01").stdout
    assert "USD - per hour" in absent
    compared = minicloud("price", "compare", "t3.micro", "t3.large").stdout
    assert re.search(r"t3\.large .* 8\.00", compared)


def test_a_book_of_ones_own(minicloud: CommandLine, tmp_path: Path) -> None:
    book = tmp_path / "mine.toml"
    book.write_text(BOOK_TEXT)
    told = minicloud("price", "show", "t3.micro", "--prices", str(book))
    assert "USD 0.18 per hour" in told.stdout
    book.write_text(BOOK_TEXT.replace('"t3.nano" = 0.18', '"t3.nano" = -0.18'))
    told = minicloud("bill", "show", "--prices", str(book))
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
    assert "mine.toml, line 11: on_demand[1].usd_per_hour.'t3.nano': is -0.18" in told.stderr


@pytest.mark.parametrize("data", [b"\xff\xfe", b"#" * (1024 * 1024 + 1), None])
def test_what_is_no_book_is_refused_here(
    minicloud: CommandLine, tmp_path: Path, data: bytes | None
) -> None:
    if data is not None:
        (tmp_path / "book").write_bytes(data)
    told = minicloud("bill", "show", "--prices", str(tmp_path / "book"))
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
    assert "--prices" in told.error_lines[0]


@pytest.mark.parametrize(
    ("line", "exit_code", "words"),
    [
        ("bill show --from yesterday", 2, "cannot be read as a time"),
        ("bill show --from 2030-02-01 --to 2030-01-01", 2, "no later than it begins"),
        ("bill show --timezone Mars/Olympus", 2, "is not a time zone"),
        ("bill show --from 2024-03-10T02:30 --timezone America/New_York", 2, "does not exist"),
        ("bill show --group-by colour", 2, "nothing can be grouped by"),
        ("bill show --view blended", 2, "blended"),
        ("bill show --region mars", 3, "no price book of region"),
        ("price show t3.mikro", 2, "is not an instance type"),
        ("price compare t3.micro", 2, "at least two types"),
        ("price compare", 2, "TYPE"),
        ("reservation offerings --years 2", 2, "years"),
        ("reservation buy t3.micro", 2, "there is no offering"),
        ("reservation buy t3.mikro:1y:all-upfront:standard --yes", 2, "is not an instance type"),
        ("reservation buy " + _OFFERING + " --count 0 --yes", 2, "the count is 0"),
        ("reservation buy " + _OFFERING, 2, "ConfirmationNeeded"),
    ],
)
def test_what_cannot_be_done_is_told_in_two_lines(
    minicloud: CommandLine, line: str, exit_code: int, words: str
) -> None:
    told = minicloud(*line.split())
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (exit_code, "", 2)
    assert words in told.stderr
    assert minicloud("reservation", "list", "-q").stdout == ""


def test_buying_says_when_it_pays_off_and_asks(
    minicloud: CommandLine, answer: Callable[[str], None]
) -> None:
    answer("n\n")
    told = minicloud("reservation", "buy", _OFFERING, "--count", "2")
    assert told.exit_code == 130
    assert "USD 53.00 each now, then 0 each per hour, used or not: 106.00 in all" in told.stderr
    assert "it pays off if it runs more than 59% of the time" in told.stderr
    assert "nothing was bought" in told.stderr
    assert minicloud("reservation", "list", "-q").stdout == ""
    answer("y\n")
    told = minicloud("reservation", "buy", _OFFERING, "--count", "2", "-q")
    assert told.exit_code == 0
    assert minicloud("reservation", "list", "-q").stdout == told.stdout
    listed = minicloud("reservation", "list").stdout
    assert re.search(r"t3\.micro +2 +1y +all-upfront +standard +active +2031-01-02", listed)
    bill = json.loads(minicloud("bill", "show", "-o", "json").stdout)
    (upfront,) = [line for line in bill["lines"] if line["rule"] == "reservation-upfront"]
    assert upfront["amount"] == "106"


@pytest.mark.parametrize(
    ("hourly", "words"),
    [
        ("0.35", "it pays off if it runs more than 98% of the time"),
        ("0.36", "it pays off only if it never stops"),
        ("0.37", "it never pays off"),
    ],
)
def test_what_hardly_pays_off_is_said_so(
    minicloud: CommandLine, tmp_path: Path, hourly: str, words: str
) -> None:
    book = BOOK_TEXT.replace(
        "{ upfront = 438, per_hour = 0.05 }", f"{{ upfront = 0.01, per_hour = {hourly} }}"
    )
    book = book.replace(
        'from = 2024-03-10\nsource = "made up, a cut"\nas_of = 2024-03-10\n[on',
        'from = 2190-01-01\nsource = "later"\nas_of = 2024-03-10\n[on',
    )
    (tmp_path / "b.toml").write_text(book.replace("upfront = 0.01", "upfront = 0"))
    line = f"reservation buy t3.micro:1y:partial-upfront:standard --yes --prices {tmp_path}/b.toml"
    told = minicloud(*line.split())
    assert words in told.stderr


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_example_of_the_help_works(
    minicloud: CommandLine, answer: Callable[[str], None], command: str
) -> None:
    shown = minicloud(*command.split(), "--help").stdout
    examples = re.findall(r"^ +minicloud (.+)$", shown, re.MULTILINE)
    assert examples
    for example in examples:
        answer("y\n")
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', example)]
        assert words[: len(command.split())] == command.split()
        told = minicloud(*words)
        assert told.exit_code == 0, (example, told.stderr)


def test_bill_imports_neither_the_server_nor_its_libraries() -> None:
    heavy = {"pydantic", "sqlalchemy", "starlette", "minicloud.services", "minicloud.api"}
    import subprocess

    listing = "import sys; import minicloud.cli.bill; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    )
    assert not heavy & set(done.stdout.split())
