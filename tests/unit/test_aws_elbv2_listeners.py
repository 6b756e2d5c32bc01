"""Listeners and what they do, as boto3 asks of them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from minicloud.domain.operation import Operation
from minicloud.services.target_groups import GroupSettings, ModifyTargetGroup
from tests.unit import invariants
from tests.unit.cloud import HANG_S, Cloud
from tests.unit.conftest import MakeCloud
from tests.unit.elbv2_world import (
    NOBODY,
    Elbv2World,
    attributes,
    fixed,
    forward,
    front_of,
    fronted,
    pairs,
    world_of,
)

MISSING = f"{NOBODY}:listener/app/none/0123456789abcdef0/0123456789abcdef0"
MISSING_GROUP = f"{NOBODY}:targetgroup/none/0123456789abcdef0"
CERTIFICATE_MISSING = "arn:aws:acm:us-east-1:123456789012:certificate/0123456789abcdef0"
TLS13 = "ELBSecurityPolicy-TLS13-1-3-2021-06"


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


def _certificate(world: Elbv2World, name: str = "shop") -> str:
    made = world.cloud.certificates.create(name, ["shop.example"])
    digits = made.id.removeprefix("cert-")
    return f"arn:aws:acm:us-east-1:123456789012:certificate/{digits}"


def test_a_listener_is_told_as_it_is(world: Elbv2World) -> None:
    balancer, group = world.balancer(), world.group()
    made = world.listener(balancer, forward(group), Tags=[{"Key": "a", "Value": ""}])
    record = world.cloud.listeners.show("front:80")
    suffix = balancer["LoadBalancerArn"].partition("loadbalancer/")[2]
    digits = record.id.removeprefix("lsn-")
    assert made == {
        "ListenerArn": f"{NOBODY}:listener/{suffix}/{digits}",
        "LoadBalancerArn": balancer["LoadBalancerArn"],
        "Port": 80,
        "Protocol": "HTTP",
        "DefaultActions": [
            {
                **forward(group),
                "ForwardConfig": {
                    "TargetGroups": [{"TargetGroupArn": group["TargetGroupArn"], "Weight": 1}],
                    "TargetGroupStickinessConfig": {"Enabled": False},
                },
            }
        ],
    }
    tags = world.client.describe_tags(ResourceArns=[made["ListenerArn"]])
    assert tags["TagDescriptions"][0]["Tags"] == [{"Key": "a", "Value": ""}]
    told = world.client.describe_listener_attributes(ListenerArn=made["ListenerArn"])
    assert attributes(told) == {"routing.http.response.server.enabled": "true"}
    invariants.check(world.cloud)


def test_an_https_listener_shows_a_certificate(world: Elbv2World) -> None:
    certificate, balancer = _certificate(world), world.balancer()
    members = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}]}
    made = world.listener(balancer, fixed(), port=443, **members)
    arn = made["ListenerArn"]
    assert made["Certificates"] == [{"CertificateArn": certificate}]
    assert made["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert made["MutualAuthentication"] == {"Mode": "off"}
    shown = world.client.describe_listener_certificates(ListenerArn=arn)["Certificates"]
    assert shown == [{"CertificateArn": certificate, "IsDefault": True}]
    other = _certificate(world, "other")
    changed = world.client.modify_listener(
        ListenerArn=arn,
        SslPolicy=TLS13,
        Certificates=[{"CertificateArn": other}],
        MutualAuthentication={"Mode": "off"},
    )["Listeners"][0]
    assert (changed["SslPolicy"], changed["Certificates"][0]["CertificateArn"]) == (TLS13, other)
    plain = world.client.modify_listener(ListenerArn=arn, Protocol="HTTP")["Listeners"][0]
    assert not {"SslPolicy", "Certificates", "MutualAuthentication"} & plain.keys()
    assert world.client.describe_listener_certificates(ListenerArn=arn)["Certificates"] == []
    invariants.check(world.cloud)


def test_a_tcp_listener(world: Elbv2World) -> None:
    balancer = world.balancer(Type="network")
    group = world.group("db", Protocol="TCP", Port=5432)
    made = world.listener(balancer, forward(group), port=5432, Protocol="TCP")
    assert made["Protocol"] == "TCP"
    wanted = {"LoadBalancerArn": made["LoadBalancerArn"], "Port": 9, "DefaultActions": [fixed()]}
    refused = world.refused("create_listener", **wanted, Protocol="HTTP")
    assert refused[0] == "ValidationError"
    assert refused[1] == "Listener protocol 'HTTP' must be one of 'UDP, TCP, TLS, TCP_UDP'"
    assert world.refused("create_listener", **wanted, Protocol="UDP")[0] == "UnsupportedProtocol"
    assert made["ListenerArn"].startswith(f"{NOBODY}:listener/net/front/")
    told = world.client.describe_listener_attributes(ListenerArn=made["ListenerArn"])
    assert attributes(told) == {"tcp.idle_timeout.seconds": "350"}
    (document,) = world.cloud.plane.seen().values()
    assert document is not None
    assert document["idle_timeout_s"] == 350
    rules = world.client.describe_rules(ListenerArn=made["ListenerArn"])["Rules"]
    assert [rule["IsDefault"] for rule in rules] == [True]


def _redirect(**parts: str) -> dict[str, Any]:
    return {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", **parts}}


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"LoadBalancerArn": "front"}, "ValidationError"),
        (
            {"LoadBalancerArn": f"{NOBODY}:loadbalancer/app/none/0123456789abcdef0"},
            "LoadBalancerNotFound",
        ),
        ({"Port": None}, "ValidationError"),
        ({"Protocol": None}, "ValidationError"),
        ({"Port": 80}, "DuplicateListener"),
        ({"Protocol": "TCP"}, "ValidationError"),
        ({"Protocol": "TLS"}, "ValidationError"),
        ({"Protocol": "HTTPS"}, "ValidationError"),
        (
            {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": CERTIFICATE_MISSING}]},
            "CertificateNotFound",
        ),
        (
            {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": "shop"}]},
            "ValidationError",
        ),
        (
            {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": CERTIFICATE_MISSING}] * 2},
            "TooManyCertificates",
        ),
        ({"SslPolicy": TLS13}, "InvalidConfigurationRequest"),
        ({"SslPolicy": "ELBSecurityPolicy-2016-08"}, "SSLPolicyNotFound"),
        ({"AlpnPolicy": ["None"]}, "ValidationError"),
        ({"MutualAuthentication": {"Mode": "verify"}}, "InvalidConfigurationRequest"),
        ({"MutualAuthentication": {"TrustStoreArn": "x"}}, "ValidationError"),
        ({"DefaultActions": []}, "ValidationError"),
        ({"DefaultActions": [fixed(), fixed()]}, "TooManyActions"),
        ({"DefaultActions": [{"Type": "forward"}]}, "ValidationError"),
        ({"DefaultActions": [forward({"TargetGroupArn": MISSING_GROUP})]}, "TargetGroupNotFound"),
        ({"DefaultActions": [forward({"TargetGroupArn": "web"})]}, "ValidationError"),
        ({"DefaultActions": [{"Type": "redirect"}]}, "InvalidLoadBalancerAction"),
        ({"DefaultActions": [_redirect()]}, "InvalidLoadBalancerAction"),
        ({"DefaultActions": [_redirect(Path="a")]}, "InvalidLoadBalancerAction"),
        ({"DefaultActions": [{"Type": "fixed-response"}]}, "InvalidLoadBalancerAction"),
        ({"DefaultActions": [fixed("302")]}, "InvalidLoadBalancerAction"),
        ({"DefaultActions": [fixed("40")]}, "ValidationError"),
        ({"DefaultActions": [{**fixed(), "Order": 50_001}]}, "ValidationError"),
        (
            {"DefaultActions": [{"Type": "authenticate-oidc", "Order": 1}]},
            "InvalidLoadBalancerAction",
        ),
        ({"Tags": [{"Key": "a"}] * 2}, "DuplicateTagKeys"),
    ],
)
def test_what_a_listener_cannot_be_is_refused(
    make_cloud: MakeCloud, members: dict[str, Any], code: str
) -> None:
    world = world_of(make_cloud(fronted))
    balancer, _ = front_of(world)
    wanted = {
        "LoadBalancerArn": balancer["LoadBalancerArn"],
        "Protocol": "HTTP",
        "Port": 8080,
        "DefaultActions": [fixed()],
        **members,
    }
    given = {key: value for key, value in wanted.items() if value is not None}
    assert world.refused("create_listener", **given)[0] == code


def test_what_a_group_cannot_be_used_for_is_refused(world: Elbv2World) -> None:
    group, tcp = world.group(), world.group("db", Protocol="TCP")
    one, two = world.balancer("one"), world.balancer("two")
    made = world.listener(one, forward(group))
    wanted = {"Protocol": "HTTP", "Port": 81}
    arns = group["TargetGroupArn"], tcp["TargetGroupArn"]
    both = {"TargetGroups": [{"TargetGroupArn": arn} for arn in arns]}
    for balancer, action, code in (
        (two, forward(group), "TargetGroupAssociationLimit"),
        (one, forward(tcp), "InvalidConfigurationRequest"),
        (one, {**forward(group), "ForwardConfig": both}, "InvalidLoadBalancerAction"),
        (
            one,
            {
                "Type": "forward",
                "ForwardConfig": {
                    "TargetGroups": [{"TargetGroupArn": arns[0]}],
                    "TargetGroupStickinessConfig": {"Enabled": True},
                },
            },
            "ValidationError",
        ),
    ):
        members = {"LoadBalancerArn": balancer["LoadBalancerArn"], "DefaultActions": [action]}
        assert world.refused("create_listener", **wanted, **members)[0] == code
    refusal = world.refused(
        "modify_listener", ListenerArn=made["ListenerArn"], DefaultActions=[forward(tcp)]
    )
    assert refusal[0] == "InvalidConfigurationRequest"


def test_listeners_are_found_by_balancer_and_arns_and_page_by_page(world: Elbv2World) -> None:
    balancer = world.balancer()
    arn = balancer["LoadBalancerArn"]
    made = {port: world.listener(balancer, fixed(), port=port) for port in (82, 80, 81)}
    pages = world.client.get_paginator("describe_listeners").paginate(
        LoadBalancerArn=arn, PaginationConfig={"PageSize": 2}
    )
    assert [[each["Port"] for each in page["Listeners"]] for page in pages] == [[80, 81], [82]]
    listener_arn = made[81]["ListenerArn"]
    named = world.client.describe_listeners(ListenerArns=[listener_arn])
    assert named["Listeners"] == [made[81]]
    for members, code in (
        ({}, "ValidationError"),
        ({"LoadBalancerArn": arn, "ListenerArns": [listener_arn]}, "ValidationError"),
        ({"ListenerArns": [MISSING]}, "ListenerNotFound"),
        ({"ListenerArns": [listener_arn.replace("/front/", "/other/")]}, "ListenerNotFound"),
    ):
        assert world.refused("describe_listeners", **members)[0] == code
    world.client.delete_listener(ListenerArn=listener_arn)
    for method in ("delete_listener", "describe_listener_attributes", "modify_listener"):
        assert world.refused(method, ListenerArn=listener_arn)[0] == "ListenerNotFound"
    refusal = world.refused("modify_listener", ListenerArn=made[80]["ListenerArn"], Port=82)
    assert refusal[0] == "DuplicateListener"
    moved = world.client.modify_listener(ListenerArn=made[80]["ListenerArn"], Port=8080)
    assert moved["Listeners"][0]["Port"] == 8080
    invariants.check(world.cloud)


def test_a_change_waits_for_what_is_at_work_on_the_same(
    world: Elbv2World, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = world.group()
    world.listener(world.balancer(), forward(group))
    arn = group["TargetGroupArn"]
    is_waited_for = threading.Event()
    await_end = world.cloud.operations.await_end

    def noticed(operation_id: str, timeout_s: float, step_name: str | None = None) -> Operation:
        is_waited_for.set()
        return await_end(operation_id, timeout_s, step_name)

    def hold(method: str) -> None:
        if method == "apply":
            assert is_waited_for.wait(HANG_S)

    monkeypatch.setattr(world.cloud.operations, "await_end", noticed)
    world.cloud.plane.on_call = hold
    settings = GroupSettings(slow_start_s=30)
    world.cloud.target_groups.modify("web", ModifyTargetGroup(settings))
    answer = world.client.modify_target_group_attributes(
        TargetGroupArn=arn, Attributes=pairs(deregistration_delay__timeout_seconds="9")
    )
    told = attributes(answer)
    assert told["deregistration_delay.timeout_seconds"] == "9"
    assert world.cloud.target_groups.show("web").slow_start_s == 30
    invariants.check(world.cloud)
