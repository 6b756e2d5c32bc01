"""The mark of a simulated engine on the wire: wherever there are tags, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from minicloud.domain.engine_kind import EngineKind
from tests.unit.aws_client import AwsWire, backend_of
from tests.unit.cloud import Cloud

MARK = {"Key": "aws:minicloud:engine", "Value": "simulated"}


@pytest.fixture
def wire(cloud: Cloud) -> AwsWire:
    return AwsWire(replace(backend_of(cloud), engine=EngineKind.SIMULATED))


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("describe_instances", ["Reservations", 0, "Instances", 0, "Tags"]),
        ("describe_images", ["Images", 0, "Tags"]),
        ("describe_addresses", ["Addresses", 0, "Tags"]),
        ("describe_volumes", ["Volumes", 0, "Tags"]),
        ("describe_vpcs", ["Vpcs", 0, "Tags"]),
        ("describe_network_interfaces", ["NetworkInterfaces", 0, "TagSet"]),
    ],
)
def test_each_resource_that_can_have_tags_has_the_mark(
    wire: AwsWire, cloud: Cloud, operation: str, path: list[Any]
) -> None:
    cloud.launch()
    cloud.allocate()
    found: Any = getattr(wire.client("ec2"), operation)()
    for each in path:
        found = found[each]
    assert MARK in found


def test_tags_that_a_person_gave_come_first_and_are_as_they_were(
    wire: AwsWire, cloud: Cloud
) -> None:
    machine = cloud.launch("web")
    wire.client("ec2").create_tags(Resources=[machine.id], Tags=[{"Key": "a", "Value": "b"}])
    (reservation,) = wire.client("ec2").describe_instances()["Reservations"]
    told = reservation["Instances"][0]["Tags"]
    assert told == [{"Key": "Name", "Value": "web"}, {"Key": "a", "Value": "b"}, MARK]
    assert cloud.instances.show("web").tags == {"Name": "web", "a": "b"}


def test_attributes_are_no_tags(wire: AwsWire, cloud: Cloud) -> None:
    cloud.launch("web")
    cloud.balance("front", "web")
    elbv2 = wire.client("elbv2")
    arn = elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    attributes = elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    assert MARK not in attributes
    (told,) = elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert told["Tags"][-1] == MARK


def test_nobody_can_set_it_or_take_it_away(wire: AwsWire, cloud: Cloud) -> None:
    machine = cloud.launch("web")
    with pytest.raises(ClientError, match="reserved"):
        wire.client("ec2").create_tags(Resources=[machine.id], Tags=[dict(MARK)])
    assert dict(cloud.instances.show("web").tags) == {"Name": "web"}


def test_a_real_cloud_has_no_mark(cloud: Cloud) -> None:
    cloud.launch("web")
    (reservation,) = AwsWire(backend_of(cloud)).client("ec2").describe_instances()["Reservations"]
    assert reservation["Instances"][0]["Tags"] == [{"Key": "Name", "Value": "web"}]
