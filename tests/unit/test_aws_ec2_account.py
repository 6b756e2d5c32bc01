"""The account, its region and zone, and what follows from machines, as boto3 asks of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from minicloud.domain.aws_endpoint import AwsEndpoint
from minicloud.domain.derived_ids import cloud_ids, snapshot_id, volume_id
from tests.unit.aws_client import KEYS, aws
from tests.unit.aws_ec2 import filters, refused
from tests.unit.cloud import Cloud
from tests.unit.stores import CLOUD_ID

ENDPOINT = "127.0.0.1:24566"


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    with cloud.store.write() as transaction:
        transaction.save_aws_endpoint(AwsEndpoint(KEYS, 24566))
    return aws(cloud).client("ec2")


def test_the_one_region_is_told(ec2: Any) -> None:
    expected = {
        "RegionName": "us-east-1",
        "Endpoint": ENDPOINT,
        "OptInStatus": "opt-in-not-required",
    }
    for request in (
        {},
        {"AllRegions": True},
        {"RegionNames": ["us-east-1"]},
        {"Filters": filters(region_name="us-*", endpoint=ENDPOINT)},
    ):
        assert ec2.describe_regions(**request)["Regions"] == [expected]
    assert ec2.describe_regions(Filters=filters(opt_in_status="opted-in"))["Regions"] == []
    refused(ec2.describe_regions, "InvalidParameterValue", RegionNames=["eu-west-1"])


def test_another_region_is_another_clouds(cloud: Cloud) -> None:
    cloud.clouds.change_settings(lambda settings: replace(settings, region="ap-northeast-2"))
    seoul = aws(cloud).client("ec2", region="ap-northeast-2")
    assert seoul.describe_regions()["Regions"][0]["RegionName"] == "ap-northeast-2"
    (zone,) = seoul.describe_availability_zones()["AvailabilityZones"]
    assert (zone["ZoneName"], zone["ZoneId"]) == ("ap-northeast-2a", "apne2-az1")
    assert cloud.rows("SELECT region FROM settings") == [("ap-northeast-2",)]


def test_its_one_zone_is_told(ec2: Any) -> None:
    for request in (
        {},
        {"AllAvailabilityZones": True},
        {"ZoneNames": ["us-east-1a"], "ZoneIds": ["use1-az1"]},
        {"Filters": filters(state="available", zone_type="availability-zone")},
    ):
        (zone,) = ec2.describe_availability_zones(**request)["AvailabilityZones"]
        assert zone["ZoneName"] == "us-east-1a"
        assert zone["State"] == "available"
        assert zone["GroupName"] == "us-east-1-zg-1"
    refused(ec2.describe_availability_zones, "InvalidParameterValue", ZoneNames=["us-east-1b"])
    refused(ec2.describe_availability_zones, "InvalidParameterValue", ZoneIds=["use1-az2"])


def test_the_accounts_limits_are_the_clouds(cloud: Cloud, ec2: Any) -> None:
    cloud.clouds.change_settings(lambda settings: replace(settings, address_limit=7))
    told = {
        each["AttributeName"]: [value["AttributeValue"] for value in each["AttributeValues"]]
        for each in ec2.describe_account_attributes()["AccountAttributes"]
    }
    assert told == {
        "supported-platforms": ["VPC"],
        "default-vpc": [cloud_ids(CLOUD_ID).vpc],
        "max-instances": ["125"],
        "max-elastic-ips": ["7"],
        "vpc-max-elastic-ips": ["7"],
        "vpc-max-security-groups-per-interface": ["1"],
    }
    named = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    assert [each["AttributeName"] for each in named] == ["default-vpc"]
    refused(ec2.describe_account_attributes, "InvalidParameterValue", AttributeNames=["colour"])


def test_there_are_no_key_pairs(ec2: Any) -> None:
    assert ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"] == []
    assert ec2.describe_key_pairs(Filters=filters(key_name="*"))["KeyPairs"] == []
    refused(ec2.describe_key_pairs, "InvalidKeyPair.NotFound", KeyNames=["mine"])
    refused(ec2.describe_key_pairs, "InvalidKeyPair.NotFound", KeyPairIds=["key-0123456789abcdef0"])


def test_a_machines_disk_is_a_root_volume(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    wanted = {"attachment.instance-id": machine.id, "attachment.delete-on-termination": "true"}
    (volume,) = ec2.describe_volumes(Filters=filters(**wanted))["Volumes"]
    assert volume["VolumeId"] == volume_id(machine.id)
    assert volume["SnapshotId"] == snapshot_id(machine.image_id)
    assert volume["Size"] == cloud.images.show("web").disk_gib
    assert volume["State"] == "in-use"
    (attachment,) = volume["Attachments"]
    assert (attachment["InstanceId"], attachment["Device"]) == (machine.id, "/dev/xvda")
    assert ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"] == [volume]
    assert ec2.describe_volumes(Filters=filters(status="available"))["Volumes"] == []
    cloud.succeed(cloud.instances.terminate("web"))
    refused(ec2.describe_volumes, "InvalidVolume.NotFound", VolumeIds=[volume["VolumeId"]])


def test_the_disk_of_a_gone_image_is_still_told(cloud: Cloud, ec2: Any) -> None:
    cloud.launch()
    image_id = cloud.create_image("web", "golden")
    cloud.launch("other", image="golden")
    with cloud.store.write() as transaction:
        image = transaction.images.get(image_id)
        assert image is not None
        transaction.images.save(replace(image, size_bytes=3 * 1024**3 + 1))
    wanted = filters(snapshot_id=snapshot_id(image_id), size="4")
    assert len(ec2.describe_volumes(Filters=wanted)["Volumes"]) == 1


def test_every_image_has_a_snapshot(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    image_id = cloud.create_image("web", "golden")
    (own,) = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert own["SnapshotId"] == snapshot_id(image_id)
    assert own["VolumeId"] == volume_id(machine.id)
    assert (own["State"], own["Progress"]) == ("completed", "100%")
    assert own["OwnerId"] == "123456789012"
    shipped = ec2.describe_snapshots(OwnerIds=["amazon"])["Snapshots"]
    everything = ec2.describe_snapshots()["Snapshots"]
    assert len(shipped) == len(everything) - 1 == len(cloud.images.list_all(include_gone=False)) - 1
    assert ec2.describe_snapshots(OwnerIds=["111111111111"])["Snapshots"] == []
    assert ec2.describe_snapshots(Filters=filters(volume_id=own["VolumeId"]))["Snapshots"] == [own]
    refused(ec2.describe_snapshots, "UnsupportedOperation", RestorableByUserIds=["self"])
    cloud.succeed(cloud.images.delete("golden"))
    gone = {"SnapshotIds": [own["SnapshotId"]]}
    refused(ec2.describe_snapshots, "InvalidSnapshot.NotFound", **gone)
