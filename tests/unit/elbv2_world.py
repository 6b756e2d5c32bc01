"""A cloud as a client of ELBv2's sees it, and what such a client does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from minicloud.domain.action import FixedResponseAction
from minicloud.domain.derived_ids import CloudIds, cloud_ids
from minicloud.services.balancers import CreateBalancer
from minicloud.services.listeners import CreateListener
from tests.unit import invariants
from tests.unit.aws_client import aws
from tests.unit.cloud import Cloud
from tests.unit.stores import CLOUD_ID

# The operations that are asked of have ended when a request returns, or another thread ends them.
AT_ONCE = {"Delay": 0, "MaxAttempts": 500}
NOBODY = "arn:aws:elasticloadbalancing:us-east-1:123456789012"


@dataclass
class Elbv2World:
    """A client, and the identifiers that it must name."""

    cloud: Cloud
    client: Any
    ids: CloudIds

    def balancer(self, name: str = "front", **members: Any) -> Any:
        """Make a balancer, and wait for it as scripts do."""
        wanted = {"Name": name, "Subnets": [self.ids.subnet], **members}
        made = self.client.create_load_balancer(**wanted)["LoadBalancers"][0]
        waiter = self.client.get_waiter("load_balancer_available")
        waiter.wait(LoadBalancerArns=[made["LoadBalancerArn"]], WaiterConfig=AT_ONCE)
        return made

    def group(self, name: str = "web", **members: Any) -> Any:
        """Make a target group."""
        wanted = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": self.ids.vpc, **members}
        return self.client.create_target_group(**wanted)["TargetGroups"][0]

    def listener(self, balancer: Any, *actions: Any, port: int = 80, **members: Any) -> Any:
        """Open a port of a balancer."""
        wanted = {
            "LoadBalancerArn": balancer["LoadBalancerArn"],
            "Protocol": "HTTP",
            "Port": port,
            "DefaultActions": list(actions),
            **members,
        }
        return self.client.create_listener(**wanted)["Listeners"][0]

    def refused(self, method: str, **members: Any) -> tuple[str, str]:
        """The code and the message with which a request is refused; it changes nothing."""
        before = invariants.snapshot(self.cloud)
        with pytest.raises(ClientError) as caught:
            getattr(self.client, method)(**members)
        assert invariants.snapshot(self.cloud) == before
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]


def fronted(cloud: Cloud) -> None:
    """A balancer that answers 404 at port 80, made before the test begins."""
    cloud.succeed(cloud.balancers.create(CreateBalancer("front"))[1])
    request = CreateListener("front", 80, FixedResponseAction(404))
    cloud.succeed(cloud.listeners.create(request)[1])


def front_of(world: Elbv2World) -> tuple[Any, Any]:
    """What ``fronted`` made, as the client sees it: the balancer and its listener."""
    (balancer,) = world.client.describe_load_balancers(Names=["front"])["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    (listener,) = world.client.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return balancer, listener


def world_of(cloud: Cloud) -> Elbv2World:
    """A client of this cloud."""
    return Elbv2World(cloud, aws(cloud).client("elbv2"), cloud_ids(CLOUD_ID))


def forward(group: Any) -> dict[str, Any]:
    """Forward to this group."""
    return {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}


def fixed(status: str = "404") -> dict[str, Any]:
    """Answer with this."""
    return {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": status, "ContentType": "text/plain"},
    }


def attributes(answer: Any) -> dict[str, str]:
    """Attributes by their keys."""
    return {each["Key"]: each["Value"] for each in answer["Attributes"]}


def pairs(**attributes_given: str) -> list[dict[str, str]]:
    """Attributes of a request; ``__`` stands for a dot."""
    return [{"Key": k.replace("__", "."), "Value": v} for k, v in attributes_given.items()]
