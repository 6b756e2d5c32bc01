"""What is true of every cloud in which no operation is under way, whatever was done to it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from minicloud.adapters.nginx.document import as_json
from minicloud.domain import naming
from minicloud.domain.address import Address
from minicloud.domain.balancer import Balancer, BalancerState
from minicloud.domain.catalog import instance_type
from minicloud.domain.image import Image, ImageState
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.listener import Listener
from minicloud.domain.network import Place
from minicloud.domain.rule import Rule
from minicloud.domain.target import Registration, Target
from minicloud.domain.target_group import TargetGroup
from minicloud.operations.machine import limits_of
from minicloud.ports.balancer_plane import TargetMode
from minicloud.services.balancer_document import document_of
from minicloud.services.infrastructure import settled_routes
from minicloud.services.taggable import find_tags
from tests.fakes.builder import SEAL_SCRIPT
from tests.unit.cloud import Cloud
from tests.unit.stores import CLOUD_ID

CLOUD_LABELS = {naming.CLOUD_LABEL: CLOUD_ID}


@dataclass(frozen=True)
class Records:
    """Everything a cloud has on record."""

    instances: list[Instance]
    images: list[Image]
    addresses: list[Address]
    entries: list[LedgerEntry]
    balancers: list[Balancer]
    groups: list[TargetGroup]
    targets: list[Target]
    listeners: list[Listener]
    rules: list[Rule]

    @property
    def live(self) -> list[Instance]:
        return [instance for instance in self.instances if instance.is_live]

    def addresses_of(self, instance: Instance) -> list[Address]:
        return [a for a in self.addresses if a.instance_id == instance.id]


def records_of(cloud: Cloud) -> Records:
    with cloud.store.read() as transaction:
        return Records(
            list(transaction.instances.all()),
            list(transaction.images.all()),
            list(transaction.addresses.all()),
            list(transaction.ledger.entries()),
            list(transaction.balancers.all()),
            list(transaction.target_groups.all()),
            list(transaction.targets.all()),
            list(transaction.listeners.all()),
            list(transaction.rules.all()),
        )


def check(cloud: Cloud, *, are_names_unique: bool = True) -> None:
    """Hold a cloud at rest to all of it; on the AWS wire, names need not be unique."""
    records = records_of(cloud)
    _nothing_is_under_way(cloud)
    _containers_are_as_recorded(cloud, records)
    _images_are_as_recorded(cloud, records)
    _public_addresses_follow_the_rules(cloud, records)
    _routes_are_settled(cloud)
    _leases_are_held_by_their_holders(cloud, records)
    _ledger_tells_the_present(cloud, records)
    _balancing_records_are_whole(records)
    balancers_follow_the_records(cloud, records)
    _tags_are_of_what_is_there(cloud)
    names = [instance.name for instance in records.live if instance.name]
    assert len(names) == len(set(names)) or not are_names_unique, names


def _tags_are_of_what_is_there(cloud: Cloud) -> None:
    with cloud.store.read() as transaction:
        for kept in transaction.resource_tags.all():
            assert find_tags(transaction, kept.resource_id) == kept.tags != {}


def snapshot(cloud: Cloud) -> dict[str, object]:
    """What a user can see, and what the world holds: for "as it was before"."""
    records = records_of(cloud)
    return {
        "instances": {
            i.id: (i.state, i.type_name, i.private_ip, dict(i.tags), i.termination_protection)
            for i in records.live
        },
        "own addresses": {i.id: i.public_slot is not None for i in records.live},
        "running on": {
            i.id: i.public_slot for i in records.live if i.state is InstanceState.RUNNING
        },
        "images": {i.id: i for i in records.images if i.is_live},
        "addresses": {a.allocation_id: a for a in records.addresses},
        "containers": containers_of(cloud),
        "engine images": {image.references for image in cloud.engine.images(CLOUD_LABELS)},
        "routes": cloud.edge.seen(),
        "balancing": (
            records.balancers,
            records.groups,
            {listener.id: listener for listener in records.listeners},
            {rule.id: rule for rule in records.rules},
            {target.id: target for target in records.targets},
        ),
        "balancers follow": cloud.plane.seen(),
        "leases": set(cloud.rows("SELECT pool, slot, holder FROM leases")),
    }


def containers_of(cloud: Cloud) -> dict[str, bool]:
    """Which containers there are, and whether each is up."""
    return {c.name: c.is_up for c in cloud.engine.containers(CLOUD_LABELS)}


def _nothing_is_under_way(cloud: Cloud) -> None:
    with cloud.store.read() as transaction:
        assert transaction.operations.unfinished() == []
        assert transaction.claims.held() == frozenset()
        for operation in transaction.operations.all():
            assert operation.waiting_for is None, operation


def _containers_are_as_recorded(cloud: Cloud, records: Records) -> None:
    at_rest = {InstanceState.RUNNING, InstanceState.STOPPED}
    assert {instance.state for instance in records.live} <= at_rest
    assert containers_of(cloud) == {
        i.container_name: i.state is InstanceState.RUNNING for i in records.live
    }
    for instance in records.live:
        limits = limits_of(instance_type(instance.type_name))
        assert cloud.engine.limits(instance.container_name) == limits


def _images_are_as_recorded(cloud: Cloud, records: Records) -> None:
    at_rest = {ImageState.AVAILABLE, ImageState.FAILED, ImageState.DEREGISTERED}
    assert {image.state for image in records.images} <= at_rest
    own = {
        i.reference for i in records.images if i.state is ImageState.AVAILABLE and i.recipe is None
    }
    kept = {name for image in cloud.engine.images(CLOUD_LABELS) for name in image.references}
    assert kept == own
    sealed = {i.reference for i in records.images if i.source_image_id is None} & own
    for reference in sealed:
        assert cloud.engine.sealed_with(reference)[-1] == SEAL_SCRIPT


def _public_addresses_follow_the_rules(cloud: Cloud, records: Records) -> None:
    for instance in records.instances:
        elastic = records.addresses_of(instance)
        has_own = instance.public_slot is not None
        if instance.state is InstanceState.RUNNING:
            assert has_own != bool(elastic), (instance, elastic)
        else:
            assert not has_own, instance
        assert has_own == (instance.public_ip is not None)
        if not instance.is_live:
            assert not elastic
        if instance.public_slot is not None:
            place = cloud.infrastructure.place()
            assert instance.public_ip == place.public_ip(instance.public_slot)


def _routes_are_settled(cloud: Cloud) -> None:
    with cloud.store.read() as transaction:
        number = transaction.cloud().place
        settled = [] if number is None else settled_routes(transaction, Place(number))
    assert cloud.edge.seen() == {route.public_ip: route for route in settled}


def _leases_are_held_by_their_holders(cloud: Cloud, records: Records) -> None:
    held = {
        *(("private", i.private_slot, i.id) for i in records.live),
        *(("public", i.public_slot, i.id) for i in records.live if i.public_slot is not None),
        *(("public", a.slot, a.allocation_id) for a in records.addresses),
        *(("private", b.private_slot, b.id) for b in records.balancers),
        *(("public", b.public_slot, b.id) for b in records.balancers),
    }
    assert set(cloud.rows("SELECT pool, slot, holder FROM leases")) == held


def _ledger_tells_the_present(cloud: Cloud, records: Records) -> None:
    told: dict[str, list[LedgerEntry]] = defaultdict(list)
    for entry in records.entries:
        told[entry.resource_id].append(entry)
    for instance in records.instances:
        _instance_ledger_is_lawful(instance, told[instance.id])
    open_now = {(u.what, u.resource_id, u.detail) for u in cloud.ledger.usage() if not u.ended_at}
    assert open_now == {
        *(
            ("instance running", i.id, i.type_name)
            for i in records.live
            if i.state is InstanceState.RUNNING
        ),
        *(("address allocated", a.allocation_id, a.public_ip) for a in records.addresses),
        *(
            ("address associated", a.allocation_id, a.instance_id)
            for a in records.addresses
            if a.instance_id
        ),
        *(
            ("image kept", i.id, i.name)
            for i in records.images
            if i.state is ImageState.AVAILABLE and i.recipe is None
        ),
        *(("balancer", b.id, b.name) for b in records.balancers),
    }


def _balancing_records_are_whole(records: Records) -> None:
    assert {balancer.state for balancer in records.balancers} <= {BalancerState.ACTIVE}
    balancers = {balancer.id for balancer in records.balancers}
    listeners = {listener.id for listener in records.listeners}
    groups = {group.id for group in records.groups}
    assert {listener.balancer_id for listener in records.listeners} <= balancers
    assert {rule.listener_id for rule in records.rules} <= listeners
    assert {target.group_id for target in records.targets} <= groups
    assert {target.instance_id for target in records.targets} <= {i.id for i in records.live}
    for target in records.targets:
        # Nobody is at work, so nobody holds anything.
        at_rest = (Registration.REGISTERED, None, None)
        assert (target.registration, target.held_by, target.drain_until) == at_rest, target


def balancers_follow_the_records(cloud: Cloud, records: Records) -> None:
    with cloud.store.read() as transaction:
        documents = {b.container_name: document_of(transaction, b) for b in records.balancers}
    assert cloud.plane.seen() == {name: as_json(told) for name, told in documents.items()}
    running = {i.id for i in records.live if i.state is InstanceState.RUNNING}
    for balancer in records.balancers:
        ports = {each.port for each in records.listeners if each.balancer_id == balancer.id}
        told = cloud.plane.seen()[balancer.container_name]
        assert told is not None
        assert {listener["port"] for listener in told["listeners"]} == ports
        known = {group["id"] for group in told["groups"]}
        assert cloud.plane.modes(balancer.container_name) == {
            target.id: TargetMode.ACTIVE if target.instance_id in running else TargetMode.HELD
            for target in records.targets
            if target.group_id in known
        }


def _instance_ledger_is_lawful(instance: Instance, entries: list[LedgerEntry]) -> None:
    states = [e for e in entries if e.kind is LedgerKind.INSTANCE_STATE]
    times = [entry.at for entry in states]
    assert times == sorted(times), f"the ledger of {instance.id} goes back in time"
    walking = _newborn(instance)
    assert states[0].facts["state"] == InstanceState.PENDING
    for entry in states[1:]:
        walking = walking.entering(InstanceState(entry.facts["state"]), entry.at)
    assert walking.state is instance.state
    assert states[-1].at == instance.state_changed_at


def running_s(cloud: Cloud, instance_id: str, now: datetime) -> float:
    """How long the machine ran, added up from its states alone."""
    total_s, since = 0.0, None
    for entry in records_of(cloud).entries:
        if entry.resource_id != instance_id or entry.kind is not LedgerKind.INSTANCE_STATE:
            continue
        if since is not None:
            total_s += (entry.at - since).total_seconds()
        since = entry.at if entry.facts["state"] == InstanceState.RUNNING else None
    return total_s if since is None else total_s + (now - since).total_seconds()


def _newborn(instance: Instance) -> Instance:
    return Instance(
        id=instance.id,
        image_id=instance.image_id,
        type_name=instance.type_name,
        state=InstanceState.PENDING,
        private_ip=instance.private_ip,
        private_slot=instance.private_slot,
        container_name=instance.container_name,
        zone=instance.zone,
        launched_at=datetime.fromtimestamp(0, UTC),
    )
