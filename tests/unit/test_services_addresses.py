"""What can be asked of Elastic IPs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from minicloud.domain.errors import CapacityExceeded, Conflict, NotFound
from tests.unit import invariants
from tests.unit.cloud import Cloud


def test_five_addresses_are_the_limit_until_it_is_raised(cloud: Cloud) -> None:
    for _ in range(5):
        cloud.allocate()
    with pytest.raises(CapacityExceeded, match=r"AddressLimitExceeded.*limit is 5"):
        cloud.addresses.allocate(None, {})
    cloud.clouds.change_settings(lambda settings: replace(settings, address_limit=6))
    cloud.allocate()
    invariants.check(cloud)


def test_an_address_that_leads_nowhere_is_refused_not_silent(cloud: Cloud) -> None:
    assert cloud.edge.target(cloud.allocate().public_ip) is None


def test_an_address_is_found_by_id_ip_and_name(cloud: Cloud) -> None:
    address = cloud.allocate("front")
    for ref in (address.allocation_id, address.public_ip, "front"):
        assert cloud.addresses.show(ref) == address
    with pytest.raises(NotFound, match=r"InvalidAllocationID\.NotFound"):
        cloud.addresses.show("127.31.0.99")
    with pytest.raises(Conflict, match=r"InvalidAddressName\.Duplicate"):
        cloud.addresses.allocate("front", {})


def test_associating_again_with_the_same_machine_does_nothing(cloud: Cloud) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    cloud.associate(address, machine)
    before = cloud.addresses.show(address.allocation_id)
    assert cloud.addresses.associate(address.public_ip, "web", reassociation_allowed=False) == []
    assert cloud.addresses.show(address.allocation_id) == before


def test_an_elastic_ip_takes_the_place_of_the_machines_own(cloud: Cloud) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    cloud.associate(address, machine)
    assert machine.public_ip not in cloud.edge.seen()
    assert cloud.edge.target(address.public_ip) == machine.private_ip
    cloud.succeed(cloud.addresses.disassociate(address.public_ip))
    assert cloud.edge.target(address.public_ip) is None
    fresh = cloud.public_ip("web")
    assert fresh not in {None, machine.public_ip, address.public_ip}
    assert cloud.edge.target(fresh or "") == machine.private_ip
    invariants.check(cloud)


def test_an_address_moves_only_when_that_is_allowed(cloud: Cloud) -> None:
    one, two = cloud.launch("one"), cloud.launch("two")
    address = cloud.allocate()
    cloud.associate(address, one)
    with pytest.raises(Conflict, match=r"Resource\.AlreadyAssociated"):
        cloud.addresses.associate(address.public_ip, "two", reassociation_allowed=False)
    invariants.check(cloud)
    cloud.associate(address, two)
    assert cloud.edge.target(address.public_ip) == two.private_ip
    assert cloud.public_ip(one) not in {None, address.public_ip}
    invariants.check(cloud)


def test_a_machine_that_loses_one_of_two_addresses_gets_no_other(cloud: Cloud) -> None:
    machine, first, second = cloud.launch(), cloud.allocate(), cloud.allocate()
    cloud.associate(first, machine)
    cloud.associate(second, machine)
    cloud.succeed(cloud.addresses.disassociate(first.public_ip))
    assert cloud.public_ip(machine) == second.public_ip
    invariants.check(cloud)


def test_an_address_given_to_a_stopped_machine_waits_for_its_start(cloud: Cloud) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    cloud.stop("web")
    cloud.associate(address, "web")
    assert cloud.edge.target(address.public_ip) is None
    cloud.start("web")
    assert cloud.edge.target(address.public_ip) == machine.private_ip
    invariants.check(cloud)


def test_an_address_in_use_is_not_released_and_a_loose_one_not_disassociated(cloud: Cloud) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    with pytest.raises(NotFound, match=r"InvalidAssociationID\.NotFound"):
        cloud.addresses.disassociate(address.public_ip)
    cloud.associate(address, machine)
    with pytest.raises(Conflict, match=r"InvalidIPAddress\.InUse"):
        cloud.addresses.release(address.public_ip)
    invariants.check(cloud)
    cloud.succeed(cloud.addresses.disassociate(address.public_ip))
    cloud.succeed(cloud.addresses.release(address.public_ip))
    assert address.public_ip not in cloud.edge.seen()
    with pytest.raises(NotFound):
        cloud.addresses.show(address.allocation_id)
    invariants.check(cloud)


def test_termination_frees_the_association_and_keeps_the_address(cloud: Cloud) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    cloud.associate(address, machine)
    cloud.succeed(cloud.instances.terminate("web"))
    assert cloud.addresses.show(address.allocation_id).instance_id is None
    assert cloud.edge.target(address.public_ip) is None
    invariants.check(cloud)


def test_a_terminated_machine_gets_no_address(cloud: Cloud) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    cloud.succeed(cloud.instances.terminate("web"))
    with pytest.raises(Conflict, match="IncorrectInstanceState"):
        cloud.addresses.associate(address.public_ip, machine.id, reassociation_allowed=True)
    invariants.check(cloud)


def test_an_edge_that_was_removed_is_mended_by_whoever_meets_it_missing(cloud: Cloud) -> None:
    machine, address = cloud.launch(), cloud.allocate()
    other = cloud.launch("other")
    cloud.edge.lose()
    cloud.associate(address, machine)
    assert cloud.edge.target(other.public_ip or "") == other.private_ip
    invariants.check(cloud)
