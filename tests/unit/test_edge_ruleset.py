"""The edge's rules as text: whole, typed, and nothing a user wrote."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

IMAGE_FOLDER = Path(__file__).parents[2] / "images" / "edge"
SETTINGS = {
    "mode": "loopback",
    "table": "minicloud_demo",
    "bridge": "mc-demo",
    "subnet": "172.31.0.0/20",
    "private_ip": "172.31.0.2",
    "public_block": "127.31.0.0/20",
    "host_ports": [20000, 20001, 20002, 20005],
}
ROUTE = {
    "public_ip": "127.31.0.10",
    "target_ip": "172.31.0.10",
    "host_ports": {"20000": 80},
}


@pytest.fixture
def ruleset(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The agent's own module: it ships in the image, not in the package."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(IMAGE_FOLDER))
    monkeypatch.delitem(sys.modules, "edge_agent.ruleset", raising=False)
    return importlib.import_module("edge_agent.ruleset")


def rendered(ruleset: Any, *routes: dict[str, Any], **changes: Any) -> str:
    settings = ruleset.Settings.parse(json.dumps({**SETTINGS, **changes}))
    text: str = ruleset.render(settings, [ruleset.Route.parse(raw, settings) for raw in routes])
    return text


def test_a_route_leads_the_address_and_its_host_port(ruleset: Any) -> None:
    text = rendered(ruleset, ROUTE)
    assert "addresses ip daddr 127.31.0.10 dnat to 172.31.0.10\n" in text
    assert "ports tcp dport 20000 dnat to 172.31.0.10:80\n" in text


def test_the_text_replaces_rules_and_never_a_chain_or_a_table(ruleset: Any) -> None:
    for mode in ("loopback", "published"):
        text = rendered(ruleset, ROUTE, mode=mode)
        assert "delete" not in text
        assert " map " not in text
        lines = text.splitlines()
        first_rule = next(at for at, line in enumerate(lines) if line.startswith("add rule"))
        assert lines.index("flush table ip minicloud_demo") < first_rule


def test_without_routes_everything_of_ours_is_refused(ruleset: Any) -> None:
    for routes in ((), ({**ROUTE, "target_ip": None},)):
        text = rendered(ruleset, *routes)
        assert "172." not in text
        assert "addresses dnat to 127.31.0.0\n" in text
        assert "refuse ip daddr 127.31.0.0/20 meta l4proto tcp reject with tcp reset" in text
        for ports in ("20000-20002", "20005"):
            assert f"refuse ip daddr 127.0.0.1 tcp dport {ports} reject with tcp reset" in text


def test_the_bridge_is_guarded_before_anything_is_led(ruleset: Any) -> None:
    text = rendered(ruleset)
    for side in ("daddr", "saddr"):
        assert f'guard iifname "mc-demo" ip {side} 127.0.0.0/8 drop' in text


def test_published_carries_host_ports_alone(ruleset: Any) -> None:
    text = rendered(ruleset, ROUTE, mode="published")
    assert "lead ip daddr 172.31.0.2 tcp dport 20005 jump ports" in text
    assert "127." not in text


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "bridge"},
        {"table": "x; flush ruleset"},
        {"table": "9"},
        {"bridge": 'mc"; drop'},
        {"bridge": "a-name-too-long-for-one"},
        {"subnet": "172.31.0.1/20"},
        {"private_ip": "here"},
        {"public_block": "127.0.0.0/20"},
        {"public_block": "10.0.0.0/20"},
        {"host_ports": ["80 accept"]},
        {"host_ports": [0]},
        {"host_ports": None},
    ],
)
def test_settings_are_held_to_their_types(ruleset: Any, change: dict[str, Any]) -> None:
    with pytest.raises(ruleset.Refused):
        rendered(ruleset, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"public_ip": "127.31.16.1"},
        {"public_ip": "127.31.0.10 accept"},
        {"target_ip": "172.31.16.1"},
        {"target_ip": ""},
        {"host_ports": {"20003": 80}},
        {"host_ports": {"20000": 65536}},
        {"host_ports": {"20000": True}},
        {"host_ports": ["20000"]},
        {"host_ports": None},
    ],
)
def test_routes_are_held_to_the_cloud(ruleset: Any, change: dict[str, Any]) -> None:
    with pytest.raises(ruleset.Refused):
        rendered(ruleset, {**ROUTE, **change})


def test_a_host_port_has_one_owner_even_without_a_machine(ruleset: Any) -> None:
    other = {**ROUTE, "public_ip": "127.31.0.11", "target_ip": None}
    with pytest.raises(ruleset.Refused, match="20000"):
        rendered(ruleset, ROUTE, other)
