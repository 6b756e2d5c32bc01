"""Images, as boto3 asks of them."""

from __future__ import annotations

from typing import Any

import pytest

from minicloud.domain.derived_ids import snapshot_id
from minicloud.domain.errors import Unavailable
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import check_at_rest, filters, refused, specification, tags
from tests.unit.cloud import Cloud, Moment

NOBODY = "ami-0123456789abcdef0"
AT_ONCE = {"Delay": 0}


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return aws(cloud).client("ec2")


def _available(ec2: Any, image_id: str) -> Any:
    ec2.get_waiter("image_available").wait(ImageIds=[image_id], WaiterConfig=AT_ONCE)
    (image,) = ec2.describe_images(ImageIds=[image_id])["Images"]
    return image


def test_the_life_of_an_image(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    image_id = ec2.create_image(
        InstanceId=machine.id,
        Name="golden (v1)",
        Description="as of today",
        TagSpecifications=[
            *specification("image", {"Name": "any text; at all"}),
            *specification("snapshot", {"disk": "1"}),
        ],
    )["ImageId"]
    told = _available(ec2, image_id)
    assert told["State"] == "available"
    assert (told["Name"], told["Description"]) == ("golden (v1)", "as of today")
    assert (told["OwnerId"], told["Public"]) == ("123456789012", False)
    assert told["SourceInstanceId"] == machine.id
    assert told["Tags"] == tags({"Name": "any text; at all"})
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[snapshot_id(image_id)])["Snapshots"]
    assert snapshot["Tags"] == tags({"disk": "1"})
    assert told["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == snapshot["SnapshotId"]
    (launched,) = ec2.run_instances(
        ImageId=image_id, InstanceType="t3.nano", MinCount=1, MaxCount=1
    )["Instances"]
    assert launched["ImageId"] == image_id
    assert "InUse" in refused_deregistration(ec2, image_id)

    ec2.terminate_instances(InstanceIds=[launched["InstanceId"]])
    ids = [launched["InstanceId"]]
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=AT_ONCE)
    check_at_rest(cloud)
    gone = snapshot["SnapshotId"]
    refused(ec2.delete_snapshot, "InvalidSnapshot.InUse", SnapshotId=gone)
    answer = ec2.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
    ec2.delete_snapshot(SnapshotId=gone)  # as Terraform does, to which it must not be an error
    refused(ec2.delete_snapshot, "InvalidSnapshot.NotFound", SnapshotId="snap-0123456789abcdef0")
    assert answer["Return"] is True
    assert answer["DeleteSnapshotResults"][0]["SnapshotId"] == snapshot["SnapshotId"]
    message = refused(ec2.describe_images, "InvalidAMIID.NotFound", ImageIds=[image_id])
    assert message == f"The image id '[{image_id}]' does not exist"
    both = [NOBODY, image_id]
    message = refused(ec2.describe_images, "InvalidAMIID.NotFound", ImageIds=both)
    assert message == f"The image ids '[{', '.join(both)}]' do not exist"
    message = refused(ec2.describe_images, "InvalidAMIID.Malformed", ImageIds=["web", NOBODY])
    assert message == 'Invalid id: "web" (expecting "ami-...")'
    refused(ec2.deregister_image, "InvalidAMIID.NotFound", ImageId=image_id)
    check_at_rest(cloud)


def refused_deregistration(ec2: Any, image_id: str) -> str:
    code = "InvalidAMIID.InUse"
    refused(ec2.deregister_image, code, ImageId=image_id)
    return code


@pytest.mark.parametrize("no_reboot", [True, False])
def test_a_machine_is_shut_down_unless_asked_not_to(
    cloud: Cloud, ec2: Any, no_reboot: bool
) -> None:
    machine = cloud.launch()
    image_id = ec2.create_image(InstanceId=machine.id, Name="frozen", NoReboot=no_reboot)["ImageId"]
    _available(ec2, image_id)
    assert cloud.images.show(image_id).without_reboot is no_reboot
    check_at_rest(cloud)


def test_making_an_image_waits_for_what_is_under_way(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    ec2.stop_instances(InstanceIds=[machine.id])
    first = ec2.create_image(InstanceId=machine.id, Name="one")["ImageId"]
    second = ec2.create_image(InstanceId=machine.id, Name="two")["ImageId"]
    assert [_available(ec2, each)["Name"] for each in (first, second)] == ["one", "two"]
    check_at_rest(cloud)


def test_an_image_that_fails_is_told_of_as_failed_for_a_while(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    cloud.fail_at(Moment("seal-image", "started"), Unavailable("ImageSealFailed", "no", "mend"))
    image_id = ec2.create_image(InstanceId=machine.id, Name="broken")["ImageId"]
    check_at_rest(cloud)
    (told,) = ec2.describe_images(ImageIds=[image_id])["Images"]
    assert told["State"] == "failed"
    cloud.clock.sleep(3600)
    assert ec2.describe_images(Owners=["self"])["Images"] == []


def test_a_copy_has_a_life_of_its_own(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    tagged = specification("image", {"team": "red"})
    source = ec2.create_image(InstanceId=machine.id, Name="one", TagSpecifications=tagged)[
        "ImageId"
    ]
    wanted = {
        "SourceImageId": source,
        "SourceRegion": "us-east-1",
        "Name": "two",
        "Description": "the same",
        "CopyImageTags": True,
        "ClientToken": "once",
        "TagSpecifications": specification("image", {"copy": "yes"}),
    }
    refused(ec2.copy_image, "InvalidAMIID.Unavailable", **wanted)  # it is pending yet
    _available(ec2, source)
    copy = ec2.copy_image(**wanted)["ImageId"]
    assert ec2.copy_image(**wanted)["ImageId"] == copy
    told = _available(ec2, copy)
    assert (told["SourceImageId"], told["SourceImageRegion"]) == (source, "us-east-1")
    assert {t["Key"]: t["Value"] for t in told["Tags"]} == {"team": "red", "copy": "yes"}
    refused(ec2.copy_image, "IdempotentParameterMismatch", **{**wanted, "Name": "three"})
    refused(ec2.copy_image, "InvalidAMIName.Duplicate", **{**wanted, "ClientToken": "again"})
    ec2.deregister_image(ImageId=source)
    (launched,) = ec2.run_instances(ImageId=copy, InstanceType="t3.nano", MinCount=1, MaxCount=1)[
        "Instances"
    ]
    ids = [launched["InstanceId"]]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=AT_ONCE)
    check_at_rest(cloud)


def test_what_ships_can_be_copied_too(cloud: Cloud, ec2: Any) -> None:
    shipped = cloud.images.show("web").id
    copy = ec2.copy_image(SourceImageId=shipped, SourceRegion="us-east-1", Name="my web")["ImageId"]
    assert _available(ec2, copy)["OwnerId"] == "123456789012"
    ec2.deregister_image(ImageId=copy)
    check_at_rest(cloud)


def test_whose_images_there_are(cloud: Cloud, ec2: Any) -> None:
    cloud.launch()
    own = cloud.create_image("web", "golden")

    def told(**request: Any) -> set[str]:
        return {image["Name"] for image in ec2.describe_images(**request)["Images"]}

    assert told() == {"base", "web", "golden"}
    assert told(Owners=["self"]) == told(Owners=["123456789012"]) == {"golden"}
    assert told(Owners=["amazon"]) == told(Owners=["137112412989"]) == {"base", "web"}
    assert told(Owners=["aws-marketplace"]) == set()
    assert told(ExecutableUsers=["all"]) == {"base", "web"}
    assert told(ExecutableUsers=["self"]) == set()
    assert told(Filters=filters(name="gold*")) == {"golden"}
    assert told(Filters=filters(is_public="true", state="available")) == {"base", "web"}
    assert told(Filters=filters(image_id=own, architecture="x86_64")) == {"golden"}
    assert told(Filters=filters(owner_alias="amazon", name="web")) == {"web"}
    pages = list(ec2.get_paginator("describe_images").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Images"]) for page in pages] == [2, 1]


def test_what_cannot_be_is_refused(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    shipped = cloud.images.show("web").id
    mappings = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}}]
    for call, code, request in (
        (ec2.create_image, "InvalidAMIName.Malformed", {"InstanceId": machine.id, "Name": "a;b;c"}),
        (
            ec2.create_image,
            "UnsupportedOperation",
            {"InstanceId": machine.id, "Name": "big", "BlockDeviceMappings": mappings},
        ),
        (
            ec2.create_image,
            "InvalidParameterValue",
            {"InstanceId": machine.id, "Name": "long", "Description": "x" * 256},
        ),
        (
            ec2.create_image,
            "InvalidParameterValue",
            {
                "InstanceId": machine.id,
                "Name": "tag",
                "TagSpecifications": specification("volume", {"a": "b"}),
            },
        ),
        (ec2.deregister_image, "AuthFailure", {"ImageId": shipped}),
        (ec2.deregister_image, "InvalidAMIID.Malformed", {"ImageId": "web"}),
        (ec2.deregister_image, "InvalidAMIID.NotFound", {"ImageId": NOBODY}),
        (ec2.describe_images, "InvalidAMIID.NotFound", {"ImageIds": [NOBODY]}),
        (
            ec2.copy_image,
            "InvalidParameterValue",
            {"SourceImageId": shipped, "SourceRegion": "eu-west-1", "Name": "copy"},
        ),
        (
            ec2.copy_image,
            "UnsupportedOperation",
            {
                "SourceImageId": shipped,
                "SourceRegion": "us-east-1",
                "Name": "copy",
                "Encrypted": True,
            },
        ),
        (ec2.register_image, "InvalidAction", {"Name": "registered"}),
    ):
        refused(call, code, **request)
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    check_at_rest(cloud)


def test_attributes_of_an_image(cloud: Cloud, ec2: Any) -> None:
    cloud.launch()
    own, shipped = cloud.create_image("web", "golden"), cloud.images.show("web").id

    def shown(attribute: str, image_id: str = own) -> Any:
        return ec2.describe_image_attribute(ImageId=image_id, Attribute=attribute)

    ec2.modify_image_attribute(ImageId=own, Description={"Value": "new"})
    assert shown("description")["Description"] == {"Value": "new"}
    ec2.modify_image_attribute(ImageId=own, Attribute="description", Value="newer")
    assert shown("description")["Description"] == {"Value": "newer"}
    assert shown("launchPermission")["LaunchPermissions"] == []
    assert shown("launchPermission", shipped)["LaunchPermissions"] == [{"Group": "all"}]
    assert shown("lastLaunchedTime", shipped)["LastLaunchedTime"]["Value"].startswith("2030-01-01T")
    assert shown("lastLaunchedTime")["LastLaunchedTime"] == {}
    assert shown("deregistrationProtection")["DeregistrationProtection"] == {"Value": "disabled"}
    assert len(shown("blockDeviceMapping")["BlockDeviceMappings"]) == 1
    for attribute in ("kernel", "ramdisk", "productCodes", "sriovNetSupport", "bootMode"):
        assert shown(attribute)["ImageId"] == own
    permission = {"Add": [{"Group": "all"}]}
    change = ec2.modify_image_attribute
    refused(change, "UnsupportedOperation", ImageId=own, LaunchPermission=permission)
    refused(change, "UnsupportedOperation", ImageId=own, Attribute="launchPermission")
    refused(change, "InvalidParameterCombination", ImageId=own)
    refused(change, "AuthFailure", ImageId=shipped, Description={"Value": "mine"})
    refused(change, "InvalidParameterValue", ImageId=own, Description={"Value": "x" * 256})
