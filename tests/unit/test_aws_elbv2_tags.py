"""Tags of what ELBv2 has, as boto3 asks of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import NOBODY, Elbv2World, fixed, world_of


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


def _everything(world: Elbv2World) -> list[str]:
    balancer, group = world.balancer(), world.group()
    listener = world.listener(balancer, fixed())
    rule = world.client.create_rule(
        ListenerArn=listener["ListenerArn"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/a"]}],
        Actions=[fixed()],
        Tags=[{"Key": "born", "Value": "here"}],
    )["Rules"][0]
    return [
        balancer["LoadBalancerArn"],
        group["TargetGroupArn"],
        listener["ListenerArn"],
        rule["RuleArn"],
    ]


def _tags(world: Elbv2World, arns: list[str]) -> list[dict[str, str]]:
    answer = world.client.describe_tags(ResourceArns=arns)["TagDescriptions"]
    assert [each["ResourceArn"] for each in answer] == arns
    return [{tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in answer]


def _pairs(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_tags_come_and_go_on_several_at_once(world: Elbv2World) -> None:
    arns = _everything(world)
    assert _tags(world, arns) == [{}, {}, {}, {"born": "here"}]
    told = len(world.cloud.plane.calls)
    world.client.add_tags(ResourceArns=arns, Tags=_pairs(Name="my web", a="1"))
    world.client.add_tags(ResourceArns=arns[:1], Tags=_pairs(a="2", b=""))
    both = {"Name": "my web", "a": "1"}
    assert _tags(world, arns) == [
        {"Name": "my web", "a": "2", "b": ""},
        both,
        both,
        {"born": "here", **both},
    ]
    world.client.remove_tags(ResourceArns=arns, TagKeys=["a", "none"])
    rest = {"Name": "my web"}
    assert _tags(world, arns) == [{**rest, "b": ""}, rest, rest, {"born": "here", **rest}]
    # No balancer need be told of a tag.
    assert len(world.cloud.plane.calls) == told
    invariants.check(world.cloud)


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (_pairs(a="1") * 2, "DuplicateTagKeys"),
        ([{"Key": f"k{n}", "Value": ""} for n in range(50)], "TooManyTags"),
        ([{"Key": "aws:a", "Value": ""}], "ValidationError"),
    ],
)
def test_tags_that_cannot_be_are_refused_for_all(
    world: Elbv2World, tags: list[dict[str, str]], code: str
) -> None:
    # The rule has one already, so that it alone would have too many.
    assert world.refused("add_tags", ResourceArns=_everything(world), Tags=tags)[0] == code


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("front", "ValidationError"),
        ("arn:aws:ec2:us-east-1:123456789012:instance/i-0", "ValidationError"),
        (f"{NOBODY}:truststore/none/0123456789abcdef", "ValidationError"),
        (f"{NOBODY}:loadbalancer/app/none/0123456789abcdef0", "LoadBalancerNotFound"),
        (f"{NOBODY}:targetgroup/none/0123456789abcdef0", "TargetGroupNotFound"),
        (f"{NOBODY}:listener/app/none/0/1", "ListenerNotFound"),
        (f"{NOBODY}:listener-rule/app/none/0/1/2", "RuleNotFound"),
    ],
)
def test_what_there_is_not_has_no_tags(world: Elbv2World, arn: str, code: str) -> None:
    arns = [_everything(world)[0], arn]
    requests: list[tuple[str, dict[str, Any]]] = [
        ("add_tags", {"Tags": _pairs(a="1")}),
        ("remove_tags", {"TagKeys": ["a"]}),
        ("describe_tags", {}),
    ]
    for method, members in requests:
        assert world.refused(method, ResourceArns=arns, **members)[0] == code


def test_a_call_names_twenty_at_most(world: Elbv2World) -> None:
    arns = [world.group()["TargetGroupArn"]] * 21
    assert world.refused("describe_tags", ResourceArns=arns)[0] == "ValidationError"
