"""Load balancing by commands alone, down to a fake plane: each of them, one after another."""

from __future__ import annotations

import json

import pytest

from minicloud.cli.root import run
from minicloud.client import Client
from tests.unit.app_transport import app_transport
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud


def _two_machines(cloud: Cloud) -> None:
    cloud.launch("web-1")
    cloud.launch("web-2")


def test_the_whole_way_by_commands(
    make_cloud: MakeCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(app_transport(make_cloud(_two_machines)))
    monkeypatch.setattr("minicloud.client.Client.connect", lambda _home, **_settings: client)
    monkeypatch.setattr("minicloud.cli.progress._LINE_EVERY_S", 60)

    def told(line: str) -> str:
        assert run(line.split()) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    assert "active" in told("balancer create web --instances web-1,web-2 --health-path /up")
    assert "/up every 30 s" in told("target-group create blue --health-path /up")
    told("target-group modify blue --algorithm least_outstanding_requests --slow-start 0")
    told("certificate create shop --domain shop.example")
    made = told(
        "listener create web --port 443 --protocol https --certificate shop --forward web=9"
        " --forward blue=1 --stickiness 60"
    )
    assert "forward web=9, blue=1" in made
    told("listener modify web:80 --redirect https --redirect-status 302")
    assert "redirect 302 https://" in told("listener list web")
    rule = told(
        "rule create web:443 --priority 10 --path /img/* --method get --header x-a:b"
        " --query-string k=v --source-ip 10.0.0.0/8 --fixed-response 403:no -q"
    ).strip()
    told(f"rule modify {rule} --priority 20 --host *.shop.example")
    shown = told(f"rule show {rule}")
    assert "host *.shop.example" in shown
    assert "20" in told("rule list web:443")
    assert "8080" in told("target-group register blue web-1:8080")
    assert "web-1" not in told("target-group deregister blue web-1")
    assert json.loads(told("balancer health web -o json"))[0]["state"] == "healthy"
    told("target-group health web --wait --timeout 5")
    assert "Requests" in told("balancer metrics web")
    assert told("balancer logs web --tail 1 -o json") == '{"status": 200}\n'
    told("balancer modify web --idle-timeout 30 --tag team=blue")
    assert "team = blue" in told("balancer show web")
    told(f"rule delete {rule}")
    told("listener delete web:443 web:80")
    told("certificate delete shop")
    told("balancer delete web")
    told("target-group delete web blue")
    assert told("balancer list -q") == ""
