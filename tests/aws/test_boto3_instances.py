"""Machines, images and Elastic IPs by boto3, with its waiters and paginators."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.account import QUICK, Account, headline, ids, refused


def _launch(ec2: Any, image: str, **how: Any) -> Any:
    """One running machine, as EC2 tells of it then."""
    settings = {"InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, **how}
    (launched,) = ec2.run_instances(ImageId=image, **settings)["Instances"]
    assert launched["State"] == {"Code": 0, "Name": "pending"}
    ec2.get_waiter("instance_running").wait(
        InstanceIds=[launched["InstanceId"]], WaiterConfig=QUICK
    )
    return _machine(ec2, launched["InstanceId"])


def _machine(ec2: Any, instance_id: str) -> Any:
    told = ec2.describe_instances(InstanceIds=[instance_id])
    return told["Reservations"][0]["Instances"][0]


def test_a_machine_becomes_an_image_and_a_bigger_one_takes_its_address(account: Account) -> None:
    ec2, page = account.client("ec2"), account.live.page
    (image,) = ec2.describe_images(
        Owners=["amazon"], Filters=[{"Name": "name", "Values": ["we*"]}]
    )["Images"]
    small = _launch(ec2, image["ImageId"])
    hostname = small["PrivateDnsName"].split(".")[0]
    assert headline(page(f"http://{small['PublicIpAddress']}/")) == hostname
    assert headline(page(f"http://{small['PublicDnsName']}/")) == hostname

    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=small["InstanceId"])
    # It replaces the address that came with the machine, and leads there when the call is answered.
    assert _machine(ec2, small["InstanceId"])["PublicIpAddress"] == address["PublicIp"]
    assert headline(page(f"http://{address['PublicIp']}/")) == hostname

    mark = "sed -i s/Hello/Welcome/ /var/www/html/index.html"
    account.live.inside(small["InstanceId"], "sh", "-c", mark)
    made = ec2.create_image(InstanceId=small["InstanceId"], Name="shop-1.0")["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig=QUICK)
    big = _launch(ec2, made, InstanceType="t3.small")
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=[big["InstanceId"]], WaiterConfig=QUICK)
    ec2.associate_address(
        AllocationId=address["AllocationId"],
        InstanceId=big["InstanceId"],
        AllowReassociation=True,
    )
    moved = page(f"http://{address['PublicIp']}/")
    assert "Welcome" in moved
    assert headline(moved) == big["PrivateDnsName"].split(".")[0]

    ec2.terminate_instances(InstanceIds=[small["InstanceId"]])
    ec2.get_waiter("instance_terminated").wait(
        InstanceIds=[small["InstanceId"]], WaiterConfig=QUICK
    )
    (found,) = ec2.describe_addresses(PublicIps=[address["PublicIp"]])["Addresses"]
    assert found["InstanceId"] == big["InstanceId"]
    with refused("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=address["AllocationId"])
    ec2.disassociate_address(AssociationId=found["AssociationId"])
    ec2.release_address(AllocationId=address["AllocationId"])
    assert ec2.describe_addresses()["Addresses"] == []


def test_a_fleet_is_launched_once_listed_by_pages_stopped_resized_and_started(
    account: Account,
) -> None:
    ec2 = account.client("ec2")
    fleet: dict[str, Any] = {
        "ImageId": account.image("base"),
        "InstanceType": "t3.nano",
        "MinCount": 6,
        "MaxCount": 6,
        "ClientToken": "fleet-1",
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "fleet", "Value": "blue"}]}
        ],
    }
    with refused("DryRunOperation"):
        ec2.run_instances(DryRun=True, **fleet)
    launched = ids(ec2.run_instances(**fleet)["Instances"])
    assert ids(ec2.run_instances(**fleet)["Instances"]) == launched
    ec2.get_waiter("instance_running").wait(InstanceIds=launched, WaiterConfig=QUICK)

    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "tag:fleet", "Values": ["bl?e"]}], PaginationConfig={"PageSize": 5}
    )
    by_page = [ids([m for r in p["Reservations"] for m in r["Instances"]]) for p in pages]
    assert [len(page) for page in by_page] == [5, 1]
    assert sorted(each for page in by_page for each in page) == sorted(launched)

    one = launched[0]
    with refused("IncorrectInstanceState"):
        ec2.modify_instance_attribute(InstanceId=one, InstanceType={"Value": "t3.micro"})
    ec2.stop_instances(InstanceIds=[one])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[one], WaiterConfig=QUICK)
    ec2.modify_instance_attribute(InstanceId=one, InstanceType={"Value": "t3.micro"})
    ec2.start_instances(InstanceIds=[one])
    ec2.get_waiter("instance_running").wait(InstanceIds=[one], WaiterConfig=QUICK)
    shown = account.live.show(one)
    assert (shown["type"], shown["state"]) == ("t3.micro", "running")

    ended = ec2.terminate_instances(InstanceIds=launched)["TerminatingInstances"]
    assert {e["CurrentState"]["Name"] for e in ended} == {"shutting-down"}
    ec2.get_waiter("instance_terminated").wait(InstanceIds=launched, WaiterConfig=QUICK)


def test_what_cannot_be_is_refused_and_nothing_is_made(account: Account) -> None:
    ec2 = account.client("ec2")
    one: dict[str, Any] = {"InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1}
    with refused("InvalidAMIID.NotFound"):
        ec2.run_instances(ImageId="ami-0123456789abcdef0", **one)
    with refused("UnsupportedOperation"):
        ec2.run_instances(
            ImageId=account.image(), InstanceMarketOptions={"MarketType": "spot"}, **one
        )
    with refused("InvalidInstanceID.NotFound"):
        ec2.terminate_instances(InstanceIds=["i-0123456789abcdef0"])
    with refused("InvalidAction"):
        ec2.create_internet_gateway()
    assert account.live.json("instance", "list") == []


@pytest.mark.parametrize("name", ["al2023-ami-kernel-default-x86_64", "amzn2-ami-hvm-x86_64-gp2"])
def test_a_script_finds_its_image_by_the_public_alias(account: Account, name: str) -> None:
    alias = f"/aws/service/ami-amazon-linux-latest/{name}"
    found = account.client("ssm").get_parameter(Name=alias)["Parameter"]["Value"]
    assert found == account.image("base")
