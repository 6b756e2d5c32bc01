"""A balancer's document as JSON: what the agent is told, and that it takes it."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minicloud.adapters.nginx.configuration import render
from minicloud.adapters.nginx.document import as_json, fingerprint_of
from minicloud.adapters.nginx.translation import status_from
from minicloud.domain.action import Action, FixedResponseAction, RedirectAction
from minicloud.domain.balancer import ForwardedForMode
from minicloud.domain.rule import Condition, HostCondition, PathCondition, SourceIpCondition
from minicloud.domain.target import TargetState
from minicloud.domain.target_group import Algorithm
from minicloud.ports.balancer_plane import (
    BalancerDocument,
    BalancerStatus,
    Check,
    ListenerEntry,
    TargetHealth,
    TargetMode,
)
from tests.unit.balancer_documents import (
    CERTIFICATE_ID,
    GROUP_IDS,
    INSTANCE_ID,
    PEM,
    application_document,
    forward,
    group,
    listener,
    network_document,
    rule,
)

IMAGE_FOLDER = Path(__file__).parents[2] / "images" / "balancer"
FORWARD = {
    "type": "forward",
    "groups": [{"id": GROUP_IDS[0], "weight": 1}],
    "stickiness_s": 0,
}


@pytest.fixture
def parse_document(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The agent's own: it ships in the image, not in the package."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(IMAGE_FOLDER))
    return importlib.import_module("balancer_agent.document").parse_document


def sent(document: BalancerDocument) -> Any:
    return json.loads(json.dumps(as_json(document)))


class TestForm:
    def test_the_whole(self) -> None:
        told = sent(application_document(forwarded_for=ForwardedForMode.REMOVE, idle_timeout_s=7))
        assert {key: told[key] for key in ("balancer", "type", "idle_timeout_s", "xff")} == {
            "balancer": f"lb-{1:017x}",
            "type": "application",
            "idle_timeout_s": 7,
            "xff": "remove",
        }
        assert told["certificates"] == [
            {
                "id": CERTIFICATE_ID,
                "chain_pem": PEM.format("CERTIFICATE"),
                "key_pem": PEM.format("PRIVATE KEY"),
            }
        ]
        assert [known["id"] for known in told["groups"]] == list(GROUP_IDS)

    def test_listeners(self) -> None:
        told = sent(application_document())["listeners"]
        assert [(known["port"], known["protocol"], known["certificate"]) for known in told] == [
            (80, "HTTP", None),
            (443, "HTTPS", CERTIFICATE_ID),
            (8443, "HTTPS", CERTIFICATE_ID),
        ]
        assert told[0]["actions"] == told[1]["actions"] == [FORWARD]
        assert [known["priority"] for known in told[0]["rules"]] == [10, 20, 30, 40, 50]
        assert told[0]["rules"][0] == {
            "id": f"rule-{10:017x}",
            "priority": 10,
            "conditions": [{"field": "path", "values": ["/img/*", "/x?"]}],
            "actions": [
                {
                    "type": "forward",
                    "groups": [{"id": GROUP_IDS[1], "weight": 1}],
                    "stickiness_s": 0,
                }
            ],
        }

    def test_conditions(self) -> None:
        rules = sent(application_document())["listeners"][0]["rules"]
        assert [condition for known in rules for condition in known["conditions"]] == [
            {"field": "path", "values": ["/img/*", "/x?"]},
            {"field": "host", "values": ["*.shop.example"]},
            {"field": "header", "name": "User-Agent", "values": ["curl*"]},
            {"field": "method", "values": ["POST"]},
            {
                "field": "query",
                "values": [{"key": "a", "value": "x*"}, {"key": None, "value": "y"}],
            },
            {"field": "source-ip", "values": ["10.0.0.0/8"]},
        ]

    def test_actions(self) -> None:
        rules = sent(application_document())["listeners"][0]["rules"]
        redirect, fixed, weighted = (known["actions"][0] for known in rules[1:4])
        assert redirect == {
            "type": "redirect",
            "protocol": "#{protocol}",
            "host": "#{host}",
            "port": "443",
            "path": "/#{path}",
            "query": "#{query}",
            "status": 301,
        }
        assert fixed == {
            "type": "fixed-response",
            "status": 404,
            "content_type": "text/plain",
            "body": "no",
        }
        assert weighted["groups"] == [
            {"id": group_id, "weight": weight} for weight, group_id in enumerate(GROUP_IDS, 1)
        ]
        assert weighted["stickiness_s"] == 60

    def test_groups_and_targets(self) -> None:
        told = sent(application_document())["groups"]
        assert told[1] == {
            "id": GROUP_IDS[1],
            "name": "group-2",
            "protocol": "HTTP",
            "algorithm": "round_robin",
            "stickiness_s": 9,
            "slow_start_s": 0,
            "health": {
                "protocol": "HTTP",
                "path": "/health?x",
                "port": 8080,
                "matcher": [[200, 200], [301, 302]],
                "interval_s": 30,
                "timeout_s": 5,
                "healthy_threshold": 5,
                "unhealthy_threshold": 2,
            },
            "targets": [
                {
                    "id": f"{GROUP_IDS[1]}/{INSTANCE_ID}:81",
                    "instance": INSTANCE_ID,
                    "ip": "172.31.0.31",
                    "port": 81,
                    "mode": "held",
                    "drain_until": 1764043200.5,
                    "reason": "the instance is stopped",
                }
            ],
        }
        assert [known["port"] for known in told[0]["targets"]] == [80, 81]
        assert told[0]["targets"][0]["mode"] == TargetMode.ACTIVE.value

    def test_what_stands_around_pem_is_left_out(self) -> None:
        document = application_document()
        (certificate,) = document.certificates
        block = PEM.format("CERTIFICATE")
        chain = f"subject=CN = Zoë\n\t{block}\r\nissuer=...\n{block.rstrip()}"
        key = PEM.format("EC PARAMETERS") + PEM.format("EC PRIVATE KEY")
        given = replace(certificate, chain_pem=chain, key_pem=key)
        (told,) = sent(replace(document, certificates=(given,)))["certificates"]
        assert told["chain_pem"] == block * 2
        assert told["key_pem"] == key


class TestTheAgentTakesIt:
    @pytest.mark.parametrize("make", [application_document, network_document])
    def test_documents_of_both_kinds(self, parse_document: Any, make: Any) -> None:
        document = make()
        parsed = parse_document(sent(document))
        assert parsed.balancer == document.balancer.id
        assert len(parsed.listeners) == len(document.listeners)
        assert len(parsed.targets()) == sum(len(entry.targets) for entry in document.groups)

    @pytest.mark.parametrize(
        "action",
        [
            RedirectAction(port="00080"),
            RedirectAction(
                protocol="HTTPS", host="#{host}.x", path="/a/#{path}", query="b=#{query}"
            ),
            RedirectAction(host="A.b-c", path="/" + "x" * 127, query="?", status=302),
            FixedResponseAction(body="é" * 512),
            FixedResponseAction(status=503, body="\0\n;}{{ 7 }}"),
        ],
    )
    def test_all_that_an_action_may_be(self, parse_document: Any, action: Action) -> None:
        parse_document(sent(self._with(rule(1, (PathCondition(("/",)),), action))))

    @pytest.mark.parametrize(
        "condition",
        [
            SourceIpCondition(("10.0.0.0/255.255.0.0", "192.168.100.100", "0.0.0.0/0")),
            PathCondition(("/~a\"'@:+&()!,;=%*", "*")),
            HostCondition(("*.A-b.example", "?")),
        ],
    )
    def test_all_that_a_condition_may_be(self, parse_document: Any, condition: Condition) -> None:
        parse_document(sent(self._with(rule(1, (condition,), forward(GROUP_IDS[0])))))

    def test_a_mask_that_is_written_out_becomes_a_length(self) -> None:
        condition = SourceIpCondition(("10.0.0.0/255.255.0.0",))
        told = sent(self._with(rule(1, (condition,), forward(GROUP_IDS[0]))))
        (only,) = told["listeners"][0]["rules"][0]["conditions"]
        assert only["values"] == ["10.0.0.0/16"]

    def _with(self, only: Any) -> BalancerDocument:
        front = ListenerEntry(listener(1, 80, forward(GROUP_IDS[0])), (only,))
        document = application_document()
        return BalancerDocument(document.balancer, (front,), (group(1, 80),), ())


class TestFingerprint:
    def test_the_order_of_records_means_nothing(self) -> None:
        document = application_document()
        turned = BalancerDocument(
            document.balancer,
            tuple(replace(entry, rules=entry.rules[::-1]) for entry in document.listeners[::-1]),
            tuple(replace(entry, targets=entry.targets[::-1]) for entry in document.groups[::-1]),
            document.certificates[::-1],
        )
        assert self._of(turned) == self._of(document)

    def test_every_change_shows(self) -> None:
        document = application_document()
        (first, *groups), (certificate,) = document.groups, document.certificates
        spared = replace(first.targets[0], mode=TargetMode.DRAINING, drain_until_s=5.0)
        quick = replace(first.group, algorithm=Algorithm.LEAST_OUTSTANDING_REQUESTS)
        changed = (
            document,
            application_document(http2=False),
            application_document(idle_timeout_s=61),
            application_document(forwarded_for=ForwardedForMode.PRESERVE),
            replace(document, listeners=document.listeners[1:]),
            replace(document, groups=(replace(first, targets=(spared,)), *groups)),
            replace(document, groups=(replace(first, group=quick), *groups)),
            replace(document, certificates=(replace(certificate, key_pem=PEM.format("KEY")),)),
        )
        assert len({self._of(one) for one in changed}) == len(changed)

    def test_what_the_balancer_need_not_know_does_not_show(self) -> None:
        document = application_document()
        assert self._of(application_document(name="other", tags={})) == self._of(document)

    def _of(self, document: BalancerDocument) -> str:
        return fingerprint_of(render(document), as_json(document))


def test_a_status_in_the_ports_words() -> None:
    raw = {
        "fingerprint": None,
        "generation": 3,
        "generations": [
            {"number": 3, "state": "serving", "since": 1.0, "connections": 2},
            {"number": 2, "state": "retiring", "since": 1.0, "connections": 1},
            {"number": 1, "state": "ending", "since": 1.0, "connections": 0},
        ],
        "targets": [
            {
                "id": "tg-1/i-1:80",
                "group": "tg-1",
                "state": "unhealthy",
                "reason": "Target.Timeout",
                "description": "Request timed out",
                "since": 5.5,
                "in_flight": 4,
                "checks": [
                    {
                        "at": 6.5,
                        "passed": False,
                        "detail": "timed out after 5 s",
                        "duration_ms": 5e3,
                    }
                ],
            }
        ],
    }
    check = Check(6.5, False, "timed out after 5 s", 5000.0)
    assert status_from(raw) == BalancerStatus(
        fingerprint=None,
        generation=3,
        retiring_generations=2,
        targets=(
            TargetHealth(
                "tg-1/i-1:80",
                "tg-1",
                TargetState.UNHEALTHY,
                "Target.Timeout",
                "Request timed out",
                5.5,
                4,
                (check,),
            ),
        ),
    )
