"""Load balancing through the native API: the client, the routes, the services, a fake plane."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest

from minicloud.adapters.docker.streams import EngineStream
from minicloud.client import Client, balancer_shapes
from minicloud.client.balancers import BalancerRequest, BalancerSettings, FrontRequest
from minicloud.client.listeners import ListenerRequest, ListenerSettings
from minicloud.client.rules import RuleRequest, RuleSettings
from minicloud.client.target_groups import (
    HealthCheckRequest,
    TargetGroupRequest,
    TargetGroupSettings,
    TargetRef,
)
from minicloud.domain.errors import (
    Conflict,
    InvalidRequest,
    Unavailable,
)
from minicloud.domain.target import TargetState
from minicloud.ports.edge import EdgeMode
from minicloud.ports.store import CloudRecord
from tests.unit.app_transport import AppTransport, app_transport
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud

_FORWARD: Any = {"type": "forward", "groups": [{"id": "web"}]}
_TO_HTTPS: Any = {"type": "redirect", "protocol": "HTTPS", "port": "443"}


def _two_machines(cloud: Cloud) -> None:
    cloud.launch("web-1")
    cloud.launch("web-2")


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> Cloud:
    """A cloud with two machines."""
    return make_cloud(_two_machines)


@pytest.fixture
def transport(cloud: Cloud) -> AppTransport:
    return app_transport(cloud)


@pytest.fixture
def client(transport: AppTransport) -> Client:
    return Client(transport)


def _done(client: Client, answer: Any) -> Any:
    """The answer, once its operations have succeeded."""
    operations = answer["operations"] if isinstance(answer, dict) else answer
    for operation in client.operations.wait(operations):
        assert operation["status"] == "succeeded", operation["error"]
    return answer


def _web(client: Client, **front: Any) -> Any:
    """A balancer in the short form, as it then is."""
    request = BalancerRequest("web", front=FrontRequest(["web-1", "web-2"], **front))
    _done(client, client.balancers.create(request))
    return client.balancers.show("web")


def _assert_shape(view: Any, shape: type) -> None:
    assert {*view} == {*get_type_hints(shape)}


def test_the_short_form_makes_all_of_it(client: Client) -> None:
    web = _web(client, health=HealthCheckRequest(path="/up", port=81), slow_start_s=30)
    _assert_shape(web, balancer_shapes.BalancerShape)
    assert (web["type"], web["state"], web["operation_id"]) == ("application", "active", None)
    assert web["dns_name"] == web["public_ip"]
    (listener,) = web["listeners"]
    _assert_shape(listener, balancer_shapes.ListenerShape)
    assert (listener["balancer_name"], listener["port"]) == ("web", 80)
    assert listener["action"]["groups"][0]["name"] == "web"
    group = client.target_groups.show("web")
    _assert_shape(group, balancer_shapes.TargetGroupShape)
    assert (group["balancer_id"], group["target_count"]) == (web["id"], 2)
    assert (group["health_check"]["path"], group["health_check"]["port"]) == ("/up", 81)
    assert group["slow_start_s"] == 30
    _assert_shape(group["health_check"], balancer_shapes.HealthCheckShape)
    _assert_shape(group["targets"][0], balancer_shapes.TargetShape)
    assert [t["instance_name"] for t in group["targets"]] == ["web-1", "web-2"]
    assert client.balancers.list() == [web]


def test_a_listener_is_reached_at_its_port_and_at_a_stable_one(client: Client) -> None:
    web = _web(client)
    ip = web["public_ip"]
    first, stable = web["endpoints"]
    assert first == {"port": 80, "host": ip, "host_port": 80, "url": f"http://{ip}/"}
    assert (stable["host"], stable["port"]) == ("127.0.0.1", 80)
    assert stable["url"] == f"http://127.0.0.1:{stable['host_port']}/"
    assert web["url"] == f"http://{ip}/"
    _done(client, client.listeners.create(ListenerRequest("web", port=81, action=_FORWARD)))
    (other,) = [e for e in client.balancers.show("web")["endpoints"] if e["port"] == 81]
    assert other["url"] == f"http://{ip}:81/"


def test_without_loopback_addresses_only_stable_ports_lead_there(
    client: Client, cloud: Cloud
) -> None:
    _web(client)
    _done(client, client.listeners.create(ListenerRequest("web", port=81, action=_FORWARD)))
    with cloud.store.write() as transaction:
        record = transaction.cloud()
        transaction.save_cloud(
            CloudRecord(record.id, record.name, record.place, EdgeMode.PUBLISHED)
        )
    by_port = {listener["port"]: listener["url"] for listener in client.listeners.list("web")}
    assert by_port[80] is not None
    assert by_port[80].startswith("http://127.0.0.1:")
    assert by_port[81] is None


def test_tls_listeners_have_a_certificate_and_https_urls(client: Client) -> None:
    certificate = client.certificates.create("shop", ["shop.example"], tags={"a": "b"})
    _assert_shape(certificate, balancer_shapes.CertificateShape)
    digits = certificate["id"].removeprefix("cert-")
    assert certificate["arn"] == f"arn:aws:acm:us-east-1:123456789012:certificate/{digits}"
    web = _web(client, port=443, protocol="HTTPS", certificate="shop")
    (listener,) = web["listeners"]
    assert listener["url"] == f"https://{web['public_ip']}/"
    assert (listener["certificate_id"], listener["certificate_name"]) == (certificate["id"], "shop")
    with pytest.raises(Conflict, match="ResourceInUse"):
        client.certificates.delete("shop")


def test_tcp_listeners_have_no_scheme(client: Client) -> None:
    request = BalancerRequest(
        "db", type="network", front=FrontRequest(["web-1"], port=5432, target_port=5432)
    )
    _done(client, client.balancers.create(request))
    db = client.balancers.show("db")
    assert db["listeners"][0]["protocol"] == "TCP"
    assert db["url"] == f"{db['public_ip']}:5432"
    assert client.target_groups.show("db")["health_check"]["protocol"] == "TCP"


def test_a_bare_balancer_has_no_url(client: Client) -> None:
    begun = _done(client, client.balancers.create(BalancerRequest("bare", idle_timeout_s=120)))
    assert begun["balancers"][0]["state"] == "provisioning"
    bare = client.balancers.show("bare")
    assert (bare["url"], bare["listeners"], bare["endpoints"]) == (None, [], [])
    assert bare["idle_timeout_s"] == 120


def test_settings_and_tags_are_changed(client: Client) -> None:
    _web(client)
    settings = BalancerSettings(
        idle_timeout_s=30,
        http2=False,
        forwarded_for="remove",
        deletion_protection=True,
        tags={"a": "b"},
    )
    changed = _done(client, client.balancers.modify("web", settings))["balancers"][0]
    assert (changed["idle_timeout_s"], changed["http2"]) == (30, False)
    assert (changed["forwarded_for"], changed["tags"]) == ("remove", {"a": "b"})
    with pytest.raises(InvalidRequest, match="OperationNotPermitted"):
        client.balancers.delete("web")
    assert _done(client, client.balancers.modify("web", BalancerSettings()))["operations"] == []


def test_an_operation_under_way_is_named(client: Client, cloud: Cloud) -> None:
    web = _web(client)
    cloud.plane.carry(client.target_groups.show("web")["targets"][0]["id"], 1)
    (draining,) = client.target_groups.deregister("web", [TargetRef("web-1")])
    assert client.balancers.show("web")["operation_id"] == draining["id"]
    cloud.plane.carry(client.target_groups.show("web")["targets"][0]["id"], 0)
    _done(client, [draining])
    assert web["operation_id"] is None


def test_deleting_leaves_the_group(client: Client) -> None:
    _web(client)
    _done(client, client.balancers.delete("web"))
    assert client.balancers.list() == []
    group = client.target_groups.show("web")
    assert (group["balancer_id"], group["balancer_name"]) == (None, "")
    assert client.target_groups.delete("web") == []
    assert client.target_groups.list() == []


def test_groups_take_changes_in_part_and_back(client: Client) -> None:
    made = client.target_groups.create(
        TargetGroupRequest(
            "api",
            port=8080,
            health=HealthCheckRequest(port=81, interval_s=10),
            algorithm="least_outstanding_requests",
            tags={"a": "b"},
        )
    )
    (group,) = made["target_groups"]
    assert made["operations"] == []
    assert (group["algorithm"], group["tags"]) == ("least_outstanding_requests", {"a": "b"})
    changes = TargetGroupSettings(
        health=HealthCheckRequest(port="traffic-port", matcher="200-299"), stickiness_s=60
    )
    (group,) = client.target_groups.modify("api", changes)["target_groups"]
    check = group["health_check"]
    assert (check["port"], check["matcher"], check["interval_s"]) == (None, "200-299", 10)
    assert (group["stickiness_s"], group["tags"]) == (60, {"a": "b"})


def test_targets_come_and_go(client: Client) -> None:
    _web(client)
    _done(client, client.target_groups.register("web", [TargetRef("web-1", 8080)]))
    group = client.target_groups.show("web")
    assert sorted(t["port"] for t in group["targets"]) == [80, 80, 8080]
    # Without a port, each that it has.
    _done(client, client.target_groups.deregister("web", [TargetRef("web-1")]))
    assert [t["instance_name"] for t in client.target_groups.show("web")["targets"]] == ["web-2"]


def test_health_is_told_by_name_and_in_text(client: Client, cloud: Cloud) -> None:
    cloud.plane.answer = lambda _t: (TargetState.UNHEALTHY, "Target.FailedHealthChecks")
    _web(client)
    health = client.balancers.health("web")
    assert [target["instance_name"] for target in health] == ["web-1", "web-2"]
    one = health[0]
    _assert_shape(one, balancer_shapes.TargetHealthShape)
    assert (one["group_name"], one["port"]) == ("web", 80)
    assert (one["state"], one["reason"]) == ("unhealthy", "Target.FailedHealthChecks")
    assert one["since"] is not None
    assert datetime.fromisoformat(one["since"]).tzinfo is not None
    (check,) = one["checks"]
    _assert_shape(check, balancer_shapes.CheckShape)
    assert (check["passed"], check["detail"]) == (False, "refused")
    assert client.target_groups.health("web") == health


def test_a_group_that_nobody_uses_has_health_by_the_records(client: Client) -> None:
    client.target_groups.create(TargetGroupRequest("idle"))
    assert client.target_groups.register("idle", [TargetRef("web-1")]) == []
    (target,) = client.target_groups.health("idle")
    assert (target["state"], target["reason"]) == ("unused", "Target.NotInUse")


def test_metrics_have_names_and_times_in_text(
    client: Client, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = _web(client)
    group_id = client.target_groups.show("web")["id"]
    at_s = datetime(2026, 11, 23, 20, tzinfo=UTC).timestamp()
    figures = {
        "since": at_s,
        "counters": {"requests": 3},
        "balancer": {"requests": 3, "in_flight": 1},
        "groups": {group_id: {"requests": 3, "p50_ms": None}},
        "minutes": [{"at": at_s, "counters": {"requests": 2}}],
    }
    monkeypatch.setattr(cloud.plane, "metrics", lambda _name: figures)
    told = client.balancers.metrics("web")
    _assert_shape(told, balancer_shapes.MetricsShape)
    assert (told["balancer_id"], told["since"]) == (web["id"], "2026-11-23T20:00:00+00:00")
    assert told["groups"][group_id] == {
        "id": group_id,
        "name": "web",
        "requests": 3,
        "p50_ms": None,
    }
    assert told["minutes"] == [{"at": "2026-11-23T20:00:00+00:00", "counters": {"requests": 2}}]


def test_logs_are_handed_on_and_an_error_among_them_is_raised(
    client: Client, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    _web(client)
    assert [*client.balancers.logs("web", tail=2)] == [b'{"status":200}'] * 2

    def broken() -> Iterator[bytes]:
        yield b'{"status":200}\n'
        raise Unavailable("BalancerUnreachable", "it went away", "wait")

    closed: list[bool] = []
    stream = EngineStream(broken(), lambda: closed.append(True))
    monkeypatch.setattr(cloud.plane, "logs", lambda *_a, **_k: stream)
    lines = client.balancers.logs("web", follow=True)
    assert next(lines) == b'{"status":200}'
    with pytest.raises(Unavailable, match="it went away"):
        next(lines)
    assert closed


def test_listeners_and_rules_are_made_changed_and_deleted(client: Client) -> None:
    web = _web(client)
    made = _done(client, client.listeners.create(ListenerRequest("web", port=81, action=_TO_HTTPS)))
    assert made["listeners"][0]["action"]["port"] == "443"
    _done(client, client.listeners.modify("web:81", ListenerSettings(port=82, action=_FORWARD)))
    assert [each["port"] for each in client.listeners.list("web")] == [80, 82]
    request = RuleRequest(
        "web:82",
        priority=10,
        conditions=[{"field": "path", "values": ["/img/*"]}],
        action=_TO_HTTPS,
    )
    (rule,) = _done(client, client.rules.create(request))["rules"]
    _assert_shape(rule, balancer_shapes.RuleShape)
    assert (rule["balancer_name"], rule["port"]) == ("web", 82)
    assert rule["conditions"] == [{"field": "path", "values": ["/img/*"]}]
    assert client.listeners.show("web:82")["rule_count"] == 1
    changes = RuleSettings(
        priority=5, conditions=[{"field": "method", "values": ["GET"]}], action=_FORWARD
    )
    (changed,) = _done(client, client.rules.modify(rule["id"], changes))["rules"]
    assert (changed["priority"], changed["conditions"][0]["values"]) == (5, ["GET"])
    assert changed["action"]["groups"][0]["name"] == "web"
    assert client.rules.list("web:82") == [changed]
    assert client.rules.show(rule["id"]) == changed
    _done(client, client.rules.delete(rule["id"]))
    _done(client, client.listeners.delete("web:82"))
    assert len(client.balancers.show("web")["listeners"]) == len(web["listeners"])


def test_rules_change_places_at_once(client: Client, transport: AppTransport) -> None:
    _web(client)
    ids = []
    for priority in (1, 2):
        request = RuleRequest(
            "web:80",
            priority=priority,
            conditions=[{"field": "path", "values": [f"/{priority}"]}],
            action=_FORWARD,
        )
        ids.append(_done(client, client.rules.create(request))["rules"][0]["id"])
    swapped = {"priorities": {ids[0]: 2, ids[1]: 1}}
    _done(client, transport.post("/rules/priorities", swapped))
    assert [rule["id"] for rule in client.rules.list("web:80")] == [ids[1], ids[0]]


def test_keys_are_never_told(client: Client, transport: AppTransport) -> None:
    chain = json.dumps(
        {
            "domains": ["a.example"],
            "from": "2030-01-01T00:00:00+00:00",
            "until": "2031-01-01T00:00:00+00:00",
        }
    )
    given = client.certificates.import_("given", chain, "THE-SECRET-KEY")
    assert (given["issued_here"], given["chain_pem"]) == (False, chain)
    client.certificates.create("made", ["b.example"], validity_days=30)
    client.certificates.show("made")
    assert [each["name"] for each in client.certificates.list()] == ["given", "made"]
    assert "authority 1 of test" in client.certificates.authority()
    assert client.certificates.delete("given") == []
    told = b"".join(answer.body() for answer in transport.answers)
    assert b"SECRET" not in told
    assert b"key" not in told
    assert b"signed by" not in told


def test_status_and_usage_know_balancers(client: Client) -> None:
    web = _web(client)
    assert client.cloud.status()["counts"]["balancers"] == 1
    used = [u for u in client.cloud.usage() if u["resource_id"] == web["id"]]
    assert [(stretch["what"], stretch["name"]) for stretch in used] == [("balancer", "web")]
