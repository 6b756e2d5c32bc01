"""What the CLI, Ansible, Terraform, Libcloud and JavaScript's SDK ask for, action by action.

The actions are those that each of them was seen to send on its way through a whole story. Each is
carried out, or refused by its name for a reason that stands here; none is left to chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from minicloud.aws.registry import OPERATIONS
from tests.unit.aws_client import KEYS, URL, AwsWire, aws
from tests.unit.cloud import Cloud
from tests.unit.elbv2_world import Elbv2World, forward, world_of

_API_VERSIONS = {"ec2": "2016-11-15", "elbv2": "2015-12-01", "sts": "2011-06-15"}
_SIGNING_NAMES = {"elbv2": "elasticloadbalancing"}
_CARRIED_OUT = {
    "ec2": """
        AllocateAddress AssociateAddress CreateImage CreateTags DeleteSnapshot DeregisterImage
        DescribeAddresses DescribeAddressesAttribute DescribeAvailabilityZones
        DescribeImageAttribute DescribeImages DescribeInstanceAttribute
        DescribeInstanceCreditSpecifications DescribeInstanceStatus DescribeInstanceTypes
        DescribeInstances DescribeKeyPairs DescribeNetworkInterfaces DescribeRouteTables
        DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVolumes DescribeVpcAttribute
        DescribeVpcs DisassociateAddress ModifyInstanceAttribute RebootInstances ReleaseAddress
        RunInstances StartInstances StopInstances TerminateInstances
    """,
    "elbv2": """
        CreateListener CreateLoadBalancer CreateTargetGroup DeleteListener DeleteLoadBalancer
        DeleteTargetGroup DeregisterTargets DescribeCapacityReservation DescribeListenerAttributes
        DescribeListeners DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules
        DescribeTags DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth
        ModifyLoadBalancerAttributes ModifyTargetGroupAttributes RegisterTargets
    """,
    "sts": "GetCallerIdentity",
}
_NO_KEYS = "nobody logs in to a machine with a key: minicloud exec needs none"
_NO_FIREWALL = "every machine is in the default group, and no packet would be stopped"
_NO_TEMPLATES = "nothing launches from a template"
_NO_DISKS = "a machine has its root disk, which comes and goes with it"
_REFUSED_IN_EC2 = {
    "CreateKeyPair": _NO_KEYS,
    "DeleteKeyPair": _NO_KEYS,
    "ImportKeyPair": _NO_KEYS,
    "AuthorizeSecurityGroupEgress": _NO_FIREWALL,
    "AuthorizeSecurityGroupIngress": _NO_FIREWALL,
    "CreateSecurityGroup": _NO_FIREWALL,
    "DeleteSecurityGroup": _NO_FIREWALL,
    "RevokeSecurityGroupEgress": _NO_FIREWALL,
    "CreateLaunchTemplate": _NO_TEMPLATES,
    "DeleteLaunchTemplate": _NO_TEMPLATES,
    "DescribeLaunchTemplateVersions": _NO_TEMPLATES,
    "DescribeLaunchTemplates": _NO_TEMPLATES,
    "AttachVolume": _NO_DISKS,
    "CreateVolume": _NO_DISKS,
    "DeleteVolume": _NO_DISKS,
    "DetachVolume": _NO_DISKS,
    "GetInstanceUefiData": "a container has no firmware",
}


def _named(service: str) -> set[str]:
    return {operation.name for operation in OPERATIONS[service]}


@pytest.mark.parametrize("service", _CARRIED_OUT)
def test_what_named_clients_send_is_carried_out(service: str) -> None:
    assert set(_CARRIED_OUT[service].split()) - _named(service) == set()


def test_what_is_carried_out_is_not_listed_as_refused() -> None:
    assert _REFUSED_IN_EC2.keys() & _named("ec2") == set()


def _send(wire: AwsWire, service: str, action: str) -> tuple[int, str]:
    body = f"Action={action}&Version={_API_VERSIONS[service]}".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", f"{URL}/", headers=headers, data=body)
    credentials = Credentials(KEYS.access_key_id, KEYS.secret_access_key)
    SigV4Auth(credentials, _SIGNING_NAMES.get(service, service), "us-east-1").add_auth(request)
    answer = wire.ask("POST", "/", dict(request.headers.items()), body)
    return answer.status, answer.body.decode()


@pytest.mark.parametrize("action", sorted(_REFUSED_IN_EC2))
def test_what_is_not_carried_out_is_refused_by_its_name(cloud: Cloud, action: str) -> None:
    status, body = _send(aws(cloud), "ec2", action)
    assert status == 400
    assert "<Code>InvalidAction</Code>" in body
    assert action in body


def test_libcloud_reads_the_state_that_comes_first_as_the_current_one(cloud: Cloud) -> None:
    wire = aws(cloud)
    wire.client("ec2").terminate_instances(InstanceIds=[cloud.launch().id])
    body = wire.answers[-1].body
    assert 0 < body.index(b"<currentState>") < body.index(b"<previousState>")


@dataclass
class _Account:
    """What Terraform has made when it reads it all back."""

    ec2: Any
    elbv2: Elbv2World
    machine: str
    image: str
    allocation: str
    arns: dict[str, str]


@pytest.fixture
def account(cloud: Cloud) -> _Account:
    ec2, elbv2 = aws(cloud).client("ec2"), world_of(cloud)
    machine = cloud.launch()
    image = ec2.create_image(InstanceId=machine.id, Name="shop-1.0")["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 0})
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=allocation, InstanceId=machine.id)
    balancer, group = elbv2.balancer("shop"), elbv2.group("shop")
    listener = elbv2.listener(balancer, forward(group))
    arns = {
        "LoadBalancerArn": balancer["LoadBalancerArn"],
        "TargetGroupArn": group["TargetGroupArn"],
        "ListenerArn": listener["ListenerArn"],
    }
    return _Account(ec2, elbv2, machine.id, image, allocation, arns)


_ATTRIBUTES = (
    "disableApiStop",
    "disableApiTermination",
    "ebsOptimized",
    "instanceInitiatedShutdownBehavior",
    "instanceType",
    "sourceDestCheck",
    "userData",
    "groupSet",
)
_Read = Callable[[_Account], Any]
_EC2_READS: dict[str, _Read] = {
    "describe_instances": lambda a: {"InstanceIds": [a.machine]},
    "describe_instance_status": lambda a: {"InstanceIds": [a.machine]},
    "describe_instance_types": lambda _: {"InstanceTypes": ["t3.micro"]},
    "describe_instance_credit_specifications": lambda a: {"InstanceIds": [a.machine]},
    "describe_images": lambda a: {"ImageIds": [a.image]},
    "describe_addresses": lambda a: {"AllocationIds": [a.allocation]},
    "describe_addresses_attribute": lambda a: {
        "AllocationIds": [a.allocation],
        "Attribute": "domain-name",
    },
    "describe_network_interfaces": lambda a: {
        "Filters": [{"Name": "attachment.instance-id", "Values": [a.machine]}]
    },
    "describe_volumes": lambda a: {
        "Filters": [{"Name": "attachment.instance-id", "Values": [a.machine]}]
    },
    "describe_tags": lambda a: {"Filters": [{"Name": "resource-id", "Values": [a.machine]}]},
    "describe_vpcs": lambda _: {"Filters": [{"Name": "isDefault", "Values": ["true"]}]},
    "describe_subnets": lambda a: {"Filters": [{"Name": "vpc-id", "Values": [a.elbv2.ids.vpc]}]},
    "describe_security_groups": lambda _: {
        "Filters": [{"Name": "group-name", "Values": ["default"]}]
    },
    "describe_route_tables": lambda a: {
        "Filters": [
            {"Name": "association.main", "Values": ["true"]},
            {"Name": "vpc-id", "Values": [a.elbv2.ids.vpc]},
        ]
    },
}
_ELBV2_READS = {
    "describe_capacity_reservation": "LoadBalancerArn",
    "describe_listener_attributes": "ListenerArn",
    "describe_listeners": "LoadBalancerArn",
    "describe_load_balancer_attributes": "LoadBalancerArn",
    "describe_rules": "ListenerArn",
    "describe_target_group_attributes": "TargetGroupArn",
    "describe_target_health": "TargetGroupArn",
}


def test_what_terraform_reads_back_of_ec2_is_answered(account: _Account) -> None:
    ec2 = account.ec2
    for attribute in _ATTRIBUTES:
        told = ec2.describe_instance_attribute(InstanceId=account.machine, Attribute=attribute)
        assert told["InstanceId"] == account.machine
    for attribute in (
        "enableDnsSupport",
        "enableDnsHostnames",
        "enableNetworkAddressUsageMetrics",
    ):
        told = ec2.describe_vpc_attribute(VpcId=account.elbv2.ids.vpc, Attribute=attribute)
        assert told["VpcId"] == account.elbv2.ids.vpc
    told = ec2.describe_image_attribute(ImageId=account.image, Attribute="launchPermission")
    assert told["ImageId"] == account.image
    # The address has no name of its own; all else is there to be told of.
    empty = {"describe_addresses_attribute"}
    for call, request_of in _EC2_READS.items():
        told = getattr(ec2, call)(**request_of(account))
        (listed,) = (value for value in told.values() if isinstance(value, list))
        assert bool(listed) is (call not in empty), call


@pytest.mark.parametrize("call", _ELBV2_READS)
def test_what_terraform_reads_back_of_elbv2_is_answered(account: _Account, call: str) -> None:
    named = _ELBV2_READS[call]
    told = getattr(account.elbv2.client, call)(**{named: account.arns[named]})
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_tags_of_all_kinds_of_elbv2_are_answered_together(account: _Account) -> None:
    arns = list(account.arns.values())
    told = account.elbv2.client.describe_tags(ResourceArns=arns)["TagDescriptions"]
    assert [each["ResourceArn"] for each in told] == arns
