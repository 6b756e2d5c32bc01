"""RunInstances, as boto3 asks for it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from minicloud.domain.derived_ids import interface_id, volume_id
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import check_at_rest, filters, refused, specification, tags
from tests.unit.cloud import Cloud

NOBODY = "ami-0123456789abcdef0"
FREE_FORM = "web server; $(reboot) 한국"


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return aws(cloud).client("ec2")


def launch(cloud: Cloud, ec2: Any, count: int = 1, **more: Any) -> Any:
    """Run ``count`` machines and wait until they do; the answer to RunInstances."""
    wanted = {
        "ImageId": cloud.images.show("web").id,
        "InstanceType": "t3.nano",
        "MinCount": count,
        "MaxCount": count,
    }
    answer = ec2.run_instances(**{**wanted, **more})
    ids = [machine["InstanceId"] for machine in answer["Instances"]]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 0})
    return answer


def test_a_launch_is_answered_as_pending_and_is_as_it_was_asked_for(cloud: Cloud, ec2: Any) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.describe_security_groups()["SecurityGroups"][0]
    answer = launch(
        cloud,
        ec2,
        SubnetId=subnet["SubnetId"],
        SecurityGroupIds=[group["GroupId"]],
        SecurityGroups=["default"],
        Placement={"AvailabilityZone": "us-east-1a", "Tenancy": "default"},
        DisableApiTermination=True,
        InstanceInitiatedShutdownBehavior="stop",
        CreditSpecification={"CpuCredits": "unlimited"},
        Monitoring={"Enabled": False},
        EbsOptimized=False,
        DisableApiStop=False,
        MetadataOptions={"HttpEndpoint": "disabled"},
        UserData="#!/bin/sh\necho hello",
        TagSpecifications=[
            *specification("instance", {"Name": FREE_FORM}),
            *specification("volume", {"disk": "1"}),
            *specification("network-interface", {"card": "1"}),
        ],
    )
    (pending,) = answer["Instances"]
    assert pending["State"] == {"Code": 0, "Name": "pending"}
    assert answer["OwnerId"] == "123456789012"
    instance_id = pending["InstanceId"]
    record = cloud.instances.show(instance_id)
    assert record.termination_protection
    assert record.name == FREE_FORM
    kept = cloud.instances.user_data(instance_id)
    assert base64.b64decode(kept or "") == b"#!/bin/sh\necho hello"
    assert cloud.edge.target(pending["PublicIpAddress"]) == pending["PrivateIpAddress"]
    (volume,) = ec2.describe_volumes(VolumeIds=[volume_id(instance_id)])["Volumes"]
    assert volume["Tags"] == tags({"disk": "1"})
    (card,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (card["NetworkInterfaceId"], card["TagSet"]) == (
        interface_id(instance_id),
        tags({"card": "1"}),
    )
    check_at_rest(cloud)


def test_names_may_be_any_text_and_the_same_twice(cloud: Cloud, ec2: Any) -> None:
    named = specification("instance", {"Name": FREE_FORM})
    launch(cloud, ec2, 2, TagSpecifications=named)
    found = ec2.describe_instances(Filters=filters(**{"tag:Name": "web server;*"}))
    assert len(found["Reservations"]) == 1
    assert [i["AmiLaunchIndex"] for i in found["Reservations"][0]["Instances"]] == [0, 1]


def test_an_interface_as_ansible_and_terraform_ask_for_it(cloud: Cloud, ec2: Any) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    interface = {
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": True,
        "DeleteOnTermination": True,
        "SubnetId": subnet,
        "Groups": [group],
    }
    launch(cloud, ec2, NetworkInterfaces=[interface])
    refused(
        launch,
        "InvalidParameterCombination",
        cloud=cloud,
        ec2=ec2,
        NetworkInterfaces=[interface],
        SubnetId=subnet,
    )
    refused(
        launch,
        "UnsupportedOperation",
        cloud=cloud,
        ec2=ec2,
        NetworkInterfaces=[interface, interface],
    )


def test_as_many_as_the_host_holds_but_no_fewer_than_asked_for(cloud: Cloud, ec2: Any) -> None:
    # The host has 16 GiB, a t3.large takes 8 of them.
    answer = launch(cloud, ec2, MinCount=1, MaxCount=5, InstanceType="t3.large")
    assert len(answer["Instances"]) == 2
    check_at_rest(cloud)
    before = len(cloud.instances.list_all(include_terminated=True))
    refused(
        launch,
        "InsufficientInstanceCapacity",
        500,
        cloud=cloud,
        ec2=ec2,
        InstanceType="t3.large",
    )
    assert len(cloud.instances.list_all(include_terminated=True)) == before
    check_at_rest(cloud)


def test_a_token_used_before_gives_the_launch_of_then(cloud: Cloud, ec2: Any) -> None:
    first = launch(cloud, ec2, 2, ClientToken="once", UserData="a")
    again = launch(cloud, ec2, 2, ClientToken="once", UserData="a")
    assert again["ReservationId"] == first["ReservationId"]
    assert [i["InstanceId"] for i in again["Instances"]] == [
        i["InstanceId"] for i in first["Instances"]
    ]
    for other in ({"UserData": "b"}, {"UserData": "a", "InstanceType": "t3.micro"}, {}):
        refused(
            launch,
            "IdempotentParameterMismatch",
            cloud=cloud,
            ec2=ec2,
            count=2,
            ClientToken="once",
            **other,
        )
    assert len(cloud.instances.list_all(include_terminated=True)) == 2


def test_a_token_is_good_after_its_machine_was_changed(cloud: Cloud, ec2: Any) -> None:
    (machine,) = launch(cloud, ec2, ClientToken="once")["Instances"]
    ec2.create_tags(Resources=[machine["InstanceId"]], Tags=tags({"later": "on"}))
    cloud.stop(machine["InstanceId"])
    cloud.succeed(cloud.instances.resize(machine["InstanceId"], "t3.small"))
    cloud.start(machine["InstanceId"])
    (same,) = launch(cloud, ec2, ClientToken="once")["Instances"]
    assert (same["InstanceId"], same["InstanceType"]) == (machine["InstanceId"], "t3.small")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"ImageId": NOBODY}, "InvalidAMIID.NotFound"),
        ({"ImageId": "web"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "x9.huge"}, "InvalidParameterValue"),
        ({"InstanceType": "m5.8xlarge"}, "InsufficientInstanceCapacity"),
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterValue"),
        ({"MinCount": 1, "MaxCount": 101}, "InvalidParameterValue"),
        ({"KeyName": "mine"}, "InvalidKeyPair.NotFound"),
        ({"SubnetId": "subnet-00000000000000000"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroupIds": ["default"]}, "InvalidGroupId.Malformed"),
        ({"SecurityGroups": ["web"]}, "InvalidGroup.NotFound"),
        ({"Placement": {"AvailabilityZone": "us-east-1b"}}, "InvalidParameterValue"),
        ({"Placement": {"Tenancy": "dedicated"}}, "UnsupportedOperation"),
        ({"Monitoring": {"Enabled": True}}, "UnsupportedOperation"),
        ({"EbsOptimized": True}, "UnsupportedOperation"),
        ({"DisableApiStop": True}, "UnsupportedOperation"),
        ({"InstanceInitiatedShutdownBehavior": "terminate"}, "UnsupportedOperation"),
        ({"CreditSpecification": {"CpuCredits": "standard"}}, "UnsupportedOperation"),
        ({"MetadataOptions": {"HttpTokens": "required"}}, "UnsupportedOperation"),
        ({"HibernationOptions": {"Configured": True}}, "UnsupportedOperation"),
        ({"IamInstanceProfile": {"Name": "role"}}, "UnsupportedOperation"),
        ({"InstanceMarketOptions": {"MarketType": "spot"}}, "UnsupportedOperation"),
        ({"PrivateIpAddress": "172.31.0.99"}, "UnsupportedOperation"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 500}}]},
            "UnsupportedOperation",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 1}}]},
            "UnsupportedOperation",
        ),
        ({"UserData": "x" * 16385}, "InvalidParameterValue"),
        ({"ClientToken": "t" * 65}, "InvalidParameterValue"),
        ({"TagSpecifications": specification("subnet", {"a": "b"})}, "InvalidParameterValue"),
        (
            {"TagSpecifications": specification("instance", {"aws:a": "b"})},
            "InvalidParameterValue",
        ),
        (
            {"TagSpecifications": specification("volume", {str(n): "" for n in range(51)})},
            "TagLimitExceeded",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    cloud: Cloud, ec2: Any, request_: dict[str, Any], code: str
) -> None:
    status = 500 if code == "InsufficientInstanceCapacity" else 400
    refused(launch, code, status, cloud=cloud, ec2=ec2, **request_)
    assert cloud.instances.list_all(include_terminated=True) == []
    check_at_rest(cloud)


@pytest.mark.parametrize("member", ["ImageId", "InstanceType"])
def test_what_a_launch_cannot_do_without(cloud: Cloud, ec2: Any, member: str) -> None:
    wanted = {"ImageId": cloud.images.show("web").id, "InstanceType": "t3.nano"}
    del wanted[member]
    refused(ec2.run_instances, "MissingParameter", MinCount=1, MaxCount=1, **wanted)


def test_a_dry_run_changes_nothing(cloud: Cloud, ec2: Any) -> None:
    refused(launch, "DryRunOperation", 412, cloud=cloud, ec2=ec2, DryRun=True)
    assert cloud.instances.list_all(include_terminated=True) == []
