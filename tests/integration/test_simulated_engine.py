"""A cloud on the simulated engine, as a person and boto3 see it: it needs no Docker."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

_MINICLOUD = Path(sys.executable).with_name("minicloud")


@dataclass(frozen=True)
class Simulated:
    """A cloud of its own home, where no engine could be reached."""

    home: Path

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        nowhere = {"MINICLOUD_HOME": str(self.home), "DOCKER_HOST": "unix:///nowhere.sock"}
        return subprocess.run(
            [str(_MINICLOUD), *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **nowhere},
        )

    def json(self, *words: str) -> Any:
        done = self.cli(*words, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def boto3(self, service: str) -> Any:
        lines = self.cli("env").stdout.splitlines()
        told = dict(line[7:].split("=", 1) for line in lines if line.startswith("export "))
        return boto3.client(
            service,
            endpoint_url=told["AWS_ENDPOINT_URL"],
            region_name=told["AWS_REGION"],
            aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        )


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    cloud = Simulated(Path(tempfile.mkdtemp(prefix="mc-", dir="/tmp")))
    assert cloud.cli("up", "--engine", "simulated").returncode == 0
    yield cloud
    done = cloud.cli("down", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(cloud.home)


def test_a_story_over_boto3_is_marked_throughout(simulated: Simulated) -> None:
    ec2 = simulated.boto3("ec2")
    mark = {"Key": "aws:minicloud:engine", "Value": "simulated"}
    image = next(i for i in ec2.describe_images()["Images"] if i["Name"] == "web")
    assert image["Tags"] == [mark]
    launched = ec2.run_instances(
        ImageId=image["ImageId"],
        InstanceType="t3.micro",
        MinCount=2,
        MaxCount=2,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "a"}]},
        ],
    )["Instances"]
    ids = [instance["InstanceId"] for instance in launched]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1})
    (reservation,) = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    for instance in reservation["Instances"]:
        assert instance["Tags"] == [{"Key": "team", "Value": "a"}, mark]
    told = ec2.get_console_output(InstanceId=ids[0])["Output"]
    assert "simulated" in told

    elbv2 = simulated.boto3("elbv2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    balancer = elbv2.create_load_balancer(Name="front", Subnets=[subnet])["LoadBalancers"][0]
    group = elbv2.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"]
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": each} for each in ids])
    waiter = elbv2.get_waiter("target_in_service")
    waiter.wait(TargetGroupArn=group, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    tagged = elbv2.describe_tags(ResourceArns=[group])["TagDescriptions"]
    assert [each["Tags"] for each in tagged] == [[mark]]


def test_it_is_told_wherever_the_cloud_is_told_of(simulated: Simulated) -> None:
    assert simulated.json("status")["cloud"]["engine"] == "simulated"
    table = simulated.cli("status").stdout
    assert "simulated" in table
    assert "nothing can be connected to" in table
    assert simulated.cli("instance", "launch", "a", "--image", "web", "--type", "t3.micro").stdout
    assert simulated.json("instance", "show", "a")["simulated"] is True
    assert simulated.json("instance", "show", "a")["endpoints"] == []
    assert "it is simulated" in simulated.cli("instance", "show", "a").stdout
    refused = simulated.cli("instance", "exec", "a", "--", "true")
    assert refused.returncode != 0
    assert "UnsupportedOperation: a simulated machine runs nothing" in refused.stderr


def test_the_engine_of_a_cloud_is_chosen_once(simulated: Simulated) -> None:
    again = simulated.cli("up", "--engine", "simulated")
    assert again.returncode == 0, again.stderr
    for word in ("docker", "docker"):
        refused = simulated.cli("up", "--engine", word)
        assert refused.returncode == 4
        assert "is simulated, and stays so" in refused.stderr
        simulated.cli("down")  # the second time it is the server that refuses


def test_a_killed_server_is_followed_by_one_that_has_it_all(simulated: Simulated) -> None:
    simulated.json("instance", "launch", "a", "--image", "web", "--type", "t3.micro")
    simulated.json("instance", "launch", "b", "--image", "web", "--type", "t3.micro")
    simulated.json("instance", "stop", "b")
    simulated.json("address", "allocate", "front")
    simulated.json("address", "associate", "front", "a")
    simulated.json("balancer", "create", "web", "--instances", "a")
    before = simulated.json("instance", "list")
    os.kill(simulated.json("status")["server"]["pid"], signal.SIGKILL)
    assert simulated.json("instance", "list") == before
    assert [each["state"] for each in before] == ["running", "stopped"]
    assert simulated.json("balancer", "list")[0]["state"] == "active"
    assert simulated.json("instance", "start", "b")[0]["state"] == "running"


def test_a_reset_leaves_the_cloud_itself(simulated: Simulated) -> None:
    simulated.json("instance", "launch", "a", "--image", "web", "--type", "t3.micro")
    simulated.json("address", "allocate")
    before = simulated.json("status")
    keys = simulated.cli("env").stdout
    refused = simulated.cli("reset")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert simulated.cli("reset", "--yes").returncode == 0
    after = simulated.json("status")
    assert after["counts"]["instances"] == {}
    assert (after["counts"]["addresses"], after["counts"]["images"]) == (
        0,
        before["counts"]["images"],
    )
    assert (after["cloud"], after["aws"]) == (before["cloud"], before["aws"])
    assert simulated.cli("env").stdout == keys
