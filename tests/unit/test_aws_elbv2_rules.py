"""Rules of listeners, as boto3 asks of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.conftest import MakeCloud
from tests.unit.elbv2_world import (
    NOBODY,
    Elbv2World,
    fixed,
    forward,
    front_of,
    fronted,
    world_of,
)

MISSING = f"{NOBODY}:listener-rule/app/none/0123456789abcdef0/0123456789abcdef0/0123456789abcdef0"


@pytest.fixture
def world(cloud: Cloud) -> Elbv2World:
    return world_of(cloud)


def _path(*patterns: str) -> dict[str, Any]:
    return {
        "Field": "path-pattern",
        "Values": list(patterns),
        "PathPatternConfig": {"Values": list(patterns)},
    }


def _rule(world: Elbv2World, listener: Any, priority: int, **members: Any) -> Any:
    wanted = {"Conditions": [_path("/a*")], "Actions": [fixed()], **members}
    answer = world.client.create_rule(
        ListenerArn=listener["ListenerArn"], Priority=priority, **wanted
    )
    return answer["Rules"][0]


CONDITIONS: list[dict[str, Any]] = [
    _path("/img/*", "/css/?"),
    {
        "Field": "host-header",
        "Values": ["*.Shop.example"],
        "HostHeaderConfig": {"Values": ["*.Shop.example"]},
    },
    {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["b*", "c"]}},
    {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
    {
        "Field": "query-string",
        "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1*"}, {"Value": "x"}]},
    },
    {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8", "192.0.2.1/32"]}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: str(c["Field"]))
def test_every_condition_is_read_back_as_it_was_set(
    world: Elbv2World, condition: dict[str, Any]
) -> None:
    group = world.group()
    listener = world.listener(world.balancer(), fixed())
    made = _rule(world, listener, 10, Conditions=[condition], Actions=[forward(group)])
    record = world.cloud.rules.list("front:80")[0]
    suffix = listener["ListenerArn"].partition(":listener/")[2]
    assert made["RuleArn"] == f"{NOBODY}:listener-rule/{suffix}/{record.id.removeprefix('rule-')}"
    assert (made["Priority"], made["IsDefault"]) == ("10", False)
    assert made["Conditions"] == [condition]
    assert made["Actions"][0]["TargetGroupArn"] == group["TargetGroupArn"]
    assert world.client.describe_rules(RuleArns=[made["RuleArn"]])["Rules"] == [made]
    # Any condition becomes any other.
    for other in CONDITIONS:
        changed = world.client.modify_rule(RuleArn=made["RuleArn"], Conditions=[other])["Rules"]
        assert changed == [{**made, "Conditions": [other]}]
    invariants.check(world.cloud)


@pytest.mark.parametrize("condition", CONDITIONS[:2], ids=["path", "host"])
@pytest.mark.parametrize("form", ["Values", "config"])
def test_paths_and_hosts_can_be_written_in_two_forms(
    world: Elbv2World, condition: dict[str, Any], form: str
) -> None:
    left_out = "Values" if form == "config" else next(k for k in condition if k.endswith("Config"))
    given = {key: value for key, value in condition.items() if key != left_out}
    made = _rule(world, world.listener(world.balancer(), fixed()), 1, Conditions=[given])
    assert made["Conditions"] == [condition]


def test_the_default_rule_is_the_listeners_own_action(world: Elbv2World) -> None:
    group = world.group()
    listener = world.listener(world.balancer(), forward(group))
    arn = listener["ListenerArn"]
    made = [_rule(world, listener, priority) for priority in (30, 10, 20)]
    rules = world.client.describe_rules(ListenerArn=arn)["Rules"]
    assert [rule["Priority"] for rule in rules] == ["10", "20", "30", "default"]
    default = rules[-1]
    assert default["IsDefault"] is True
    assert default["Conditions"] == []
    assert default["Actions"] == listener["DefaultActions"]
    named = world.client.describe_rules(RuleArns=[default["RuleArn"], made[0]["RuleArn"]])["Rules"]
    assert named == [default, made[0]]
    pages = world.client.get_paginator("describe_rules").paginate(
        ListenerArn=arn, PaginationConfig={"PageSize": 3}
    )
    assert [len(page["Rules"]) for page in pages] == [3, 1]
    for method, members in (
        ("delete_rule", {}),
        ("modify_rule", {"Actions": [fixed()]}),
    ):
        refusal = world.refused(method, RuleArn=default["RuleArn"], **members)
        assert refusal[0] == "OperationNotPermitted"
    pair = {"RuleArn": default["RuleArn"], "Priority": 5}
    refusal = world.refused("set_rule_priorities", RulePriorities=[pair])
    assert refusal[0] == "OperationNotPermitted"
    tags = world.client.describe_tags(ResourceArns=[default["RuleArn"]])["TagDescriptions"]
    assert tags == [{"ResourceArn": default["RuleArn"], "Tags": []}]


def test_rules_change_places_and_go(world: Elbv2World) -> None:
    listener = world.listener(world.balancer(), fixed())
    first, second, third = (
        _rule(world, listener, n, Conditions=[_path(f"/{n}")]) for n in (1, 2, 3)
    )
    answer = world.client.set_rule_priorities(
        RulePriorities=[
            {"RuleArn": first["RuleArn"], "Priority": 2},
            {"RuleArn": second["RuleArn"], "Priority": 1},
        ]
    )
    assert [(rule["RuleArn"], rule["Priority"]) for rule in answer["Rules"]] == [
        (second["RuleArn"], "1"),
        (first["RuleArn"], "2"),
    ]
    world.client.delete_rule(RuleArn=second["RuleArn"])
    left = world.client.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert [rule["RuleArn"] for rule in left[:-1]] == [first["RuleArn"], third["RuleArn"]]
    (document,) = world.cloud.plane.seen().values()
    assert document is not None
    assert [rule["priority"] for rule in document["listeners"][0]["rules"]] == [2, 3]
    for wanted, code in (
        ([(MISSING, 5)], "RuleNotFound"),
        ([(first["RuleArn"], 3)], "PriorityInUse"),
        ([(first["RuleArn"], 5), (third["RuleArn"], 5)], "ValidationError"),
        ([(first["RuleArn"], 5), (first["RuleArn"], 6)], "ValidationError"),
    ):
        given = [{"RuleArn": arn, "Priority": priority} for arn, priority in wanted]
        assert world.refused("set_rule_priorities", RulePriorities=given)[0] == code
    invariants.check(world.cloud)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"ListenerArn": "front:80"}, "ValidationError"),
        ({"Priority": 10}, "PriorityInUse"),
        ({"Conditions": []}, "InvalidConfigurationRequest"),
        ({"Conditions": [{"Field": "cookie", "Values": ["a"]}]}, "ValidationError"),
        ({"Conditions": [{"Field": "path-pattern"}]}, "ValidationError"),
        ({"Conditions": [{"Field": "path-pattern", "Values": []}]}, "ValidationError"),
        ({"Conditions": [{**_path("/a"), "Values": ["/b"]}]}, "ValidationError"),
        (
            {
                "Conditions": [
                    {"Field": "path-pattern", "HostHeaderConfig": {"Values": ["a.example"]}}
                ]
            },
            "ValidationError",
        ),
        ({"Conditions": [{"Field": "source-ip", "Values": ["10.0.0.0/8"]}]}, "ValidationError"),
        (
            {"Conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["::1/128"]}}]},
            "InvalidConfigurationRequest",
        ),
        (
            {"Conditions": [{"Field": "http-header", "HttpHeaderConfig": {"Values": ["a"]}}]},
            "InvalidConfigurationRequest",
        ),
        (
            {
                "Conditions": [
                    {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a"}]}}
                ]
            },
            "ValidationError",
        ),
        ({"Conditions": [_path("/a"), _path("/b")]}, "InvalidConfigurationRequest"),
        (
            {"Conditions": [_path("/1", "/2", "/3", "/4", "/5", "/6")]},
            "InvalidConfigurationRequest",
        ),
        ({"Conditions": [{"Field": "path-pattern", "RegexValues": [".*"]}]}, "ValidationError"),
        (
            {
                "Conditions": [
                    {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["a"]}}
                ]
            },
            "ValidationError",
        ),
        ({"Actions": []}, "ValidationError"),
        ({"Actions": [fixed(), fixed()]}, "TooManyActions"),
        ({"Transforms": [{"Type": "url-rewrite"}]}, "ValidationError"),
    ],
)
def test_what_a_rule_cannot_be_is_refused(
    make_cloud: MakeCloud, members: dict[str, Any], code: str
) -> None:
    world = world_of(make_cloud(fronted))
    _, listener = front_of(world)
    _rule(world, listener, 10)
    wanted = {
        "ListenerArn": listener["ListenerArn"],
        "Priority": 20,
        "Conditions": [_path("/b")],
        "Actions": [fixed()],
        **members,
    }
    told = world.refused("create_rule", **wanted)
    assert told[0] == code
    if code == "PriorityInUse":
        assert told[1] == "The specified priority is in use."


def test_what_is_asked_of_no_rule_is_refused(world: Elbv2World) -> None:
    listener = world.listener(world.balancer(), fixed())
    rule = _rule(world, listener, 10)
    assert world.refused("modify_rule", RuleArn=rule["RuleArn"])[0] == "ValidationError"
    refusal = world.refused("modify_rule", RuleArn=rule["RuleArn"], ResetTransforms=True)
    assert refusal[0] == "ValidationError"
    requests: list[tuple[str, dict[str, Any]]] = [
        ("modify_rule", {"Actions": [fixed()]}),
        ("delete_rule", {}),
    ]
    for method, members in requests:
        assert world.refused(method, RuleArn=MISSING, **members)[0] == "RuleNotFound"
    both = {"ListenerArn": listener["ListenerArn"], "RuleArns": [rule["RuleArn"]]}
    choices: list[tuple[dict[str, Any], str]] = [
        ({}, "ValidationError"),
        (both, "ValidationError"),
        ({"RuleArns": [MISSING]}, "RuleNotFound"),
    ]
    for members, code in choices:
        assert world.refused("describe_rules", **members)[0] == code


def test_a_network_balancer_has_no_rules(world: Elbv2World) -> None:
    group = world.group("db", Protocol="TCP")
    listener = world.listener(world.balancer(Type="network"), forward(group), Protocol="TCP")
    refusal = world.refused(
        "create_rule",
        ListenerArn=listener["ListenerArn"],
        Priority=1,
        Conditions=[_path("/a")],
        Actions=[forward(group)],
    )
    assert refusal[0] == "InvalidConfigurationRequest"
