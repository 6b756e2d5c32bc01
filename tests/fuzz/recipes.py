"""What clients mean by the operations that chance alone would never get right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.fuzz.pool import Pool

_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


class Cook:
    """Makes inputs, of what is there; a number in a name keeps most names free."""

    def __init__(self, random: Random, pool: Pool) -> None:
        self._random = random
        self._pool = pool

    def make(self, operation: str) -> dict[str, Any] | None:
        """An input of the operation that is likely to be carried out, or None if unknown here."""
        recipe = _RECIPES.get(operation)
        return None if recipe is None else recipe(self)

    def seen(self, member: str) -> str:
        """Something that answers had in a member of this name."""
        return self._pool.named(self._random, member) or "none-seen"

    def one_of(self, *values: Any) -> Any:
        return self._random.choice(values)

    @property
    def new_name(self) -> str:
        return f"{self.one_of('web', 'api', 'blue')}-{self._random.randrange(1000)}"

    @property
    def tags(self) -> list[dict[str, str]]:
        return [{"Key": self.one_of("Name", "team", "é"), "Value": self.new_name}]

    @property
    def action(self) -> dict[str, Any]:
        """A rule's or a listener's."""
        fixed = {"StatusCode": self.one_of("200", "404", "503"), "ContentType": "text/plain"}
        group = self.seen("TargetGroupArn")
        shares = [{"TargetGroupArn": group, "Weight": self.one_of(0, 1, 999)}]
        redirect = {"StatusCode": "HTTP_301", "Port": "443", "Protocol": "HTTPS"}
        made: dict[str, Any] = self.one_of(
            {"Type": "fixed-response", "FixedResponseConfig": fixed},
            {"Type": "forward", "TargetGroupArn": group},
            {"Type": "forward", "ForwardConfig": {"TargetGroups": shares}},
            {"Type": "redirect", "RedirectConfig": redirect},
        )
        return made

    @property
    def condition(self) -> dict[str, Any]:
        """A rule's."""
        header = {"HttpHeaderName": "X-A", "Values": ["b*"]}
        made: dict[str, Any] = self.one_of(
            {"Field": "path-pattern", "Values": [f"/{self.new_name}/*"]},
            {"Field": "host-header", "HostHeaderConfig": {"Values": [f"{self.new_name}.example"]}},
            {"Field": "http-header", "HttpHeaderConfig": header},
            {
                "Field": "query-string",
                "QueryStringConfig": {"Values": [{"Key": "a", "Value": "b"}]},
            },
            {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
            {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
        )
        return made


def _run(cook: Cook) -> dict[str, Any]:
    token = {"ClientToken": cook.one_of("once", "twice", cook.new_name)}
    tags = {"TagSpecifications": [{"ResourceType": "instance", "Tags": cook.tags}]}
    return {
        "ImageId": cook.seen("ImageId"),
        "InstanceType": cook.one_of("t3.nano", "t3.micro", "t3.large"),
        "MinCount": 1,
        "MaxCount": cook.one_of(1, 1, 2),
        **cook.one_of({}, token, tags, {"UserData": "IyEvYmluL3No"}),
    }


def _modify_instance(cook: Cook) -> dict[str, Any]:
    what = cook.one_of(
        {"InstanceType": {"Value": cook.one_of("t3.micro", "t3.large")}},
        {"DisableApiTermination": {"Value": cook.one_of(True, False, False)}},
        {"UserData": {"Value": b"#!/bin/sh"}},
    )
    return {"InstanceId": cook.seen("InstanceId"), **what}


def _load_balancer(cook: Cook) -> dict[str, Any]:
    kind = cook.one_of({}, {"Type": "application"}, {"Scheme": "internet-facing"})
    return {"Name": cook.new_name, "Subnets": [cook.seen("SubnetId")], "Tags": cook.tags, **kind}


def _target_group(cook: Cook) -> dict[str, Any]:
    checks = {"HealthCheckPath": "/health", "Matcher": {"HttpCode": "200-299"}}
    return {
        "Name": cook.new_name,
        "Protocol": "HTTP",
        "Port": cook.one_of(80, 8080),
        "VpcId": cook.seen("VpcId"),
        **cook.one_of({}, checks, {"TargetType": "instance"}),
    }


def _listener(cook: Cook) -> dict[str, Any]:
    where = {"LoadBalancerArn": cook.seen("LoadBalancerArn"), "Protocol": "HTTP"}
    return {**where, "Port": cook.one_of(80, 81, 8080, 9000), "DefaultActions": [cook.action]}


def _rule(cook: Cook) -> dict[str, Any]:
    return {
        "ListenerArn": cook.seen("ListenerArn"),
        "Priority": cook._random.randrange(1, 200),
        "Conditions": [cook.condition],
        "Actions": [cook.action],
    }


def _group_attribute(cook: Cook) -> dict[str, Any]:
    attribute = cook.one_of(
        {"Key": "deregistration_delay.timeout_seconds", "Value": cook.one_of("0", "30", "3600")},
        {"Key": "stickiness.enabled", "Value": cook.one_of("true", "false")},
        {"Key": "slow_start.duration_seconds", "Value": cook.one_of("0", "30")},
        {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"},
    )
    return {"TargetGroupArn": cook.seen("TargetGroupArn"), "Attributes": [attribute]}


def _balancer_attribute(cook: Cook) -> dict[str, Any]:
    attribute = cook.one_of(
        {"Key": "idle_timeout.timeout_seconds", "Value": cook.one_of("1", "60", "4000")},
        {"Key": "deletion_protection.enabled", "Value": cook.one_of("true", "false", "false")},
    )
    return {"LoadBalancerArn": cook.seen("LoadBalancerArn"), "Attributes": [attribute]}


def _targets(cook: Cook) -> dict[str, Any]:
    target = {"Id": cook.seen("InstanceId"), **cook.one_of({}, {"Port": 80}, {"Port": 8081})}
    return {"TargetGroupArn": cook.seen("TargetGroupArn"), "Targets": [target]}


def _costs(cook: Cook) -> dict[str, Any]:
    day = {"Start": "2026-01-01", "End": cook.one_of("2026-01-02", "2026-02-01")}
    group = [{"Type": "DIMENSION", "Key": cook.one_of("SERVICE", "INSTANCE_TYPE", "USAGE_TYPE")}]
    return {
        "TimePeriod": day,
        "Granularity": cook.one_of("DAILY", "MONTHLY"),
        "Metrics": ["UnblendedCost"],
        **cook.one_of({}, {"GroupBy": group}),
    }


def _only(*members: str, **given: Any) -> Callable[[Cook], dict[str, Any]]:
    """Members that answers have shown; those of several in a list of one."""

    def recipe(cook: Cook) -> dict[str, Any]:
        shown = {m: [cook.seen(m)] if m.endswith("s") else cook.seen(m) for m in members}
        return {**shown, **given}

    return recipe


_RECIPES: Mapping[str, Callable[[Cook], dict[str, Any]]] = {
    "RunInstances": _run,
    "ModifyInstanceAttribute": _modify_instance,
    "StartInstances": _only("InstanceIds"),
    "StopInstances": _only("InstanceIds"),
    "RebootInstances": _only("InstanceIds"),
    "TerminateInstances": _only("InstanceIds"),
    "CreateImage": lambda cook: {"InstanceId": cook.seen("InstanceId"), "Name": cook.new_name},
    "CopyImage": lambda cook: {
        "SourceImageId": cook.seen("ImageId"),
        "Name": cook.new_name,
        "SourceRegion": "us-east-1",
    },
    "ModifyImageAttribute": _only("ImageId", Description={"Value": "other words"}),
    "DeregisterImage": _only("ImageId"),
    "AllocateAddress": _only(Domain="vpc"),
    "AssociateAddress": _only("AllocationId", "InstanceId", AllowReassociation=True),
    "DisassociateAddress": _only("AssociationId"),
    "ReleaseAddress": _only("AllocationId"),
    "CreateTags": lambda cook: {"Resources": [cook.seen("Resources")], "Tags": cook.tags},
    "DeleteTags": lambda cook: {"Resources": [cook.seen("Resources")], "Tags": cook.tags},
    "CreateLoadBalancer": _load_balancer,
    "ModifyLoadBalancerAttributes": _balancer_attribute,
    "DeleteLoadBalancer": _only("LoadBalancerArn"),
    "SetSubnets": _only("LoadBalancerArn", "Subnets"),
    "SetSecurityGroups": _only("LoadBalancerArn", "SecurityGroups"),
    "SetIpAddressType": _only("LoadBalancerArn", IpAddressType="ipv4"),
    "CreateTargetGroup": _target_group,
    "ModifyTargetGroup": _only("TargetGroupArn", HealthCheckPath="/", HealthCheckIntervalSeconds=9),
    "ModifyTargetGroupAttributes": _group_attribute,
    "DeleteTargetGroup": _only("TargetGroupArn"),
    "RegisterTargets": _targets,
    "DeregisterTargets": _targets,
    "DescribeTargetHealth": _only("TargetGroupArn"),
    "CreateListener": _listener,
    "ModifyListener": lambda cook: {
        "ListenerArn": cook.seen("ListenerArn"),
        "DefaultActions": [cook.action],
    },
    "DeleteListener": _only("ListenerArn"),
    "DescribeListeners": _only("LoadBalancerArn"),
    "DescribeListenerAttributes": _only("ListenerArn"),
    "DescribeListenerCertificates": _only("ListenerArn"),
    "DescribeLoadBalancerAttributes": _only("LoadBalancerArn"),
    "DescribeRules": _only("ListenerArn"),
    "CreateRule": _rule,
    "ModifyRule": lambda cook: {
        "RuleArn": cook.seen("RuleArn"),
        **cook.one_of({"Actions": [cook.action]}, {"Conditions": [cook.condition]}),
    },
    "SetRulePriorities": lambda cook: {
        "RulePriorities": [{"RuleArn": cook.seen("RuleArn"), "Priority": cook.one_of(1, 5, 199)}]
    },
    "DeleteRule": _only("RuleArn"),
    "AddTags": lambda cook: {"ResourceArns": [cook.seen("ResourceArns")], "Tags": cook.tags},
    "RemoveTags": lambda cook: {"ResourceArns": [cook.seen("ResourceArns")], "TagKeys": ["team"]},
    "GetCostAndUsage": _costs,
    "GetParameter": lambda _cook: {"Name": _PARAMETER},
    "GetParameters": lambda cook: {"Names": [_PARAMETER, cook.new_name]},
}
LOOKS = ("DescribeListeners", "DescribeRules", "DescribeTargetHealth", "GetParameter")
"""Operations that read what only another answer leads to, in the order of their leading."""
