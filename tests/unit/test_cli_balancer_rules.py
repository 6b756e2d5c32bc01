"""Listeners and rules on the command line: conditions and actions, typed and printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.cli.actions import action_lines, action_text
from minicloud.cli.conditions import conditions_text
from tests.unit import canned
from tests.unit import canned_balancing as balancing
from tests.unit.command_line import CommandLine

_LISTENER = f"/listeners/{balancing.LISTENER_ID}"
_RULE = f"/rules/{balancing.RULE_ID}"
_CREATE_RULE = ("rule", "create", "web:80", "--priority", "10")
_CREATE_LISTENER = ("listener", "create", "web", "--port", "81")


@pytest.fixture
def minicloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path))
    monkeypatch.delenv("MINICLOUD_CLOUD", raising=False)
    begun = {"operations": [canned.operation("running")]}
    listeners = {**begun, "listeners": [balancing.listener()]}
    rules = {**begun, "rules": [balancing.rule()]}
    command_line = CommandLine(monkeypatch, capsys)
    command_line.server.answers.update(
        {
            ("GET", "/operations/op-00000000000000001"): canned.operation(),
            ("GET", "/balancers"): [
                balancing.balancer(),
                balancing.balancer(listeners=[balancing.listener(port=443)]),
            ],
            ("GET", "/listeners"): [balancing.listener()],
            ("POST", "/listeners"): listeners,
            ("GET", "/listeners/web%3A80"): balancing.listener(),
            ("GET", _LISTENER): balancing.listener(),
            ("PATCH", "/listeners/web%3A80"): listeners,
            ("DELETE", _LISTENER): begun,
            ("GET", "/rules"): [balancing.rule()],
            ("POST", "/rules"): rules,
            ("GET", _RULE): balancing.rule(),
            ("PATCH", _RULE): rules,
            ("DELETE", _RULE): begun,
        }
    )
    return command_line


def _sent(minicloud: CommandLine, method: str = "POST") -> Any:
    return next(body for verb, _, body in minicloud.server.asked if verb == method)


@pytest.mark.parametrize(
    ("options", "action"),
    [
        (
            ("--forward", "blue"),
            {"type": "forward", "groups": [{"id": "blue", "weight": 1}], "stickiness_s": 0},
        ),
        (
            ("--forward", "blue=9", "--forward", "green=0", "--stickiness", "60"),
            {
                "type": "forward",
                "groups": [{"id": "blue", "weight": 9}, {"id": "green", "weight": 0}],
                "stickiness_s": 60,
            },
        ),
        (("--redirect", "https"), {"type": "redirect", "protocol": "HTTPS", "port": "443"}),
        (("--redirect", "HTTP"), {"type": "redirect", "protocol": "HTTP", "port": "80"}),
        (
            ("--redirect", "https://#{host}:443/#{path}?#{query}", "--redirect-status", "302"),
            {
                "type": "redirect",
                "protocol": "HTTPS",
                "host": "#{host}",
                "port": "443",
                "path": "/#{path}",
                "query": "#{query}",
                "status": 302,
            },
        ),
        (
            ("--redirect", "https://shop.example"),
            {"type": "redirect", "protocol": "HTTPS", "host": "shop.example", "port": "443"},
        ),
        (
            ("--redirect", "#{protocol}://www.#{host}/"),
            {
                "type": "redirect",
                "protocol": "#{protocol}",
                "host": "www.#{host}",
                "port": "#{port}",
                "path": "/",
            },
        ),
        (
            ("--redirect", "/new/#{path}?"),
            {"type": "redirect", "path": "/new/#{path}", "query": ""},
        ),
        (
            ("--fixed-response", "503:back at: noon"),
            {"type": "fixed-response", "status": 503, "body": "back at: noon"},
        ),
        (
            ("--fixed-response", "404", "--content-type", "text/html"),
            {"type": "fixed-response", "status": 404, "body": "", "content_type": "text/html"},
        ),
    ],
)
def test_actions_are_sent_as_they_were_typed(
    minicloud: CommandLine, options: tuple[str, ...], action: dict[str, Any]
) -> None:
    told = minicloud(*_CREATE_LISTENER, *options)
    assert told.exit_code == 0
    assert _sent(minicloud) == {"balancer": "web", "port": 81, "action": action}


def test_a_listener_has_a_certificate_and_a_policy(minicloud: CommandLine) -> None:
    minicloud(
        *("listener", "create", "web", "--port", "443", "--protocol", "https", "--forward", "web"),
        *("--certificate", "shop", "--tls-policy", "ELBSecurityPolicy-TLS13-1-3-2021-06"),
    )
    sent = _sent(minicloud)
    assert (sent["protocol"], sent["certificate"]) == ("HTTPS", "shop")
    assert sent["tls_policy"].endswith("1-3-2021-06")


@pytest.mark.parametrize(
    ("options", "conditions"),
    [
        (
            ("--path", "/a/*", "--path", "/b,c", "--host", "*.shop.example", "--method", "post"),
            [
                {"field": "path", "values": ["/a/*", "/b,c"]},
                {"field": "host", "values": ["*.shop.example"]},
                {"field": "method", "values": ["POST"]},
            ],
        ),
        (
            ("--header", "User-Agent: *curl*", "--header", "x-a:b:c", "--header", "user-agent: w"),
            [
                {"field": "header", "name": "user-agent", "values": ["*curl*", "w"]},
                {"field": "header", "name": "x-a", "values": ["b:c"]},
            ],
        ),
        (
            *(("--query-string", "a=1=2", "--query-string", "beta", "--query-string", "=x"),),
            [
                {
                    "field": "query",
                    "values": [
                        {"key": "a", "value": "1=2"},
                        {"key": None, "value": "beta"},
                        {"key": None, "value": "x"},
                    ],
                }
            ],
        ),
        (("--source-ip", "10.0.0.0/8"), [{"field": "source-ip", "values": ["10.0.0.0/8"]}]),
    ],
)
def test_conditions_are_sent_as_they_were_typed(
    minicloud: CommandLine, options: tuple[str, ...], conditions: list[Any]
) -> None:
    told = minicloud(*_CREATE_RULE, *options, "--forward", "blue")
    assert told.exit_code == 0
    sent = _sent(minicloud)
    assert sent["conditions"] == conditions
    assert (sent["listener"], sent["priority"]) == ("web:80", 10)
    assert "path /img/*" in told.stdout


def test_modify_sends_what_changes_alone(minicloud: CommandLine) -> None:
    minicloud("rule", "modify", balancing.RULE_ID, "--priority", "5")
    assert _sent(minicloud, "PATCH") == {"priority": 5}
    minicloud.server.asked.clear()
    minicloud("rule", "modify", balancing.RULE_ID, "--path", "/x", "--redirect", "https")
    assert _sent(minicloud, "PATCH") == {
        "conditions": [{"field": "path", "values": ["/x"]}],
        "action": {"type": "redirect", "protocol": "HTTPS", "port": "443"},
    }
    minicloud.server.asked.clear()
    minicloud("listener", "modify", "web:80", "--port", "8080")
    assert _sent(minicloud, "PATCH") == {"port": 8080}


def test_lists_name_the_balancer_or_take_all(minicloud: CommandLine) -> None:
    assert "forward web" in minicloud("listener", "list", "web").stdout
    assert len(minicloud("listener", "list", "-q").stdout.splitlines()) == 2
    told = minicloud("rule", "list", "web:80", "-o", "json")
    assert json.loads(told.stdout) == [balancing.rule()]
    assert minicloud.server.asked == [
        ("GET", "/listeners", {"balancer": "web"}),
        ("GET", "/balancers", {}),
        ("GET", "/rules", {"listener": "web:80"}),
    ]


def test_several_are_deleted(minicloud: CommandLine) -> None:
    told = minicloud("listener", "delete", "web:80", balancing.LISTENER_ID, "-q")
    assert told.stdout == f"{balancing.LISTENER_ID}\n"
    told = minicloud("rule", "delete", balancing.RULE_ID)
    assert (told.exit_code, told.stdout) == (0, "")
    assert f"deleted {balancing.RULE_ID}" in told.stderr


def test_show_tells_all_of_it(minicloud: CommandLine) -> None:
    found = balancing.listener(
        protocol="HTTPS",
        action=balancing.forward(("blue", 9), ("green", 1), stickiness_s=60),
        certificate_id=balancing.CERTIFICATE_ID,
        certificate_name="shop",
    )
    minicloud.server.answers["GET", "/listeners/web%3A80"] = found
    shown = minicloud("listener", "show", "web:80").stdout
    assert "forward blue=9, green=1" in shown
    assert "stays with its group for 60 s" in shown
    assert f"shop ({balancing.CERTIFICATE_ID})" in shown
    shown = minicloud("rule", "show", balancing.RULE_ID).stdout
    assert "path /img/*" in shown
    assert "web:80" in shown


def test_actions_and_conditions_read_as_sentences() -> None:
    redirect: Any = balancing.redirect()
    assert action_text(redirect) == "redirect 301 https://#{host}:443/#{path}?#{query}"
    fixed: Any = {"type": "fixed-response", "status": 503, "content_type": "t", "body": "a\nb"}
    assert action_lines(fixed) == ["answer 503", "t: a | b"]
    conditions: Any = [
        {"field": "path", "values": ["/a", "/b"]},
        {"field": "header", "name": "x", "values": ["y"]},
        {"field": "query", "values": [{"key": "k", "value": "v"}, {"key": None, "value": "w"}]},
    ]
    assert conditions_text(conditions) == "path /a or /b and header x: y and query k=v or w"


@given(text=st.text(max_size=60))
def test_whatever_they_hold_it_is_printable(text: str) -> None:
    redirect: Any = balancing.redirect(host=text, path=text)
    forward: Any = balancing.forward((text, 1), (text, 2))
    fixed: Any = {"type": "fixed-response", "status": 200, "content_type": text, "body": text}
    conditions: Any = [{"field": "header", "name": text, "values": [text]}]
    lines = [conditions_text(conditions)]
    for action in (redirect, forward, fixed):
        lines += action_lines(action)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--forward", ""),
        ("--forward", "=1"),
        ("--forward", "blue="),
        ("--forward", "blue=many"),
        ("--forward", "blue=-1"),
        ("--forward", "blue=²"),
        ("--forward", "blue", "--redirect", "https"),
        ("--redirect", "https", "--fixed-response", "404"),
        ("--redirect", ""),
        ("--redirect", "ftp://x/"),
        ("--redirect", "shop.example"),
        ("--redirect", "https://"),
        ("--redirect", "https", "--redirect-status", "307"),
        ("--redirect-status", "301"),
        ("--forward", "blue", "--redirect-status", "301"),
        ("--fixed-response", ""),
        ("--fixed-response", "ok"),
        ("--fixed-response", "99"),
        ("--fixed-response", "2000"),
        ("--content-type", "text/html"),
        ("--stickiness", "60"),
        ("--redirect", "https", "--stickiness", "60"),
        ("--forward", "blue", "--stickiness", "long"),
    ],
)
def test_bad_actions_ask_nothing(minicloud: CommandLine, options: tuple[str, ...]) -> None:
    for command in (_CREATE_LISTENER, (*_CREATE_RULE, "--path", "/")):
        told = minicloud(*command, *options)
        assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
        assert all(line.isprintable() for line in told.error_lines)
        assert not minicloud.server.asked


@pytest.mark.parametrize(
    "arguments",
    [
        (*_CREATE_RULE, "--forward", "web"),
        (*_CREATE_RULE, "--forward", "web", "--header", "no-colon"),
        (*_CREATE_RULE, "--forward", "web", "--header", ": x"),
        (*_CREATE_RULE, "--forward", "web", "--header", "x: "),
        (*_CREATE_RULE, "--forward", "web", "--query-string", ""),
        (*_CREATE_RULE, "--forward", "web", "--query-string", "a="),
        (*_CREATE_RULE, "--forward", "web", "--path", "/", "--query", "[?"),
        ("rule", "create", "web:80", "--path", "/", "--forward", "web"),
        ("rule", "create", "web:80", "--priority", "x", "--path", "/", "--forward", "web"),
        ("rule", "modify", balancing.RULE_ID),
        ("rule", "list"),
        ("rule", "delete"),
        ("rule", "show", "a/b"),
        ("listener", "create", "web", "--forward", "web"),
        ("listener", "create", "web", "--port", "80", "--protocol", "QUIC", "--forward", "web"),
        ("listener", "modify", "web:80"),
        ("listener", "show", "x" * 1000),
        ("listener", "delete"),
    ],
)
def test_bad_command_lines_ask_nothing(minicloud: CommandLine, arguments: tuple[str, ...]) -> None:
    told = minicloud(*arguments)
    assert (told.exit_code, told.stdout, len(told.error_lines)) == (2, "", 2)
    assert not minicloud.server.asked


@pytest.mark.parametrize("noun", ["listener", "rule"])
def test_an_unknown_ref_is_not_found(minicloud: CommandLine, noun: str) -> None:
    for command in (("show", "nosuch"), ("delete", "nosuch")):
        told = minicloud(noun, *command)
        assert (told.exit_code, told.stdout) == (3, "")
