"""``up``, ``down``, ``status``, completion: the cloud itself."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from minicloud.cli.root import root
from minicloud.domain.errors import Unavailable
from minicloud.home import CloudHome
from tests.unit import canned
from tests.unit.command_line import CommandLine


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    monkeypatch.setattr("minicloud.cli.cloud.await_end", lambda _pid: None)
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/status"): canned.status(),
            ("GET", "/budgets"): [],
            ("POST", "/shutdown"): {},
            ("POST", "/purge"): [{"message": "removed this"}, {"done": True}],
            ("PATCH", "/settings"): canned.status()["settings"],
        }
    )
    return command_line


@pytest.fixture
def home(minicloud: CommandLine) -> Iterator[CloudHome]:
    """A cloud with a folder, on whose socket something listens."""
    found = CloudHome()
    found.ensure()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(found.socket))
        listening.listen()
        yield found


def test_status_of_a_cloud_at_rest_starts_nothing(minicloud: CommandLine) -> None:
    told = minicloud("status", "-o", "json")
    assert told.exit_code == 0
    assert json.loads(told.stdout)["state"] == "stopped"
    assert not minicloud.server.asked
    assert minicloud("status", "-q").stdout == "stopped\n"
    assert not CloudHome().folder.exists()


def test_status_tells_capacity_and_counts(minicloud: CommandLine, home: CloudHome) -> None:
    told = minicloud("status").stdout
    assert "2 of 8 vCPUs given (overcommit 4)" in told
    assert "2 running, 3 terminated" in told
    assert "1 of 5" in told
    assert json.loads(minicloud("status", "-o", "json").stdout)["engine"]["memory_mib"] == 8192


def test_up_sets_what_was_given_alone(minicloud: CommandLine) -> None:
    assert minicloud("up", "--memory-overcommit", "3").exit_code == 0
    assert minicloud.server.asked[0] == (
        "PATCH",
        "/settings",
        {
            "cpu_overcommit": None,
            "memory_overcommit": 3.0,
            "address_limit": None,
            "region": None,
        },
    )


def test_up_without_an_engine_says_what_to_do(minicloud: CommandLine) -> None:
    unreachable = {"reachable": False, "error": canned.error("EngineUnreachable")}
    minicloud.server.answers["GET", "/status"] = canned.status(engine=unreachable, capacity=None)
    told = minicloud("up")
    assert (told.exit_code, told.stdout) == (6, "")
    assert told.error_lines == ["error: EngineUnreachable: no room is left", "  → make some"]


def test_down_says_what_goes_on(minicloud: CommandLine, home: CloudHome) -> None:
    told = minicloud("down")
    assert told.exit_code == 0
    assert "2 machines keep running" in told.stderr
    assert "down --purge" in told.stderr


def test_down_of_a_cloud_at_rest_does_nothing(minicloud: CommandLine) -> None:
    told = minicloud("down")
    assert (told.exit_code, told.stdout) == (0, "")
    assert "is not running" in told.stderr
    assert not minicloud.server.asked


def test_purge_asks_and_without_a_terminal_refuses(minicloud: CommandLine, home: CloudHome) -> None:
    told = minicloud("down", "--purge")
    assert told.exit_code == 2
    assert "--yes" in told.error_lines[1]
    assert home.folder.exists()
    assert all(path != "/purge" for _, path, _ in minicloud.server.asked)


def test_purge_tells_what_goes_and_removes_the_folder(
    minicloud: CommandLine, home: CloudHome
) -> None:
    told = minicloud("down", "--purge", "--images", "--yes")
    assert told.exit_code == 0
    assert "2 instances, 2 images, 1 address, 1 load balancer, the ledger" in told.stderr
    assert "removed this" in told.stderr
    assert minicloud.server.asked[-1] == ("POST", "/purge", {"images": True})
    assert not home.folder.exists()


def test_a_purge_that_fails_keeps_the_records(minicloud: CommandLine, home: CloudHome) -> None:
    minicloud.server.answers["POST", "/purge"] = Unavailable("EngineError", "a", "b")
    assert minicloud("down", "--purge", "--yes").exit_code == 6
    assert home.folder.exists()


def test_purging_what_never_was_is_no_error(minicloud: CommandLine) -> None:
    told = minicloud("--cloud", "never", "down", "--purge", "--yes")
    assert told.exit_code == 0
    assert "nothing to remove" in told.stderr
    assert not minicloud.server.asked


@pytest.mark.parametrize("code", ["ServerDied", "StoreDamaged"])
def test_purging_a_damaged_cloud_says_how_to_do_it_by_hand(
    minicloud: CommandLine, home: CloudHome, code: str
) -> None:
    minicloud.server.answers["GET", "/status"] = Unavailable(code, "it is damaged", "log")
    told = minicloud("down", "--purge", "--yes")
    assert told.exit_code == 6
    assert "CloudDamaged" in told.error_lines[0]
    assert str(home.folder) in told.error_lines[1]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(minicloud: CommandLine, shell: str) -> None:
    assert "_MINICLOUD_COMPLETE" in minicloud("completion", shell).stdout


def _completions(arguments: list[str], incomplete: str) -> list[str]:
    completer = ShellComplete(root, {}, "minicloud", "_MINICLOUD_COMPLETE")
    return [item.value for item in completer.get_completions(arguments, incomplete)]


def test_names_are_completed_from_the_server(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/instances"] = [canned.instance(1), canned.instance(2)]
    assert _completions(["instance", "stop"], "web") == ["web-1", "web-2"]
    assert _completions(["instance"], "sto") == ["stop"]


def test_a_name_that_is_not_plain_or_not_the_only_one_is_never_completed(
    minicloud: CommandLine,
) -> None:
    names = ["$(reboot)", "a b; c", "twin", "twin", "i-0", "web"]
    machines = [{**canned.instance(n), "name": name} for n, name in enumerate(names)]
    minicloud.server.answers["GET", "/instances"] = machines
    ids = [machine["id"] for machine in machines]
    assert _completions(["instance", "stop"], "") == [*ids[:5], "web"]


def test_completion_is_silent_where_no_server_answers(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/instances"] = Unavailable("ServerNotRunning", "a", "b")
    assert _completions(["instance", "stop"], "") == []


def test_reset_asks_and_tells_what_goes(minicloud: CommandLine) -> None:
    ended = canned.operation(kind="reset-cloud", status="succeeded")
    minicloud.server.answers["POST", "/reset"] = {"operations": [ended]}
    minicloud.server.answers["GET", f"/operations/{ended['id']}"] = ended
    refused = minicloud("reset")
    assert refused.exit_code == 2
    assert all(path != "/reset" for _, path, _ in minicloud.server.asked)
    told = minicloud("reset", "--yes")
    assert told.exit_code == 0
    assert "the images of its own" in told.stderr
    assert told.stderr.endswith("cloud default is empty\n")


def test_the_engine_of_a_cloud_that_exists_stays(minicloud: CommandLine) -> None:
    told = minicloud("up", "--engine", "simulated", "--region", "eu-west-1")
    assert told.exit_code == 4
    assert "the engine of cloud default is docker, and stays so" in told.stderr
    assert all(method != "PATCH" for method, _, _ in minicloud.server.asked)
    assert minicloud("up", "--engine", "docker").exit_code == 0


def test_a_simulated_cloud_says_so(minicloud: CommandLine, home: CloudHome) -> None:
    simulated = canned.status()
    simulated["cloud"]["engine"] = "simulated"
    minicloud.server.answers["GET", "/status"] = simulated
    table = minicloud("status").stdout
    assert "nothing can be connected to" in table
    assert "Docker" not in table
