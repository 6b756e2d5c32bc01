"""The cloud as a whole: where it lies, how it stands, and taking it away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from minicloud.domain import naming
from minicloud.domain.errors import (
    CapacityExceeded,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    Unavailable,
)
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.instance import InstanceState
from minicloud.domain.network import PLACES, Place
from minicloud.ports.balancer_plane import BalancerSpec
from minicloud.ports.edge import EdgeMode
from minicloud.ports.engine import NetworkSpec
from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.stores import CLOUD_ID, CLOUD_NAME


@pytest.fixture
def bare() -> Iterator[Cloud]:
    """A cloud that has not built anything."""
    cloud = Cloud()
    yield cloud
    cloud.close()


def _occupy(cloud: Cloud, number: int) -> None:
    place = Place(number)
    cloud.engine.ensure_network(
        NetworkSpec(f"other-{number}", f"br{number}", str(place.subnet), place.gateway, {})
    )


def test_a_cloud_takes_the_first_place_that_is_free(cloud: Cloud) -> None:
    _occupy(cloud, 0)
    _occupy(cloud, 1)
    assert cloud.launch().private_ip == "172.31.32.10"
    assert cloud.edge.spec is not None
    assert cloud.edge.spec.public_block == "127.31.32.0/20"
    invariants.check(cloud)


def test_a_cloud_that_finds_no_place_says_so_and_holds_none(cloud: Cloud) -> None:
    for number in range(PLACES):
        _occupy(cloud, number)
    with pytest.raises(CapacityExceeded, match="all 16 subnets"):
        cloud.launch()
    with cloud.store.read() as transaction:
        assert transaction.cloud().place is None


def test_a_place_that_was_journalled_and_not_made_is_given_up_if_it_is_taken(cloud: Cloud) -> None:
    cloud.engine.fail_next("ensure_network", EngineUnreachable("it died"))
    with pytest.raises(EngineUnreachable):
        cloud.launch()
    _occupy(cloud, 0)
    cloud.restart()
    assert cloud.launch().private_ip == "172.31.16.10"
    invariants.check(cloud)


def test_a_place_that_machines_lie_in_is_never_given_up(cloud: Cloud) -> None:
    machine = cloud.launch()
    cloud.succeed(cloud.instances.stop("web"))
    cloud.engine.remove_network(naming.network_name(CLOUD_NAME))
    _occupy(cloud, 0)
    cloud.restart()
    with pytest.raises(Conflict, match="SubnetTaken"):
        cloud.instances.start("web")
    assert cloud.instances.show("web").private_ip == machine.private_ip
    with cloud.store.read() as transaction:
        assert transaction.cloud().place == 0


def test_without_its_edge_image_a_cloud_launches_nothing_and_says_what_to_do(bare: Cloud) -> None:
    with pytest.raises(Unavailable) as caught:
        bare.infrastructure.ready()
    assert caught.value.code == "EdgeImageMissing"
    assert "minicloud image build" in caught.value.resolution


def test_the_edges_mode_is_kept_and_limits_the_addresses(cloud: Cloud) -> None:
    cloud.edge.mode = EdgeMode.PUBLISHED
    cloud.host_ports.busy = set(range(20000, 30000))
    cloud.clouds.change_settings(lambda settings: replace(settings, address_limit=100))
    for _ in range(32):
        cloud.allocate()
    with pytest.raises(CapacityExceeded, match="all 32 public"):
        cloud.addresses.allocate(None, {})
    assert cloud.clouds.status().cloud.edge_mode == "published"


def test_status_counts_what_there_is_with_and_without_an_engine(cloud: Cloud) -> None:
    cloud.launch("one", "t3.small")
    cloud.launch("two")
    cloud.stop("two")
    cloud.allocate()
    status = cloud.clouds.status()
    assert status.instance_counts == {InstanceState.RUNNING: 1, InstanceState.STOPPED: 1}
    assert (status.image_count, status.address_count, status.operations_running) == (2, 1, 0)
    capacity = status.capacity
    assert capacity is not None
    assert (capacity.vcpus_used, capacity.vcpus_limit) == (2, 32)
    assert (capacity.memory_mib_used, capacity.memory_mib_limit) == (2048, 16384)
    cloud.engine.vanish()
    status = cloud.clouds.status()
    assert status.capacity is None
    assert isinstance(status.engine_error, EngineUnreachable)
    assert status.address_count == 1


def test_settings_that_are_refused_change_nothing(cloud: Cloud) -> None:
    before = cloud.clouds.settings()
    with pytest.raises(InvalidRequest):
        cloud.clouds.change_settings(lambda settings: replace(settings, cpu_overcommit=0))
    assert cloud.clouds.settings() == before


@pytest.mark.parametrize("with_built_images", [True, False])
def test_a_purge_takes_all_that_is_this_clouds_and_nothing_else(
    cloud: Cloud, with_built_images: bool
) -> None:
    cloud.launch()
    cloud.create_image("web", "golden")
    cloud.launch("copy", "t3.nano", image="golden")
    cloud.allocate()
    cloud.balance("front", "web")
    cloud.engine.add_stranger("postgres")
    said: list[str] = []

    cloud.clouds.purge(said.append, with_built_images=with_built_images)

    labels = {naming.CLOUD_LABEL: CLOUD_ID}
    assert cloud.engine.containers(labels) == []
    assert cloud.engine.images(labels) == []
    assert cloud.engine.networks() == {}
    assert cloud.edge.spec is None
    assert cloud.plane.seen() == {}
    assert cloud.engine.container("postgres") is not None
    for recipe in ("web", "balancer"):
        is_kept = cloud.engine.image(cloud.builder.reference(recipe)) is not None
        assert is_kept is not with_built_images
    assert sum(line.startswith("removed minicloud-") for line in said) == 3


def test_a_purge_takes_balancers_that_the_records_have_lost(cloud: Cloud) -> None:
    cloud.launch()
    lost = make_id(IdKind.BALANCER, "0" * 17)
    name = naming.container_name(CLOUD_NAME, lost)
    labels = naming.labels(CLOUD_ID, lost)
    cloud.engine.add_leftover(name, cloud.builder.reference("balancer"), labels)
    spec = BalancerSpec(name, "i", "n", "172.31.0.99", labels)
    cloud.plane.ensure(spec)
    cloud.clouds.purge(lambda _line: None, with_built_images=False)
    assert not cloud.plane.is_there(spec)
    assert cloud.engine.container(name) is None


def test_a_place_that_a_balancer_lies_in_is_never_given_up(cloud: Cloud) -> None:
    cloud.balance("front")
    cloud.engine.remove_network(naming.network_name(CLOUD_NAME))
    _occupy(cloud, 0)
    cloud.restart()
    with pytest.raises(Conflict, match="SubnetTaken"):
        cloud.launch()
