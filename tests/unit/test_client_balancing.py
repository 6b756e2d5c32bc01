"""The client's calls about load balancing: what is asked for, and what becomes of the answer."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.client import Client
from minicloud.client.balancers import BalancerRequest, BalancerSettings, FrontRequest
from minicloud.client.failures import from_record, from_response
from minicloud.client.listeners import ListenerRequest, ListenerSettings
from minicloud.client.rules import RuleRequest, RuleSettings
from minicloud.client.target_groups import (
    HealthCheckRequest,
    TargetGroupRequest,
    TargetGroupSettings,
    TargetRef,
)
from minicloud.client.transport import _with_query
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    InvalidRequest,
    MiniCloudError,
    NotFound,
)
from tests.unit.canned import CannedTransport

_BEGUN: Any = {"operations": [{"id": "op-1"}]}


class _Anything(CannedTransport):
    """Takes every request."""

    def _answer(self, method: str, path: str, body: Any) -> Any:
        self.answers.setdefault((method, path), _BEGUN)
        return super()._answer(method, path, body)


@pytest.fixture
def server() -> _Anything:
    return _Anything({})


@pytest.fixture
def client(server: _Anything) -> Client:
    return Client(server)


def test_balancers_are_asked_for_by_their_paths(client: Client, server: _Anything) -> None:
    calls = client.balancers
    calls.list()
    calls.show("w b")
    assert calls.delete("web") == _BEGUN["operations"]
    calls.health("web")
    calls.metrics("web")
    assert [(method, path) for method, path, _ in server.asked] == [
        ("GET", "/balancers"),
        ("GET", "/balancers/w%20b"),
        ("DELETE", "/balancers/web"),
        ("GET", "/balancers/web/health"),
        ("GET", "/balancers/web/metrics"),
    ]


def test_what_is_none_is_not_sent_at_any_depth(client: Client, server: _Anything) -> None:
    front = FrontRequest(["web-1"], health=HealthCheckRequest(port="traffic-port"))
    client.balancers.create(BalancerRequest("web", http2=False, front=front))
    client.balancers.modify("web", BalancerSettings(tags={}))
    client.target_groups.create(TargetGroupRequest("web", stickiness_s=0))
    client.target_groups.modify("web", TargetGroupSettings(health=HealthCheckRequest(path="/")))
    assert server.asked == [
        (
            *("POST", "/balancers"),
            {
                "name": "web",
                "http2": False,
                "front": {"instances": ["web-1"], "health": {"port": "traffic-port"}},
            },
        ),
        ("PATCH", "/balancers/web", {"tags": {}}),
        ("POST", "/target-groups", {"name": "web", "stickiness_s": 0}),
        ("PATCH", "/target-groups/web", {"health": {"path": "/"}}),
    ]


def test_targets_are_named_by_instance_and_port(client: Client, server: _Anything) -> None:
    targets = [TargetRef("web-1"), TargetRef("web-2", 8080)]
    assert client.target_groups.register("web", targets) == _BEGUN["operations"]
    client.target_groups.deregister("web", targets)
    body = {"targets": [{"instance": "web-1", "port": None}, {"instance": "web-2", "port": 8080}]}
    assert server.asked == [
        ("POST", "/target-groups/web/register", body),
        ("POST", "/target-groups/web/deregister", body),
    ]


def test_listeners_and_rules(client: Client, server: _Anything) -> None:
    client.listeners.list("web")
    client.listeners.show("web:80")
    client.listeners.create(
        ListenerRequest("web", port=80, action={"type": "redirect", "protocol": "HTTPS"})
    )
    client.listeners.modify("web:80", ListenerSettings(certificate="shop"))
    client.rules.list("web:80")
    pair = {"key": None, "value": "x"}
    client.rules.create(
        RuleRequest(
            "web:80",
            priority=10,
            conditions=[{"field": "query", "values": [pair]}],
            action={"type": "fixed-response", "status": 404},
        )
    )
    client.rules.modify("rule-1", RuleSettings(priority=5))
    assert server.asked == [
        ("GET", "/listeners", {"balancer": "web"}),
        ("GET", "/listeners/web%3A80", {}),
        (
            *("POST", "/listeners"),
            {
                "balancer": "web",
                "port": 80,
                "action": {"type": "redirect", "protocol": "HTTPS"},
            },
        ),
        ("PATCH", "/listeners/web%3A80", {"certificate": "shop"}),
        ("GET", "/rules", {"listener": "web:80"}),
        (
            *("POST", "/rules"),
            {
                "listener": "web:80",
                "priority": 10,
                "conditions": [{"field": "query", "values": [pair]}],
                "action": {"type": "fixed-response", "status": 404},
            },
        ),
        ("PATCH", "/rules/rule-1", {"priority": 5}),
    ]


def test_certificates(client: Client, server: _Anything) -> None:
    server.answers["GET", "/certificate-authority"] = {"chain_pem": "PEM"}
    assert client.certificates.authority() == "PEM"
    client.certificates.create("shop", ["a.example"])
    client.certificates.import_("shop", "chain", "key")
    assert client.certificates.delete("shop") == _BEGUN["operations"]
    assert server.asked[2][2]["key_pem"] == "key"


@given(
    lines=st.lists(st.binary(min_size=1, max_size=20).filter(lambda b: b"\n" not in b)),
    cuts=st.lists(st.integers(min_value=0, max_value=200)),
    ends_well=st.booleans(),
)
def test_log_lines_come_whole(lines: list[bytes], cuts: list[int], ends_well: bool) -> None:
    text = b"\n".join(lines) + (b"\n" if lines and ends_well else b"")
    edges = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    server = CannedTransport({("GET", "/balancers/web/logs"): pieces})
    assert [*Client(server).balancers.logs("web", tail=5, follow=True)] == lines
    assert server.asked == [("GET", "/balancers/web/logs", {"tail": 5, "follow": True})]


@given(text=st.text(min_size=1, max_size=60).filter(lambda text: "/" not in text))
def test_a_word_in_a_query_stays_one_word(text: str) -> None:
    target = _with_query("/listeners", {"balancer": text, "all": True})
    assert target.isascii()
    assert target.startswith("/listeners?balancer=")
    assert target.endswith("&all=true")
    assert not set(target) & set(" #\r\n")
    assert (target.count("?"), target.count("&")) == (1, 1)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "LoadBalancerNotFound", NotFound),
        (404, "CertificateNotFound", NotFound),
        (409, "DuplicateLoadBalancerName", Conflict),
        (409, "DuplicateListener", Conflict),
        (409, "PriorityInUse", Conflict),
        (409, "ResourceInUse", Conflict),
        (409, "TargetGroupAssociationLimit", Conflict),
        (409, "TooManyTargets", CapacityExceeded),
        (409, "TooManyLoadBalancers", CapacityExceeded),
        (400, "InvalidTarget", InvalidRequest),
        (400, "InvalidLoadBalancerAction", InvalidRequest),
    ],
)
def test_elbv2s_errors_are_made_again_from_both(
    status: int, code: str, expected: type[MiniCloudError]
) -> None:
    said: Any = {"code": code, "message": "m", "resolution": "r"}
    assert type(from_response(status, json.dumps({"error": said}).encode())) is expected
    assert type(from_record(said)) is expected
