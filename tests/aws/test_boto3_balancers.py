"""A load balancer by boto3: it is waited for, carries requests by its name, and is taken away."""

from __future__ import annotations

from typing import Any

import requests

from tests.aws.account import QUICK, Account, headline, ids, refused

_GROUP: dict[str, Any] = {
    "Name": "web",
    "Protocol": "HTTP",
    "Port": 80,
    "HealthCheckIntervalSeconds": 5,
    "HealthyThresholdCount": 2,
    "HealthCheckTimeoutSeconds": 2,
}


def _machines(account: Account, ec2: Any, count: int) -> dict[str, str]:
    """Running machines of the image ``web``: their host names by identifier."""
    launched = ec2.run_instances(
        ImageId=account.image(), InstanceType="t3.nano", MinCount=count, MaxCount=count
    )["Instances"]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids(launched), WaiterConfig=QUICK)
    return {m["InstanceId"]: m["PrivateDnsName"].split(".")[0] for m in launched}


def _network(ec2: Any) -> dict[str, Any]:
    """The subnets and the group that a script finds for its balancer."""
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    inside = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    return {
        "vpc": vpc["VpcId"],
        "subnets": [s["SubnetId"] for s in ec2.describe_subnets(Filters=inside)["Subnets"]],
        "groups": [
            g["GroupId"] for g in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
        ],
    }


def _who(url: str, count: int = 20) -> set[str]:
    """Who answers so many requests."""
    return {headline(requests.get(url, timeout=5).text) for _ in range(count)}


def test_a_balancer_carries_requests_drains_a_machine_and_goes(account: Account) -> None:
    ec2, elbv2 = account.client("ec2"), account.client("elbv2")
    hostnames, network = _machines(account, ec2, 2), _network(ec2)
    made = elbv2.create_load_balancer(
        Name="front", Subnets=network["subnets"], SecurityGroups=network["groups"]
    )["LoadBalancers"][0]
    group = elbv2.create_target_group(VpcId=network["vpc"], **_GROUP)["TargetGroups"][0]
    group_arn, balancer_arn = group["TargetGroupArn"], made["LoadBalancerArn"]
    elbv2.modify_target_group_attributes(
        TargetGroupArn=group_arn,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}],
    )
    elbv2.register_targets(TargetGroupArn=group_arn, Targets=[{"Id": i} for i in hostnames])
    elbv2.create_listener(
        LoadBalancerArn=balancer_arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )
    elbv2.get_waiter("load_balancer_available").wait(
        LoadBalancerArns=[balancer_arn], WaiterConfig=QUICK
    )
    elbv2.get_waiter("target_in_service").wait(TargetGroupArn=group_arn, WaiterConfig=QUICK)
    url = f"http://{made['DNSName']}/"
    assert _who(url) == set(hostnames.values())

    leaver, stayer = hostnames
    with refused("ResourceInUse"):
        elbv2.delete_target_group(TargetGroupArn=group_arn)
    elbv2.deregister_targets(TargetGroupArn=group_arn, Targets=[{"Id": leaver}])
    assert _who(url) == {hostnames[stayer]}
    elbv2.get_waiter("target_deregistered").wait(
        TargetGroupArn=group_arn, Targets=[{"Id": leaver}], WaiterConfig=QUICK
    )
    elbv2.delete_load_balancer(LoadBalancerArn=balancer_arn)
    elbv2.get_waiter("load_balancers_deleted").wait(
        LoadBalancerArns=[balancer_arn], WaiterConfig=QUICK
    )
    elbv2.delete_target_group(TargetGroupArn=group_arn)
    with refused("TargetGroupNotFound"):
        elbv2.describe_target_groups(TargetGroupArns=[group_arn])
    assert account.live.json("balancer", "list") == []


def test_groups_are_listed_by_pages_and_rules_answer(account: Account) -> None:
    ec2, elbv2 = account.client("ec2"), account.client("elbv2")
    network = _network(ec2)
    for number in range(3):
        elbv2.create_target_group(VpcId=network["vpc"], **{**_GROUP, "Name": f"group-{number}"})
    pages = elbv2.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2})
    names = [[g["TargetGroupName"] for g in page["TargetGroups"]] for page in pages]
    assert names == [["group-0", "group-1"], ["group-2"]]

    made = elbv2.create_load_balancer(Name="fixed", Subnets=network["subnets"])["LoadBalancers"][0]
    fixed = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "nothing here"}
    listener = elbv2.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTP",
        Port=8080,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    )["Listeners"][0]
    elbv2.create_rule(
        ListenerArn=listener["ListenerArn"],
        Priority=5,
        Conditions=[{"Field": "path-pattern", "Values": ["/tea/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {**fixed, "StatusCode": "418"}}],
    )
    elbv2.get_waiter("load_balancer_available").wait(
        LoadBalancerArns=[made["LoadBalancerArn"]], WaiterConfig=QUICK
    )
    answers = [
        requests.get(f"http://{made['DNSName']}:8080{path}", timeout=5)
        for path in ("/", "/tea/pot")
    ]
    assert [(a.status_code, a.text) for a in answers] == [
        (404, "nothing here"),
        (418, "nothing here"),
    ]
