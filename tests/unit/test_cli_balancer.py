"""Load balancers and target groups on the command line: what is sent, what is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from minicloud.cli.root import root
from minicloud.cli.table import display_width
from minicloud.domain.errors import Conflict
from tests.unit import canned
from tests.unit import canned_balancing as balancing
from tests.unit.command_line import CommandLine

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_OP = "op-00000000000000001"
_HOSTILE = "\x1b[31m\u202e한국어 " + "x" * 300
_GROUPS = ["balancer", "target-group", "listener", "rule", "certificate"]


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    begun = {"operations": [canned.operation("running")]}
    balancers = {**begun, "balancers": [balancing.balancer(state="provisioning")]}
    groups = {"operations": [], "target_groups": [balancing.target_group()]}
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", f"/operations/{_OP}"): canned.operation(),
            ("GET", "/balancers"): [balancing.balancer(), balancing.balancer(name="b" * 32)],
            ("GET", "/balancers/web"): balancing.balancer(tags={"a": "1", "b": "2"}),
            ("GET", f"/balancers/{balancing.BALANCER_ID}"): balancing.balancer(),
            ("POST", "/balancers"): balancers,
            ("PATCH", f"/balancers/{balancing.BALANCER_ID}"): balancers,
            ("DELETE", f"/balancers/{balancing.BALANCER_ID}"): begun,
            ("GET", "/target-groups"): [balancing.target_group()],
            ("GET", "/target-groups/web"): balancing.target_group(tags={"a": "1"}),
            ("GET", f"/target-groups/{balancing.GROUP_ID}"): balancing.target_group(),
            ("POST", "/target-groups"): groups,
            ("PATCH", f"/target-groups/{balancing.GROUP_ID}"): {**groups, **begun},
            ("DELETE", f"/target-groups/{balancing.GROUP_ID}"): {"operations": []},
            ("POST", "/target-groups/web/register"): begun,
            ("POST", "/target-groups/web/deregister"): begun,
            ("GET", "/target-groups/web/health"): [balancing.target_health()],
            ("GET", "/listeners"): [balancing.listener()],
            ("GET", "/rules"): [balancing.rule()],
            ("GET", "/certificates"): [balancing.certificate()],
        }
    )
    return command_line


def _sent(minicloud: CommandLine, method: str) -> Any:
    return next(body for verb, _, body in minicloud.server.asked if verb == method)


def test_the_short_form_sends_what_was_asked_and_prints_the_url(minicloud: CommandLine) -> None:
    told = minicloud(
        *("balancer", "create", "web", "--instances", "web-1,web-2", "--instances", "web-1, web-3"),
        *("--health-path", "/index.html", "--tag", "team=blue"),
    )
    assert told.exit_code == 0
    assert "active" in told.stdout
    assert "http://127.31.0.12/" in told.stdout
    assert _sent(minicloud, "POST") == {
        "name": "web",
        "tags": {"team": "blue"},
        "front": {
            "instances": ("web-1", "web-2", "web-3"),
            "port": 80,
            "health": {"path": "/index.html"},
        },
    }


def test_the_short_form_takes_every_setting(minicloud: CommandLine) -> None:
    minicloud(
        *("balancer", "create", "shop", "--instances", "shop-1", "--protocol", "https"),
        *("--certificate", "shop", "--tls-policy", "ELBSecurityPolicy-TLS13-1-3-2021-06"),
        *("--group-name", "blue", "--target-port", "8080", "--matcher", "200,301-302"),
        *("--health-port", "81", "--health-protocol", "http", "--interval", "10"),
        *("--timeout", "2", "--healthy-threshold", "3", "--unhealthy-threshold", "4"),
        *("--algorithm", "round_robin", "--stickiness", "60", "--slow-start", "30"),
        *("--deregistration-delay", "0", "--idle-timeout", "120", "--no-http2"),
        *("--forwarded-for", "preserve", "--deletion-protection", "--type", "application"),
    )
    assert _sent(minicloud, "POST") == {
        "name": "shop",
        "type": "application",
        "idle_timeout_s": 120,
        "http2": False,
        "forwarded_for": "preserve",
        "deletion_protection": True,
        "tags": {},
        "front": {
            "instances": ("shop-1",),
            "port": 443,
            "protocol": "HTTPS",
            "certificate": "shop",
            "tls_policy": "ELBSecurityPolicy-TLS13-1-3-2021-06",
            "group_name": "blue",
            "target_port": 8080,
            "health": {
                "protocol": "HTTP",
                "port": 81,
                "matcher": "200,301-302",
                "interval_s": 10,
                "timeout_s": 2,
                "healthy_threshold": 3,
                "unhealthy_threshold": 4,
            },
            "algorithm": "round_robin",
            "stickiness_s": 60,
            "slow_start_s": 30,
            "deregistration_delay_s": 0,
        },
    }


def test_tcp_makes_a_network_balancer_whose_targets_have_its_port(minicloud: CommandLine) -> None:
    minicloud(
        *("balancer", "create", "db", "--instances", "db-1", "--protocol", "TCP", "--port", "5432")
    )
    body = _sent(minicloud, "POST")
    assert body["type"] == "network"
    assert body["front"] == {
        "instances": ("db-1",),
        "port": 5432,
        "protocol": "TCP",
        "target_port": 5432,
    }


def test_without_instances_it_is_bare(minicloud: CommandLine) -> None:
    minicloud("balancer", "create", "bare", "--type", "network")
    assert _sent(minicloud, "POST") == {"name": "bare", "type": "network", "tags": {}}


def test_no_wait_prints_the_operation(minicloud: CommandLine) -> None:
    told = minicloud("balancer", "create", "bare", "--no-wait", "-q")
    assert told.stdout == f"{_OP}\n"


def test_modify_sends_what_changes_alone_and_keeps_other_tags(minicloud: CommandLine) -> None:
    told = minicloud(
        *("balancer", "modify", "web", "--idle-timeout", "120", "--tag", "c=3"),
        *("--remove-tag", "a", "-q"),
    )
    assert told.stdout == f"{balancing.BALANCER_ID}\n"
    changes = {"idle_timeout_s": 120, "tags": {"b": "2", "c": "3"}}
    assert _sent(minicloud, "PATCH") == changes
    minicloud.server.asked.clear()
    minicloud("balancer", "modify", "web", "--no-deletion-protection")
    assert _sent(minicloud, "PATCH") == {"deletion_protection": False}


def test_several_balancers_are_deleted_and_named(minicloud: CommandLine) -> None:
    told = minicloud("balancer", "delete", "web", balancing.BALANCER_ID)
    assert (told.exit_code, told.stdout) == (0, "")
    assert f"deleted {balancing.BALANCER_ID}" in told.stderr
    assert [method for method, _, _ in minicloud.server.asked].count("DELETE") == 1


def test_a_protected_balancer_stays(minicloud: CommandLine) -> None:
    wrong = Conflict("OperationNotPermitted", "web is protected", "take the protection off")
    minicloud.server.answers["DELETE", f"/balancers/{balancing.BALANCER_ID}"] = wrong
    told = minicloud("balancer", "delete", "web")
    assert (told.exit_code, told.stdout) == (4, "")
    assert told.error_lines[0] == "error: OperationNotPermitted: web is protected"


def test_show_tells_listeners_and_settings(minicloud: CommandLine) -> None:
    found = balancing.balancer(listeners=[balancing.listener(rule_count=2)])
    minicloud.server.answers["GET", "/balancers/web"] = found
    shown = minicloud("balancer", "show", "web").stdout
    assert "HTTP 80: forward web, 2 rules" in shown
    assert "http://127.31.0.12/  (port 80)" in shown
    assert "60 s" in shown
    assert json.loads(minicloud("balancer", "show", "web", "-o", "json").stdout) == found


def test_group_create_sends_what_was_given_and_prints_it(minicloud: CommandLine) -> None:
    told = minicloud(
        *("target-group", "create", "web", "--port", "8080", "--health-path", "/up"),
        *("--slow-start", "30"),
    )
    assert "/index.html every 30 s" in told.stdout
    assert _sent(minicloud, "POST") == {
        "name": "web",
        "port": 8080,
        "health": {"path": "/up"},
        "slow_start_s": 30,
        "tags": {},
    }


def test_group_modify_can_set_back(minicloud: CommandLine) -> None:
    told = minicloud(
        *("target-group", "modify", "web", "--health-port", "traffic-port", "--stickiness", "0")
    )
    assert told.exit_code == 0
    assert _sent(minicloud, "PATCH") == {"health": {"port": "traffic-port"}, "stickiness_s": 0}
    minicloud.server.asked.clear()
    minicloud("target-group", "modify", "web", "--remove-tag", "a")
    assert _sent(minicloud, "PATCH") == {"tags": {}}


def test_group_show_tells_how_it_checks(minicloud: CommandLine) -> None:
    shown = minicloud("target-group", "show", "web").stdout
    assert "HTTP /index.html answers 200 at the traffic's port" in shown
    assert "web-1:80 (i-00000000000000001) registered" in shown
    check = {**balancing.target_group()["health_check"], "protocol": "TCP", "port": 81}
    minicloud.server.answers["GET", "/target-groups/web"] = balancing.target_group(
        protocol="TCP", health_check=check, balancer_id=None, balancer_name="", stickiness_s=60
    )
    shown = minicloud("target-group", "show", "web").stdout
    assert "TCP at port 81" in shown
    assert "no listener or rule sends to it" in shown


def test_deleted_groups_are_printed_as_data(minicloud: CommandLine) -> None:
    assert minicloud("target-group", "delete", "web", "-q").stdout == f"{balancing.GROUP_ID}\n"


@pytest.mark.parametrize("action", ["register", "deregister"])
def test_targets_are_named_with_or_without_a_port(minicloud: CommandLine, action: str) -> None:
    told = minicloud("target-group", action, "web", "web-1", "web-2:8080")
    assert told.exit_code == 0
    assert "healthy" in told.stdout
    assert _sent(minicloud, "POST") == {
        "targets": [{"instance": "web-1", "port": None}, {"instance": "web-2", "port": 8080}]
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("balancer", "create"),
        ("balancer", "create", "web", "--instances", "web-1,,web-2"),
        ("balancer", "create", "web", "--instances", ""),
        ("balancer", "create", "web", "--health-path", "/"),
        ("balancer", "create", "web", "--port", "80"),
        ("balancer", "create", "web", "--stickiness", "0"),
        ("balancer", "create", "web", "--instances", "a", "--port", "http"),
        ("balancer", "create", "web", "--instances", "a", "--protocol", "UDP"),
        ("balancer", "create", "web", "--instances", "a", "--algorithm", "random"),
        ("balancer", "create", "web", "--instances", "a", "--health-port", "x"),
        ("balancer", "create", "web", "--instances", "a", "--health-port", "²"),
        ("balancer", "create", "web", "--instances", "a", "--interval", "5.5"),
        ("balancer", "create", "web", "--type", "gateway"),
        ("balancer", "create", "web", "--tag", "novalue"),
        ("balancer", "modify", "web"),
        ("balancer", "modify"),
        ("balancer", "modify", "web", "--forwarded-for", "forge"),
        ("balancer", "show"),
        ("balancer", "show", "a/b"),
        ("balancer", "show", ""),
        ("balancer", "delete"),
        ("balancer", "frobnicate"),
        ("target-group", "create", "web", "--protocol", "HTTPS"),
        ("target-group", "modify", "web"),
        ("target-group", "register", "web"),
        ("target-group", "register", "web", ":80"),
        ("target-group", "register", "web", "web-1:http"),
        ("target-group", "register", "web", "web-1:"),
        ("target-group", "register", "web", "\x1b[31m\u202e:x"),
        ("target-group", "deregister", "web", "web-1:123456"),
        ("target-group", "delete"),
    ],
)
def test_bad_command_lines_ask_nothing_and_say_why(
    minicloud: CommandLine, arguments: tuple[str, ...]
) -> None:
    told = minicloud(*arguments)
    assert (told.exit_code, told.stdout) == (2, "")
    assert len(told.error_lines) == 2
    assert told.error_lines[1].startswith("  → ")
    assert all(line.isprintable() for line in told.error_lines)
    assert not minicloud.server.asked


@pytest.mark.parametrize("noun", ["balancer", "target-group"])
def test_an_unknown_name_is_not_found(minicloud: CommandLine, noun: str) -> None:
    for command in ("show", "delete", "health"):
        told = minicloud(noun, command, "nosuch")
        assert (told.exit_code, told.stdout) == (3, "")


@pytest.mark.parametrize("noun", _GROUPS)
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
def test_no_line_of_a_list_is_wider_than_the_terminal(
    minicloud: CommandLine, noun: str, columns: int
) -> None:
    minicloud.on_terminal(columns)
    told = minicloud(noun, "list", *(["web:80"] if noun == "rule" else []))
    assert told.exit_code == 0
    assert len(told.stdout.splitlines()) > 1
    for line in told.stdout.splitlines():
        assert display_width(_ANSI.sub("", line)) <= columns


def test_at_80_columns_a_list_has_what_one_looks_for(minicloud: CommandLine) -> None:
    minicloud.on_terminal(80)
    told = _ANSI.sub("", minicloud("balancer", "list").stdout)
    assert told.splitlines()[0].split() == ["NAME", "ID", "STATE", "LISTENERS", "URL"]
    assert "http://127.31.0.12/" in told


def test_hostile_text_does_not_reach_the_terminal(minicloud: CommandLine) -> None:
    minicloud.on_terminal(80)
    listener = balancing.listener(
        balancer_name=_HOSTILE, action=balancing.forward((_HOSTILE, 1), (_HOSTILE, 2))
    )
    hostile = balancing.balancer(
        name=_HOSTILE, tags={_HOSTILE: _HOSTILE}, url=_HOSTILE, listeners=[listener]
    )
    group = balancing.target_group(name=_HOSTILE, balancer_name=_HOSTILE)
    minicloud.server.answers["GET", "/balancers"] = [hostile]
    minicloud.server.answers["GET", "/balancers/web"] = hostile
    minicloud.server.answers["GET", "/target-groups/web"] = group
    for arguments in (
        ("balancer", "list"),
        ("balancer", "show", "web"),
        ("listener", "list"),
        ("target-group", "show", "web"),
    ):
        told = minicloud(*arguments)
        assert told.exit_code == 0
        assert all(line.isprintable() for line in _ANSI.sub("", told.stdout).splitlines())


@pytest.mark.parametrize("noun", _GROUPS)
def test_commands_have_help_of_80_columns_with_examples(minicloud: CommandLine, noun: str) -> None:
    told = minicloud(noun, "--help")
    _, _, listed = told.stdout.partition("Commands:\n")
    names = [line.split()[0] for line in listed.partition("\n\n")[0].splitlines()]
    assert {"create", "list", "show", "delete"} <= {*names}
    for name in names:
        shown = minicloud(noun, name, "--help").stdout
        assert "Examples:\n" in shown
        assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "incomplete", "expected"),
    [
        (["balancer", "show"], "w", ["web"]),
        (["balancer", "create", "x", "--instances"], "web-1,we", ["web-1,web-1", "web-1,web-2"]),
        (["target-group", "register"], "", ["web"]),
        (["target-group", "register", "web"], "web-2", ["web-2"]),
        (["listener", "show"], "web:", ["web:80"]),
        (["listener", "create", "web", "--forward"], "", ["web"]),
        (["rule", "delete"], "", [balancing.RULE_ID]),
        (["certificate", "show"], "", ["shop"]),
    ],
)
def test_names_are_completed(
    minicloud: CommandLine, arguments: list[str], incomplete: str, expected: list[str]
) -> None:
    minicloud.server.answers["GET", "/balancers"] = [balancing.balancer()]
    minicloud.server.answers["GET", "/instances"] = [canned.instance(1), canned.instance(2)]
    completer = ShellComplete(root, {}, "minicloud", "_MINICLOUD_COMPLETE")
    found = completer.get_completions(arguments, incomplete)
    assert [item.value for item in found] == expected
