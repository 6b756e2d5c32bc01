"""Apache Libcloud's drivers of EC2 (either signature) and of load balancers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.aws.account import Account

libcloud = pytest.importorskip("libcloud", reason="Libcloud is not installed: make test-clients")

from libcloud.compute.base import Node, NodeImage  # noqa: E402
from libcloud.compute.drivers.ec2 import EC2NodeDriver  # noqa: E402
from libcloud.compute.types import NodeState  # noqa: E402
from libcloud.loadbalancer.base import Member  # noqa: E402
from libcloud.loadbalancer.drivers.alb import ApplicationLBDriver  # noqa: E402


def _keys(account: Account) -> tuple[str, str]:
    environment = account.environment
    return environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]


def _compute(account: Account, **settings: Any) -> Any:
    """Libcloud's driver; it signs as it does by default, without a credential scope."""
    place = urlsplit(account.url)
    return EC2NodeDriver(
        *_keys(account),
        secure=False,
        host=place.hostname,
        port=place.port,
        region=account.environment["AWS_REGION"],
        **settings,
    )


def _balancers(account: Account) -> Any:
    """Libcloud's driver, which has no setting for where its service is: what connects to it has."""
    driver = ApplicationLBDriver(*_keys(account), region=account.environment["AWS_REGION"])
    place = urlsplit(account.url)
    connection = driver.connection
    connection.secure, connection.host, connection.port = False, place.hostname, place.port
    connection.connect()
    return driver


@pytest.mark.parametrize("settings", [{}, {"signature_version": "4"}], ids=["default", "v4"])
def test_a_node_is_created_listed_stopped_started_and_destroyed(
    account: Account, settings: dict[str, str]
) -> None:
    driver = _compute(account, **settings)
    assert [zone.name for zone in driver.list_locations()] == ["us-east-1a"]
    image = next(i for i in driver.list_images(ex_owner="amazon") if i.name == "web")
    size = next(size for size in driver.list_sizes() if size.id == "t3.nano")
    node = driver.create_node(
        name="lib", image=image, size=size, ex_metadata={"team": "blue"}, ex_mincount=1
    )
    ((running, addresses),) = driver.wait_until_running([node], wait_period=0.5)
    assert running.state == NodeState.RUNNING
    assert "Hello" in account.live.page(f"http://{addresses[0]}/")

    driver.ex_create_tags(running, {"stage": "test"})
    listed = _node(driver, node)
    assert (listed.name, listed.extra["instance_type"]) == ("lib", "t3.nano")
    assert {"team": "blue", "stage": "test"}.items() <= listed.extra["tags"].items()

    assert driver.reboot_node(listed)
    assert driver.stop_node(listed)
    account.live.eventually(lambda: _node(driver, node).state == NodeState.STOPPED, "its stop")
    assert driver.start_node(listed)
    driver.wait_until_running([listed], wait_period=0.5)

    address = driver.ex_allocate_address(domain="vpc")
    driver.ex_associate_address_with_node(listed, address, domain="vpc")
    assert "Hello" in account.live.page(f"http://{address.ip}/")
    held = next(a for a in driver.ex_describe_all_addresses() if a.ip == address.ip)
    driver.ex_disassociate_address(held, domain="vpc")
    driver.ex_release_address(address, domain="vpc")

    copy = driver.create_image(listed, "lib-1.0")
    account.live.eventually(lambda: _state(driver, copy) == "available", "the image")
    assert driver.delete_image(copy)
    assert driver.destroy_node(listed)
    account.live.eventually(lambda: account.live.json("instance", "list") == [], "its end")


def _node(driver: Any, node: Node) -> Any:
    return driver.list_nodes(ex_node_ids=[node.id])[0]


def _state(driver: Any, image: NodeImage) -> str:
    return str(driver.get_image(image.id).extra["state"])


def test_a_balancer_is_created_and_told_of(account: Account) -> None:
    balancers = _balancers(account)
    machine = account.live.launch("behind", image="web")
    ec2 = account.client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    made = balancers.create_balancer(
        name="front",
        port=80,
        protocol="HTTP",
        algorithm=None,
        members=[Member(machine["id"], None, 80)],
        # Its default is an empty value, which AWS refuses, too.
        ex_scheme="internet-facing",
        ex_subnets=subnets,
        ex_tags={"team": "blue"},
    )
    (listed,) = balancers.list_balancers()
    assert (listed.id, listed.name, listed.port) == (made.id, "front", 80)
    assert listed.extra["tags"]["team"] == "blue"
    (rule,) = listed.extra["listeners"][0].rules
    assert [member.id for member in rule.target_group.members] == [machine["id"]]
    assert "Hello" in account.live.page(f"http://{listed.ip}/")
