"""Attributes, types and credits of machines, as boto3 asks of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from minicloud.domain.catalog import instance_types
from minicloud.domain.instance import Instance
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import check_at_rest, filters, refused
from tests.unit.cloud import Cloud


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return aws(cloud).client("ec2")


@pytest.fixture
def machine(cloud: Cloud) -> Instance:
    return cloud.launch()


@pytest.mark.parametrize(
    ("attribute", "member", "value"),
    [
        ("instanceType", "InstanceType", {"Value": "t3.micro"}),
        ("userData", "UserData", {}),
        ("disableApiTermination", "DisableApiTermination", {"Value": False}),
        ("disableApiStop", "DisableApiStop", {"Value": False}),
        (
            "instanceInitiatedShutdownBehavior",
            "InstanceInitiatedShutdownBehavior",
            {"Value": "stop"},
        ),
        ("ebsOptimized", "EbsOptimized", {"Value": False}),
        ("sourceDestCheck", "SourceDestCheck", {"Value": True}),
        ("rootDeviceName", "RootDeviceName", {"Value": "/dev/xvda"}),
        ("kernel", "KernelId", {}),
        ("ramdisk", "RamdiskId", {}),
        ("productCodes", "ProductCodes", []),
        ("sriovNetSupport", "SriovNetSupport", {}),
        ("enaSupport", "EnaSupport", {"Value": False}),
        ("enclaveOptions", "EnclaveOptions", {"Enabled": False}),
    ],
)
def test_each_attribute(
    ec2: Any, machine: Instance, attribute: str, member: str, value: Any
) -> None:
    told = ec2.describe_instance_attribute(InstanceId=machine.id, Attribute=attribute)
    assert (told["InstanceId"], told[member]) == (machine.id, value)


def test_attributes_of_its_disk_and_groups(ec2: Any, machine: Instance) -> None:
    described = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    told = ec2.describe_instance_attribute(InstanceId=machine.id, Attribute="blockDeviceMapping")
    assert told["BlockDeviceMappings"] == described["BlockDeviceMappings"]
    told = ec2.describe_instance_attribute(InstanceId=machine.id, Attribute="groupSet")
    assert told["Groups"] == described["SecurityGroups"]


@pytest.mark.parametrize("is_older_form", [True, False])
def test_the_type_changes_while_it_is_stopped(
    cloud: Cloud, ec2: Any, machine: Instance, is_older_form: bool
) -> None:
    wanted: dict[str, Any] = (
        {"Attribute": "instanceType", "Value": "t3.small"}
        if is_older_form
        else {"InstanceType": {"Value": "t3.small"}}
    )
    change = ec2.modify_instance_attribute
    refused(change, "IncorrectInstanceState", InstanceId=machine.id, **wanted)
    cloud.stop(machine.id)
    change(InstanceId=machine.id, **wanted)
    assert cloud.instances.show(machine.id).type_name == "t3.small"
    refused(
        change, "InvalidParameterValue", InstanceId=machine.id, InstanceType={"Value": "x9.huge"}
    )
    check_at_rest(cloud)


def test_user_data_changes_while_it_is_stopped(cloud: Cloud, ec2: Any, machine: Instance) -> None:
    change = ec2.modify_instance_attribute

    def shown() -> Any:
        told = ec2.describe_instance_attribute(InstanceId=machine.id, Attribute="userData")
        return told["UserData"].get("Value")

    refused(change, "IncorrectInstanceState", InstanceId=machine.id, UserData={"Value": b"new"})
    cloud.stop(machine.id)
    change(InstanceId=machine.id, UserData={"Value": b"\x00new"})
    assert base64.b64decode(shown()) == b"\x00new"
    newer = base64.b64encode(b"newer").decode()
    change(InstanceId=machine.id, Attribute="userData", Value=newer)
    assert shown() == newer
    too_long = {"Value": b"x" * 16385}
    refused(change, "InvalidParameterValue", InstanceId=machine.id, UserData=too_long)
    not_base_64 = {"Attribute": "userData", "Value": "§"}
    refused(change, "InvalidParameterValue", InstanceId=machine.id, **not_base_64)
    change(InstanceId=machine.id, UserData={"Value": b""})
    assert shown() is None
    assert cloud.rows("SELECT * FROM user_data") == []


def test_protection_is_set_and_lifted(cloud: Cloud, ec2: Any, machine: Instance) -> None:
    change = ec2.modify_instance_attribute
    change(InstanceId=machine.id, DisableApiTermination={"Value": True})
    refused(ec2.terminate_instances, "OperationNotPermitted", InstanceIds=[machine.id])
    change(InstanceId=machine.id, Attribute="disableApiTermination", Value="false")
    ec2.terminate_instances(InstanceIds=[machine.id])
    check_at_rest(cloud)
    refused(
        change,
        "IncorrectInstanceState",
        InstanceId=machine.id,
        DisableApiTermination={"Value": True},
    )


def test_what_is_so_anyway_can_be_said_and_nothing_else(
    cloud: Cloud, ec2: Any, machine: Instance
) -> None:
    change = ec2.modify_instance_attribute
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    for same in (
        {"SourceDestCheck": {"Value": True}},
        {"EbsOptimized": {"Value": False}},
        {"InstanceInitiatedShutdownBehavior": {"Value": "stop"}},
        {"DisableApiStop": {"Value": False}},
        {"Groups": [group]},
        {"BlockDeviceMappings": [_root(deleted=True)]},
    ):
        change(InstanceId=machine.id, **same)
    for other, code in (
        ({"SourceDestCheck": {"Value": False}}, "UnsupportedOperation"),
        ({"EbsOptimized": {"Value": True}}, "UnsupportedOperation"),
        ({"InstanceInitiatedShutdownBehavior": {"Value": "terminate"}}, "UnsupportedOperation"),
        ({"Attribute": "disableApiStop", "Value": "true"}, "UnsupportedOperation"),
        ({"Attribute": "disableApiStop", "Value": "maybe"}, "InvalidParameterValue"),
        ({"Attribute": "kernel", "Value": "aki-1"}, "InvalidParameterValue"),
        ({"Kernel": {"Value": "aki-1"}}, "UnsupportedOperation"),
        ({"Groups": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        ({"BlockDeviceMappings": [_root(deleted=False)]}, "UnsupportedOperation"),
        ({}, "InvalidParameterCombination"),
        ({"Attribute": "instanceType"}, "InvalidParameterCombination"),
        ({"Value": "t3.nano"}, "InvalidParameterCombination"),
        ({"Attribute": "groupSet", "Groups": [group]}, "InvalidParameterCombination"),
        (
            {"SourceDestCheck": {"Value": True}, "EbsOptimized": {"Value": False}},
            "InvalidParameterCombination",
        ),
    ):
        refused(change, code, InstanceId=machine.id, **other)
    assert cloud.instances.show(machine.id) == machine


def _root(*, deleted: bool) -> dict[str, Any]:
    return {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": deleted}}


def test_types_are_the_catalogues(ec2: Any) -> None:
    pages = list(ec2.get_paginator("describe_instance_types").paginate())
    told = {each["InstanceType"]: each for page in pages for each in page["InstanceTypes"]}
    assert list(told) == [each.name for each in instance_types()]
    micro = told["t3.micro"]
    assert micro["VCpuInfo"]["DefaultVCpus"] == 2
    assert micro["MemoryInfo"]["SizeInMiB"] == 1024
    assert micro["BurstablePerformanceSupported"] is True
    assert told["m5.large"]["BurstablePerformanceSupported"] is False

    def chosen(**wanted: Any) -> list[str]:
        answer = ec2.describe_instance_types(Filters=filters(**wanted))
        return [each["InstanceType"] for each in answer["InstanceTypes"]]

    assert chosen(instance_type="t3.n*") == ["t3.nano"]
    assert chosen(vcpu_info__default_vcpus="2", memory_info__size_in_mib="512") == [
        "t3.nano",
        "t3a.nano",
    ]
    assert chosen(processor_info__supported_architecture="arm64") == []
    (named,) = ec2.describe_instance_types(InstanceTypes=["c5.large"])["InstanceTypes"]
    assert named["InstanceType"] == "c5.large"
    for unknown in ("p3.2xlarge", "t1.not-even-awss"):
        message = refused(
            ec2.describe_instance_types, "InvalidInstanceType", InstanceTypes=[unknown]
        )
        assert message.endswith(f"instance types do not exist: [{unknown}]")
    refused(ec2.describe_instance_types, "InvalidParameterValue", MaxResults=101)


def test_types_are_to_be_had_in_the_region_and_its_zone(ec2: Any) -> None:
    for kind, location in (
        ("region", "us-east-1"),
        ("availability-zone", "us-east-1a"),
        ("availability-zone-id", "use1-az1"),
    ):
        told = ec2.describe_instance_type_offerings(
            LocationType=kind, Filters=filters(instance_type="t3.micro", location=location)
        )["InstanceTypeOfferings"]
        assert told == [{"InstanceType": "t3.micro", "LocationType": kind, "Location": location}]
    told = ec2.describe_instance_type_offerings(Filters=filters(location="us-east-1b"))
    assert told["InstanceTypeOfferings"] == []
    told = ec2.describe_instance_type_offerings(LocationType="outpost")
    assert told["InstanceTypeOfferings"] == []


def test_credits_are_those_of_burstable_machines(cloud: Cloud, ec2: Any, machine: Instance) -> None:
    fixed = cloud.launch("fixed", "c5.large")
    told = ec2.describe_instance_credit_specifications()["InstanceCreditSpecifications"]
    assert told == [{"InstanceId": machine.id, "CpuCredits": "unlimited"}]
    call = ec2.describe_instance_credit_specifications
    assert call(InstanceIds=[machine.id])["InstanceCreditSpecifications"] == told
    refused(call, "InstanceCreditSpecification.NotSupported", InstanceIds=[fixed.id])
    refused(call, "InvalidInstanceID.NotFound", InstanceIds=["i-0123456789abcdef0"])
