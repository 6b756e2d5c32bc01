"""What commands ask of the server, and how they see it through."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest

from minicloud.cli import progress
from minicloud.domain.errors import Conflict, Unavailable
from tests.unit import canned
from tests.unit.command_line import CommandLine

_ID = "i-00000000000000001"
_OTHER_ID = "i-00000000000000002"
_OP = "op-00000000000000001"


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/instances/web-1"): canned.instance(1),
            ("GET", f"/instances/{_ID}"): canned.instance(1, state="stopped"),
            ("GET", "/instances/web-2"): canned.instance(2),
            ("GET", f"/instances/{_OTHER_ID}"): canned.instance(2, state="stopped"),
            ("POST", f"/instances/{_ID}/stop"): {"operations": [canned.operation("running")]},
            ("POST", f"/instances/{_OTHER_ID}/stop"): {"operations": []},
            ("GET", f"/operations/{_OP}"): canned.operation(),
        }
    )
    return command_line


def _posts(minicloud: CommandLine) -> list[tuple[str, Any]]:
    return [(path, body) for method, path, body in minicloud.server.asked if method == "POST"]


def test_stop_waits_and_prints_the_machine_as_it_then_is(minicloud: CommandLine) -> None:
    told = minicloud("instance", "stop", "web-1")
    assert told.exit_code == 0
    assert "stopped" in told.stdout
    assert f"stop-instance {_ID}: withdraw-address done" in told.stderr


def test_several_are_begun_before_any_is_waited_for(minicloud: CommandLine) -> None:
    told = minicloud("instance", "stop", "web-1", "web-2", "web-1", "-q")
    assert told.stdout == f"{_ID}\n{_OTHER_ID}\n"
    assert told.stderr == ""
    assert [path for path, _ in _posts(minicloud)] == [
        *(f"/instances/{_ID}/stop", f"/instances/{_OTHER_ID}/stop")
    ]


def test_an_unknown_name_stops_the_command_before_it_did_anything(minicloud: CommandLine) -> None:
    told = minicloud("instance", "stop", "web-1", "nosuch")
    assert told.exit_code == 3
    assert not _posts(minicloud)


def test_what_can_be_done_is_done_and_what_failed_is_told(minicloud: CommandLine) -> None:
    wrong = Conflict("IncorrectInstanceState", "it is running", "stop it")
    minicloud.server.answers["POST", f"/instances/{_OTHER_ID}/stop"] = wrong
    told = minicloud("instance", "stop", "web-2", "web-1", "-q")
    assert told.exit_code == 4
    assert told.stdout == f"{_ID}\n"
    assert told.error_lines == ["error: IncorrectInstanceState: it is running", "  → stop it"]


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("EngineDiskFull", 6),
        ("EngineUnreachable", 6),
        ("InternalError", 1),
        ("InsufficientInstanceCapacity", 5),
        ("NameTaken", 4),
        ("InvalidAMIID.NotFound", 3),
        ("InvalidParameterValue", 2),
    ],
)
def test_a_failed_operation_ends_with_its_error(
    minicloud: CommandLine, code: str, exit_code: int
) -> None:
    failed = canned.operation("failed", error=canned.error(code))
    minicloud.server.answers["GET", f"/operations/{_OP}"] = failed
    told = minicloud("instance", "stop", "web-1", "-o", "json")
    assert (told.exit_code, told.stdout) == (exit_code, "")
    assert told.error_lines == [f"error: {code}: no room is left", "  → make some"]


def test_no_wait_prints_the_operation(minicloud: CommandLine) -> None:
    told = minicloud("instance", "stop", "web-1", "--no-wait", "-o", "json")
    assert json.loads(told.stdout)[0]["id"] == _OP
    assert ("GET", f"/operations/{_OP}", {}) not in minicloud.server.asked


def test_an_operation_that_waits_for_the_world_is_left_with_a_word(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(0, 1000, 6))
    monkeypatch.setattr("minicloud.client.operations.time.monotonic", lambda: next(times))
    waiting = canned.operation("running", waiting_for=canned.error("EngineUnreachable"))
    minicloud.server.answers["GET", f"/operations/{_OP}"] = waiting
    told = minicloud("instance", "stop", "web-1")
    assert told.exit_code == 6
    assert f"operation {_OP} goes on" in told.error_lines[0]
    assert f"minicloud operation watch {_OP}" in told.error_lines[1]


def test_ctrl_c_leaves_the_operation_going_and_says_so(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("minicloud.client.operations.OperationCalls.wait", interrupt)
    told = minicloud("instance", "stop", "web-1")
    assert told.exit_code == 130
    assert told.error_lines == [
        f"error: Interrupted: operation {_OP} goes on",
        f"  → watch it: minicloud operation watch {_OP}",
    ]


def test_launch_sends_what_was_asked_and_prints_every_machine(minicloud: CommandLine) -> None:
    minicloud.server.answers["POST", "/instances"] = {
        "operations": [canned.operation("running")],
        "instances": [canned.instance(1, state="pending"), canned.instance(2, state="pending")],
    }
    told = minicloud(
        *("instance", "launch", "web", "--image", "web", "-t", "t3.micro", "--count", "2"),
        *("--tag", "team=blue", "--tag", "a=b=c", "-q"),
    )
    assert told.stdout == f"{_ID}\n{_OTHER_ID}\n"
    body = _posts(minicloud)[0][1]
    assert body["tags"] == {"team": "blue", "a": "b=c"}
    assert (body["image"], body["type"], body["count"]) == ("web", "t3.micro", 2)


def test_tag_changes_what_is_named_and_keeps_the_rest(minicloud: CommandLine) -> None:
    found = canned.instance(1, tags={"Name": "web-1", "team": "blue", "old": "x"})
    minicloud.server.answers["GET", "/instances/web-1"] = found
    minicloud.server.answers["PATCH", f"/instances/{_ID}"] = found
    minicloud("instance", "tag", "web-1", "team=red", "--remove", "old")
    assert minicloud.server.asked[-1][2]["tags"] == {"Name": "web-1", "team": "red"}


def test_released_addresses_are_named_in_a_note_and_printed_as_data(
    minicloud: CommandLine,
) -> None:
    allocation_id = "eipalloc-00000000000000001"
    minicloud.server.answers["GET", "/addresses/front"] = canned.address()
    minicloud.server.answers["DELETE", f"/addresses/{allocation_id}"] = {
        "operations": [canned.operation("running")]
    }
    told = minicloud("address", "release", "front")
    assert told.stdout == ""
    assert f"released {allocation_id}" in told.stderr
    assert minicloud("address", "release", "front", "-q").stdout == f"{allocation_id}\n"


def test_image_names_may_hold_slashes(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/images/team%2Fweb%201"] = canned.image(name="team/web 1")
    assert "team/web 1" in minicloud("image", "show", "team/web 1").stdout


def test_a_copy_of_an_image_is_shown_when_it_is_there(minicloud: CommandLine) -> None:
    made = canned.image(name="kept", state="pending")
    minicloud.server.answers["POST", "/images/copies"] = {
        "operations": [canned.operation("running")],
        "images": [made],
    }
    minicloud.server.answers["GET", f"/images/{made['id']}"] = canned.image(name="kept")
    told = minicloud("image", "copy", "golden", "kept", "--tag", "team=blue")
    assert "kept" in told.stdout
    asked = next(body for method, path, body in minicloud.server.asked if path == "/images/copies")
    assert asked == {
        "image": "golden",
        "name": "kept",
        "description": "",
        "tags": {"team": "blue"},
    }


def test_scale_up_prints_the_downtime_and_its_operation_as_data(minicloud: CommandLine) -> None:
    result = {
        "image_id": "ami-00000000000000002",
        "new_instance_id": _OTHER_ID,
        "old_instance_id": _ID,
        "from_type": "t3.micro",
        "to_type": "t3.large",
        "downtime_ms": 1234.5,
        "addresses": ["eipalloc-00000000000000001"],
    }
    minicloud.server.answers["POST", "/scale-up"] = {"operations": [canned.operation("running")]}
    minicloud.server.answers["GET", f"/operations/{_OP}"] = canned.operation(result=result)
    told = minicloud("scale-up", "web-1", "--type", "t3.large")
    assert "1234 ms" in told.stdout
    assert "t3.micro → t3.large" in told.stdout
    data = minicloud("scale-up", "web-1", "--type", "t3.large", "-o", "json").stdout
    assert json.loads(data)["result"] == result


def test_exec_hands_on_output_and_exit_code(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def piece(stream: str, data: bytes) -> dict[str, Any]:
        return {"stream": stream, "data_base64": base64.b64encode(data).decode()}

    said = [piece("stdout", b"out\n"), piece("stderr", b"err\n"), {"exit_code": 42}]
    minicloud.server.answers["POST", "/instances/web-1/exec"] = said
    given = tmp_path / "given"
    given.write_bytes(b"hello")
    with given.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        told = minicloud("instance", "exec", "web-1", "--", "cat", "-n", "--", "x")
    assert (told.exit_code, told.stdout, told.stderr) == (42, "out\n", "err\n")
    body = _posts(minicloud)[0][1]
    assert body["argv"] == ["cat", "-n", "--", "x"]
    assert base64.b64decode(body["stdin_base64"]) == b"hello"


def test_exec_whose_output_stops_short_is_an_error(minicloud: CommandLine) -> None:
    minicloud.server.answers["POST", "/instances/web-1/exec"] = []
    assert minicloud("instance", "exec", "web-1", "true").exit_code == 6


def test_logs_are_printed_as_they_come(minicloud: CommandLine) -> None:
    minicloud.server.answers["GET", "/instances/web-1/logs"] = [b"one\n", b"two\n"]
    assert minicloud("instance", "logs", "web-1", "--tail", "2").stdout == "one\ntwo\n"
    assert minicloud.server.asked[-1][2] == {"follow": False, "tail": 2}


def test_bars_count_steps_and_the_share_of_the_present_one() -> None:
    running: Any = canned.operation("running", fraction=0.5, message="freezing the disk")
    assert progress.completed_share(running) == 0.75
    assert progress.present_word(running) == "freezing the disk"
    waiting: Any = canned.operation("running", waiting_for=canned.error())
    assert progress.present_word(waiting) == "waiting: no room is left"


def test_bars_are_shown_on_a_terminal_and_taken_away(
    minicloud: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_BARS_AFTER_S", 0.0)
    minicloud.on_terminal()
    changes = iter([canned.operation("running"), canned.operation("running"), canned.operation()])
    minicloud.server.answers["GET", f"/operations/{_OP}"] = lambda _query: next(changes)
    told = minicloud("instance", "stop", "web-1")
    assert told.exit_code == 0
    assert "withdraw-address done" not in told.stderr


@pytest.mark.parametrize("code", ["ServerGone", "ServerNotRunning"])
def test_a_server_that_goes_meanwhile_leaves_word_of_the_operation(
    minicloud: CommandLine, code: str
) -> None:
    gone = Unavailable(code, "the server went away", "minicloud up")
    minicloud.server.answers["GET", f"/operations/{_OP}"] = gone
    told = minicloud("instance", "stop", "web-1")
    assert told.exit_code == 6
    assert f"operation {_OP} goes on when it is started again" in told.error_lines[0]
    assert f"minicloud operation watch {_OP}" in told.error_lines[1]
