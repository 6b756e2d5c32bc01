"""What the native API refuses about load balancing: it says why, and nothing has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from minicloud.client import Client
from minicloud.client.balancers import BalancerRequest
from minicloud.client.listeners import ListenerRequest
from minicloud.client.target_groups import TargetGroupRequest, TargetRef
from minicloud.domain.errors import InvalidRequest, MiniCloudError, NotFound
from tests.unit.app_transport import AppTransport, app_transport
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud

_FORWARD: Any = {"type": "forward", "groups": [{"id": "web"}]}


def _balanced(cloud: Cloud) -> None:
    cloud.launch("web-1")
    cloud.balance("web", "web-1")


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> Cloud:
    """A cloud with a balancer."""
    return make_cloud(_balanced)


@pytest.fixture
def transport(cloud: Cloud) -> AppTransport:
    return app_transport(cloud)


@pytest.fixture
def client(transport: AppTransport) -> Client:
    return Client(transport)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"name": "x", "domains": ["a.example"], "chain_pem": "c", "key_pem": "k"},
        {"name": "x", "chain_pem": "c"},
        {"name": "x", "key_pem": "k"},
        {"name": "x", "chain_pem": "c", "key_pem": "k", "validity_days": 3},
    ],
)
def test_a_certificate_is_either_made_or_given(transport: AppTransport, body: Any) -> None:
    with pytest.raises(InvalidRequest, match="InvalidParameterCombination"):
        transport.post("/certificates", body)


def _forwarding(**changes: Any) -> dict[str, Any]:
    return {"balancer": "web", "port": 81, "action": _FORWARD, **changes}


def _ruling(**changes: Any) -> dict[str, Any]:
    conditions = [{"field": "path", "values": ["/"]}]
    return {
        "listener": "web:80",
        "priority": 1,
        "conditions": conditions,
        "action": _FORWARD,
        **changes,
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/balancers", {}),
        ("POST", "/balancers", {"name": "x", "type": "gateway"}),
        ("POST", "/balancers", {"name": "x", "colour": "red"}),
        ("POST", "/balancers", {"name": "x", "idle_timeout_s": "60"}),
        ("POST", "/balancers", {"name": "x", "http2": 1}),
        ("POST", "/balancers", {"name": "a b"}),
        ("POST", "/balancers", {"name": "\x1b\ud800"}),
        ("POST", "/balancers", {"name": "x", "idle_timeout_s": 0}),
        ("POST", "/balancers", {"name": "x", "front": {"port": 80}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": "web-1"}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": [], "protocol": "http"}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": [], "port": 0}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": [], "port": 10**100}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": [], "protocol": "HTTPS"}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": [], "protocol": "TCP"}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": [], "health": {"port": 0}}}),
        ("POST", "/balancers", {"name": "x", "front": {"instances": [], "health": {"path": "x"}}}),
        ("PATCH", "/balancers/web", {"name": "y"}),
        ("PATCH", "/balancers/web", {"forwarded_for": "forge"}),
        ("PATCH", "/balancers/web", {"idle_timeout_s": 4001}),
        ("GET", "/balancers/web/logs?tail=-1", None),
        ("GET", "/balancers/web/logs?tail=many", None),
        ("GET", "/balancers/web/logs?follow=perhaps", None),
        ("POST", "/target-groups", {"name": "x", "health": {"port": "http"}}),
        ("POST", "/target-groups", {"name": "x", "health": {"interval_s": 4}}),
        ("POST", "/target-groups", {"name": "x", "health": {"matcher": "500"}}),
        ("POST", "/target-groups", {"name": "x", "health": {"protocol": "TCP"}}),
        ("POST", "/target-groups", {"name": "x", "algorithm": "random"}),
        ("POST", "/target-groups", {"name": "x", "slow_start_s": 29}),
        ("POST", "/target-groups", {"name": "x", "tags": {"aws:x": "y"}}),
        ("PATCH", "/target-groups/web", {"protocol": "TCP"}),
        ("POST", "/target-groups/web/register", {}),
        ("POST", "/target-groups/web/register", {"targets": []}),
        ("POST", "/target-groups/web/register", {"targets": ["web-1"]}),
        ("POST", "/target-groups/web/register", {"targets": [{"instance": "web-1", "port": 0}]}),
        ("POST", "/listeners", {}),
        ("POST", "/listeners", _forwarding(action={"type": "\x1b[31m" * 1000})),
        ("POST", "/listeners", _forwarding(action={"type": "forward", "groups": []})),
        ("POST", "/listeners", _forwarding(port=65536)),
        ("POST", "/listeners", _forwarding(port="81")),
        ("POST", "/listeners", _forwarding(protocol="HTTPS")),
        ("POST", "/listeners", _forwarding(protocol="TCP")),
        ("POST", "/listeners", _forwarding(tls_policy="SSLv3")),
        ("GET", "/listeners", None),
        ("GET", "/listeners?balancer=", None),
        ("PATCH", "/listeners/web%3A80", {"balancer": "other"}),
        ("POST", "/rules", _ruling(conditions=[])),
        ("POST", "/rules", _ruling(conditions=[{"field": "path", "values": []}])),
        ("POST", "/rules", _ruling(conditions=[{"field": "colour", "values": ["red"]}])),
        ("POST", "/rules", _ruling(priority=0)),
        ("POST", "/rules", _ruling(action={"type": "redirect"})),
        ("GET", "/rules", None),
        ("POST", "/rules/priorities", {"priorities": {}}),
        ("POST", "/rules/priorities", {"priorities": {"rule-1": "first"}}),
        ("POST", "/certificates", {"name": "x", "domains": ["a b"]}),
        ("POST", "/certificates", {"name": "x", "domains": ["a.example"], "validity_days": 0}),
        ("POST", "/certificates", {"name": "x", "domains": ["a.example"] * 11}),
        ("POST", "/certificates", {"name": "x", "chain_pem": "x" * 300_000, "key_pem": "k"}),
    ],
)
def test_what_is_malformed_changes_nothing(
    client: Client, cloud: Cloud, transport: AppTransport, method: str, path: str, body: Any
) -> None:
    before = _everything(client), cloud.plane.seen()
    sent = b"" if body is None else json.dumps(body).encode()
    answer = transport.ask(method, path, sent)
    said = json.loads(answer.body())["error"]
    assert answer.status == 400, said
    assert said["message"]
    assert said["resolution"]
    assert len(said["message"]) < 400
    assert said["message"].isprintable()
    assert (_everything(client), cloud.plane.seen()) == before


def _everything(client: Client) -> Any:
    found: list[Any] = [client.balancers.list(), client.target_groups.list()]
    return [*found, client.rules.list("web:80"), client.certificates.list()]


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000, b'{"x": ' + b"9" * 5000 + b"}"])
def test_what_is_no_json_is_refused(transport: AppTransport, raw: bytes) -> None:
    answer = transport.ask("POST", "/balancers", raw)
    assert answer.status == 400
    assert json.loads(answer.body())["error"]["code"] == "MalformedRequest"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda c: c.balancers.show("no"), "LoadBalancerNotFound"),
        (lambda c: c.balancers.health("no"), "LoadBalancerNotFound"),
        (lambda c: c.balancers.metrics("no"), "LoadBalancerNotFound"),
        (lambda c: [*c.balancers.logs("no")], "LoadBalancerNotFound"),
        (lambda c: c.listeners.list("no"), "LoadBalancerNotFound"),
        (lambda c: c.target_groups.show("no"), "TargetGroupNotFound"),
        (lambda c: c.listeners.show("no:80"), "LoadBalancerNotFound"),
        (lambda c: c.listeners.show("no"), "ListenerNotFound"),
        (lambda c: c.rules.show("no"), "RuleNotFound"),
        (lambda c: c.rules.list("no"), "ListenerNotFound"),
        (lambda c: c.certificates.show("no"), "CertificateNotFound"),
    ],
)
def test_what_is_not_there_is_not_found(client: Client, ask: Any, code: str) -> None:
    with pytest.raises(NotFound) as raised:
        ask(client)
    assert raised.value.code == code
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(
    ("ask", "code", "exit_code"),
    [
        (
            lambda c: c.balancers.create(BalancerRequest("web")),
            *("DuplicateLoadBalancerName", 4),
        ),
        (
            lambda c: c.target_groups.create(TargetGroupRequest("web")),
            *("DuplicateTargetGroupName", 4),
        ),
        (
            lambda c: c.listeners.create(ListenerRequest("web", port=80, action=_FORWARD)),
            *("DuplicateListener", 4),
        ),
        (lambda c: c.target_groups.delete("web"), *("ResourceInUse", 4)),
        (
            lambda c: c.target_groups.register("web", [TargetRef("nosuch")]),
            *("InvalidInstanceID.NotFound", 3),
        ),
    ],
)
def test_refusals_have_awss_codes(client: Client, ask: Any, code: str, exit_code: int) -> None:
    with pytest.raises(MiniCloudError) as raised:
        ask(client)
    assert (raised.value.code, raised.value.exit_code) == (code, exit_code)
