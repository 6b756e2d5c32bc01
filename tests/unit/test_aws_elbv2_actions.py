"""What listeners do, set and read back by boto3."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import Elbv2World, forward, world_of


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


def _actions(world: Elbv2World) -> dict[str, dict[str, Any]]:
    one, two = world.group("one")["TargetGroupArn"], world.group("two")["TargetGroupArn"]
    weighted = [{"TargetGroupArn": one, "Weight": 3}, {"TargetGroupArn": two, "Weight": 0}]
    return {
        "weighted": {
            "Type": "forward",
            "Order": 7,
            "ForwardConfig": {
                "TargetGroups": weighted,
                "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 5},
            },
        },
        "not sticky, but for a duration": {
            "Type": "forward",
            "ForwardConfig": {
                "TargetGroups": weighted,
                "TargetGroupStickinessConfig": {"Enabled": False, "DurationSeconds": 600},
            },
        },
        "redirect": {
            "Type": "redirect",
            "Order": 1,
            "RedirectConfig": {
                "Protocol": "HTTPS",
                "Port": "443",
                "Host": "#{host}",
                "Path": "/a/#{path}",
                "Query": "#{query}&b=c",
                "StatusCode": "HTTP_302",
            },
        },
        "fixed response": {
            "Type": "fixed-response",
            "FixedResponseConfig": {
                "MessageBody": "<b>closed</b>",
                "StatusCode": "503",
                "ContentType": "text/html",
            },
        },
    }


@pytest.mark.parametrize(
    "name", ["weighted", "not sticky, but for a duration", "redirect", "fixed response"]
)
def test_every_action_is_read_back_as_it_was_set(world: Elbv2World, name: str) -> None:
    action = _actions(world)[name]
    balancer = world.balancer()
    made = world.listener(balancer, action)
    assert made["DefaultActions"] == [action]
    found = world.client.describe_listeners(ListenerArns=[made["ListenerArn"]])["Listeners"]
    assert found == [made]
    # A listener's action becomes any other.
    for other in _actions(world).values():
        changed = world.client.modify_listener(
            ListenerArn=made["ListenerArn"], DefaultActions=[other]
        )
        assert changed["Listeners"][0]["DefaultActions"] == [other]
    invariants.check(world.cloud)


def test_a_single_group_can_be_named_in_both_forms(world: Elbv2World) -> None:
    balancer, group = world.balancer(), world.group()
    config = {"TargetGroups": [{"TargetGroupArn": group["TargetGroupArn"]}]}
    expected = world.listener(balancer, forward(group))["DefaultActions"]
    only = world.listener(balancer, {"Type": "forward", "ForwardConfig": config}, port=81)
    both = world.listener(balancer, {**forward(group), "ForwardConfig": config}, port=82)
    assert only["DefaultActions"] == both["DefaultActions"] == expected


def test_a_redirects_parts_stay_as_the_request_has_them(world: Elbv2World) -> None:
    action = {"Type": "redirect", "RedirectConfig": {"Port": "81", "StatusCode": "HTTP_301"}}
    made = world.listener(world.balancer(), action)
    assert made["DefaultActions"][0]["RedirectConfig"] == {
        "Protocol": "#{protocol}",
        "Port": "81",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    }
