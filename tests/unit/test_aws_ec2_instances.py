"""Looking at machines and changing their state, as boto3 asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from minicloud.domain.instance import Instance, InstanceState
from minicloud.operations.machine import STOP_TIMEOUT_S
from minicloud.ports.edge import EdgeMode
from minicloud.ports.engine import Container
from tests.unit.aws_client import AwsWire, aws
from tests.unit.aws_ec2 import check_at_rest, filters, refused
from tests.unit.cloud import Cloud, Moment

NOBODY = "i-0123456789abcdef0"
AT_ONCE = {"Delay": 0}


@pytest.fixture
def wire(cloud: Cloud) -> AwsWire:
    return aws(cloud)


@pytest.fixture
def ec2(wire: AwsWire) -> Any:
    return wire.client("ec2")


def _told(ec2: Any, **request: Any) -> list[Any]:
    """The machines of DescribeInstances."""
    answer = ec2.describe_instances(**request)
    return [machine for launch in answer["Reservations"] for machine in launch["Instances"]]


def _ids(ec2: Any, **wanted: Any) -> list[str]:
    return [machine["InstanceId"] for machine in _told(ec2, Filters=filters(**wanted))]


def test_the_life_of_a_machine(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    (told,) = _told(ec2)
    assert told["InstanceId"] == machine.id
    assert told["State"] == {"Code": 16, "Name": "running"}
    assert told["PublicIpAddress"] == told["PublicDnsName"] == machine.public_ip
    assert told["PrivateDnsName"] == f"{machine.hostname}.ec2.internal"
    group = ec2.describe_security_groups()["SecurityGroups"][0]
    assert told["SecurityGroups"] == [{"GroupId": group["GroupId"], "GroupName": "default"}]

    (change,) = ec2.stop_instances(InstanceIds=[machine.id])["StoppingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == (
        "running",
        "stopping",
    )
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[machine.id], WaiterConfig=AT_ONCE)
    (told,) = _told(ec2)
    assert "PublicIpAddress" not in told
    assert told["PrivateIpAddress"] == machine.private_ip
    assert told["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert told["StateTransitionReason"].startswith("User initiated (2030-01-01 ")
    (again,) = ec2.stop_instances(InstanceIds=[machine.id])["StoppingInstances"]
    assert again["PreviousState"] == again["CurrentState"] == {"Code": 80, "Name": "stopped"}

    (change,) = ec2.start_instances(InstanceIds=[machine.id])["StartingInstances"]
    assert change["CurrentState"]["Name"] == "pending"
    ec2.get_waiter("instance_running").wait(InstanceIds=[machine.id], WaiterConfig=AT_ONCE)
    ec2.reboot_instances(InstanceIds=[machine.id])

    (change,) = ec2.terminate_instances(InstanceIds=[machine.id])["TerminatingInstances"]
    assert change["CurrentState"]["Name"] == "shutting-down"
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[machine.id], WaiterConfig=AT_ONCE)
    (told,) = _told(ec2, InstanceIds=[machine.id])
    assert told["State"] == {"Code": 48, "Name": "terminated"}
    assert told["NetworkInterfaces"] == told["BlockDeviceMappings"] == []
    assert not {"PrivateIpAddress", "PublicIpAddress", "VpcId", "SubnetId"} & told.keys()
    check_at_rest(cloud)


def test_what_has_ended_is_told_of_for_an_hour(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    cloud.succeed(cloud.instances.terminate(machine.id))
    cloud.clock.sleep(59 * 60)
    assert len(_told(ec2)) == 1
    cloud.clock.sleep(60)
    assert _told(ec2) == []
    refused(ec2.describe_instances, "InvalidInstanceID.NotFound", InstanceIds=[machine.id])
    refused(ec2.start_instances, "InvalidInstanceID.NotFound", InstanceIds=[machine.id])


@pytest.mark.parametrize(
    "call",
    [
        "describe_instances",
        "describe_instance_status",
        "start_instances",
        "stop_instances",
        "reboot_instances",
        "terminate_instances",
    ],
)
def test_an_unknown_machine_leaves_the_others_as_they_are(
    cloud: Cloud, ec2: Any, call: str
) -> None:
    machine = cloud.launch()
    named = getattr(ec2, call)
    message = refused(named, "InvalidInstanceID.NotFound", InstanceIds=[machine.id, NOBODY])
    assert message == f"The instance ID '{NOBODY}' does not exist"
    both = [NOBODY, "i-0123456789abcdef1"]
    message = refused(named, "InvalidInstanceID.NotFound", InstanceIds=both)
    assert message == f"The instance IDs '{both[0]}, {both[1]}' do not exist"
    # A name is minicloud's own: on the wire there are identifiers alone.
    refused(named, "InvalidInstanceID.Malformed", InstanceIds=["web"])
    assert cloud.instances.show(machine.id) == machine
    check_at_rest(cloud)


@pytest.mark.parametrize("done", ["start", "stop", "reboot", "terminate"])
def test_nothing_is_done_to_no_machine(ec2: Any, done: str) -> None:
    told = refused(getattr(ec2, f"{done}_instances"), "InvalidParameterCombination", InstanceIds=[])
    assert told == "No instances specified"


def test_states_forbid_what_aws_forbids_to_all_or_none(cloud: Cloud, ec2: Any) -> None:
    running, stopped, ended = (cloud.launch(name, "t3.nano").id for name in ("a", "b", "c"))
    cloud.stop(stopped)
    cloud.succeed(cloud.instances.terminate(ended))
    for call, ids in (
        (ec2.start_instances, [stopped, ended]),
        (ec2.stop_instances, [running, ended]),
        (ec2.reboot_instances, [running, stopped]),
    ):
        message = refused(call, "IncorrectInstanceState", InstanceIds=ids)
        assert "is not in a state from which it can be" in message
    states = [cloud.instances.show(each).state.value for each in (running, stopped, ended)]
    assert states == ["running", "stopped", "terminated"]
    both = ec2.start_instances(InstanceIds=[running, stopped, stopped])["StartingInstances"]
    assert [each["CurrentState"]["Name"] for each in both] == ["running", "pending"]
    check_at_rest(cloud)


def test_one_that_is_protected_protects_all(cloud: Cloud, ec2: Any) -> None:
    free, safe = cloud.launch("free", "t3.nano").id, cloud.launch("safe", "t3.nano").id
    cloud.instances.modify(safe, termination_protection=True, tags=None)
    refused(ec2.terminate_instances, "OperationNotPermitted", InstanceIds=[free, safe])
    assert cloud.instances.show(free).state is InstanceState.RUNNING
    check_at_rest(cloud)


def test_terminating_waits_for_what_is_under_way(cloud: Cloud, ec2: Any) -> None:
    image_id = cloud.images.show("web").id
    answer = ec2.run_instances(ImageId=image_id, InstanceType="t3.nano", MinCount=3, MaxCount=3)
    ids = [machine["InstanceId"] for machine in answer["Instances"]]
    ec2.terminate_instances(InstanceIds=ids)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=AT_ONCE)
    check_at_rest(cloud)


def test_a_pending_machine_cannot_be_stopped_yet(cloud: Cloud, ec2: Any) -> None:
    image_id = cloud.images.show("web").id
    said: list[str] = []

    def stop() -> None:
        (pending,) = cloud.instances.list_all(include_terminated=False)
        call = ec2.stop_instances
        said.append(refused(call, "IncorrectInstanceState", InstanceIds=[pending.id]))

    cloud.on_moment([Moment("create-container", "started")], stop)
    (machine,) = ec2.run_instances(
        ImageId=image_id, InstanceType="t3.nano", MinCount=1, MaxCount=1
    )["Instances"]
    ids = [machine["InstanceId"]]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=AT_ONCE)
    assert len(said) == 1


def test_force_ends_processes_at_once(
    cloud: Cloud, ec2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = cloud.launch()
    waits_s: list[int] = []
    stop = cloud.engine.ensure_stopped

    def ensure_stopped(name: str, timeout_s: int) -> Container:
        waits_s.append(timeout_s)
        return stop(name, timeout_s)

    monkeypatch.setattr(cloud.engine, "ensure_stopped", ensure_stopped)
    ec2.stop_instances(InstanceIds=[machine.id], Force=True)
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[machine.id], WaiterConfig=AT_ONCE)
    check_at_rest(cloud)
    cloud.start(machine.id)
    ec2.stop_instances(InstanceIds=[machine.id])
    check_at_rest(cloud)
    assert waits_s == [0, STOP_TIMEOUT_S]
    refused(ec2.stop_instances, "UnsupportedOperation", InstanceIds=[machine.id], Hibernate=True)
    refused(
        ec2.stop_instances, "UnsupportedOperation", InstanceIds=[machine.id], SkipOsShutdown=True
    )


@pytest.mark.parametrize(
    ("name", "value_of"),
    [
        ("instance-id", lambda m: m.id),
        ("image-id", lambda m: m.image_id),
        ("instance-type", lambda _: "t3.s*"),
        ("instance-state-name", lambda _: "stop???"),
        ("instance-state-code", lambda _: "80"),
        ("private-ip-address", lambda m: m.private_ip),
        ("private-dns-name", lambda m: f"{m.hostname}.*"),
        ("reservation-id", lambda m: m.reservation_id),
        ("network-interface.addresses.private-ip-address", lambda m: m.private_ip),
        ("block-device-mapping.volume-id", lambda m: m.id.replace("i-", "vol-")),
        ("state-reason-code", lambda _: "Client.User*"),
        ("reason", lambda _: "User initiated*"),
        ("tag:Name", lambda _: "other"),
    ],
)
def test_a_filter_finds_what_the_answer_tells(
    cloud: Cloud, ec2: Any, name: str, value_of: Any
) -> None:
    cloud.launch("web", image="base")
    other = cloud.launch("other", "t3.small")
    cloud.stop("other")
    wanted: Instance = cloud.instances.show(other.id)
    assert _ids(ec2, **{name: value_of(wanted)}) == [other.id]
    assert _ids(ec2, **{name: "x" + value_of(wanted)}) == []


def test_filters_of_what_every_machine_has_or_none(cloud: Cloud, ec2: Any) -> None:
    machine = cloud.launch()
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    everyone = filters(
        vpc_id=vpc,
        availability_zone="us-east-1a",
        owner_id="123456789012",
        architecture="x86_64",
        tenancy="default",
        monitoring_state="disabled",
        tag_key="Name",
        ip_address=str(machine.public_ip),
        instance__group_name="default",
        root_device_name="/dev/xvda",
    )
    assert len(_told(ec2, Filters=everyone)) == 1
    assert _ids(ec2, key_name="*") == []
    assert _ids(ec2, platform="windows") == []
    message = refused(
        ec2.describe_instances, "InvalidParameterValue", Filters=filters(colour="red")
    )
    assert "colour" in message


def test_an_elastic_ip_is_the_public_address(cloud: Cloud, ec2: Any) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    cloud.associate(address, machine)
    (told,) = _told(ec2)
    assert told["PublicIpAddress"] == address.public_ip
    (interface,) = told["NetworkInterfaces"]
    assert interface["Association"]["IpOwnerId"] == "123456789012"


def test_where_addresses_are_elsewhere_the_ports_stand_in_a_tag(cloud: Cloud, ec2: Any) -> None:
    cloud.launch()
    with cloud.store.write() as transaction:
        transaction.save_cloud(replace(transaction.cloud(), edge_mode=EdgeMode.PUBLISHED.value))
    (told,) = _told(ec2)
    assert told["PublicDnsName"] == "127.0.0.1"
    assert {tag["Key"] for tag in told["Tags"]} == {"Name", "minicloud:host-ports"}


def test_pages_hold_every_machine_once(cloud: Cloud, ec2: Any) -> None:
    ids = [cloud.launch(f"m{number}", "t3.nano").id for number in range(12)]
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) == 3
    told = [m["InstanceId"] for p in pages for r in p["Reservations"] for m in r["Instances"]]
    assert told == ids
    pages = list(
        ec2.get_paginator("describe_instance_status").paginate(PaginationConfig={"PageSize": 5})
    )
    assert [s["InstanceId"] for p in pages for s in p["InstanceStatuses"]] == ids
    refused(ec2.describe_instances, "InvalidParameterCombination", InstanceIds=ids, MaxResults=5)
    refused(ec2.describe_instances, "InvalidParameterValue", MaxResults=4)
    refused(ec2.describe_instances, "InvalidNextToken", NextToken="x")


def test_status_is_told_of_those_that_run_or_of_all(cloud: Cloud, ec2: Any) -> None:
    running, stopped = cloud.launch("a").id, cloud.launch("b").id
    cloud.stop(stopped)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=[running], WaiterConfig=AT_ONCE)
    told = ec2.describe_instance_status()["InstanceStatuses"]
    assert [each["InstanceId"] for each in told] == [running]
    told = ec2.describe_instance_status(
        IncludeAllInstances=True, Filters=filters(instance_state_name="stopped")
    )["InstanceStatuses"]
    assert [(each["InstanceId"], each["InstanceStatus"]["Status"]) for each in told] == [
        (stopped, "not-applicable")
    ]
