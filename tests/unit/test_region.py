"""The region that a cloud plays: set while it is empty, and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from minicloud.adapters.prices import ShippedPriceBooks
from minicloud.domain.errors import Conflict, InvalidRequest
from minicloud.domain.region import region_named, regions
from minicloud.domain.settings import Settings
from minicloud.services.prices import BookChoice
from tests.unit.cloud import Cloud


def _set_region(cloud: Cloud, name: str) -> None:
    cloud.clouds.change_settings(lambda settings: replace(settings, region=name))


def test_regions_are_those_that_there_are_prices_of() -> None:
    assert [region.name for region in regions()] == [*ShippedPriceBooks().regions()]


def test_names_follow_from_the_region() -> None:
    first, seoul = region_named("us-east-1"), region_named("ap-northeast-2")
    assert (first.zone, seoul.zone) == ("us-east-1a", "ap-northeast-2a")
    assert first.private_name("172.31.0.10") == "ip-172-31-0-10.ec2.internal"
    assert seoul.private_name("172.31.0.10") == "ip-172-31-0-10.ap-northeast-2.compute.internal"


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="mars-1"):
        Settings(region="mars-1")


def test_machines_are_in_the_regions_zone(cloud: Cloud) -> None:
    assert cloud.clouds.settings().region == "us-east-1"
    _set_region(cloud, "ap-northeast-2")
    assert cloud.launch("web").zone == "ap-northeast-2a"


def test_the_region_stays_once_there_is_something_in_it(cloud: Cloud) -> None:
    instance = cloud.launch("web")
    _set_region(cloud, "us-east-1")
    with pytest.raises(Conflict, match="the cloud has instances in us-east-1"):
        _set_region(cloud, "ap-northeast-2")
    cloud.succeed(cloud.instances.terminate(instance.id))
    with pytest.raises(Conflict):
        _set_region(cloud, "ap-northeast-2")
    assert cloud.clouds.settings().region == "us-east-1"


def test_an_address_keeps_the_region_and_a_released_one_does_not(cloud: Cloud) -> None:
    address = cloud.allocate()
    with pytest.raises(Conflict, match="addresses"):
        _set_region(cloud, "ap-northeast-2")
    cloud.succeed(cloud.addresses.release(address.allocation_id))
    _set_region(cloud, "ap-northeast-2")
    assert cloud.clouds.settings().region == "ap-northeast-2"


def test_prices_are_the_regions_unless_another_is_asked_for(cloud: Cloud) -> None:
    assert cloud.prices.book(BookChoice()).region == "us-east-1"
    _set_region(cloud, "ap-northeast-2")
    assert cloud.prices.book(BookChoice()).region == "ap-northeast-2"
    assert cloud.prices.book(BookChoice("us-east-1")).region == "us-east-1"
