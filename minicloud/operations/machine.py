"""The moves that several operations make with one machine: its container, its addresses, its state.

Engine moves are for a step's ``do`` and ``undo``; ``record_…`` functions are for transactions.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from minicloud.domain import naming
from minicloud.domain.address import Address
from minicloud.domain.catalog import InstanceType, instance_type
from minicloud.domain.derived_ids import interface_id, volume_id
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.instance import Instance, InstanceState, StateReason
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations import membership
from minicloud.operations.definition import Run, World
from minicloud.ports.edge import Route
from minicloud.ports.engine import Container, ContainerSpec, Limits
from minicloud.ports.store import Pool, Transaction

# How long a machine may take to shut its services down before it is ended by force.
STOP_TIMEOUT_S = 30
# How long connections that were open to the earlier machine may go on after an address has moved.
MOVE_GRACE_S = 1.0


def load_instance(run: Run, instance_id: str) -> Instance:
    """The instance's record as it is now."""
    with run.world.store.read() as transaction:
        return require_instance(transaction, instance_id)


def require_instance(transaction: Transaction, instance_id: str) -> Instance:
    """The instance's record; its absence would be a defect."""
    instance = transaction.instances.get(instance_id)
    if instance is None:
        raise LookupError(f"there is no record of {instance_id}")
    return instance


def limits_of(its_type: InstanceType) -> Limits:
    """What a machine of this type is held to."""
    return Limits(its_type.vcpus, its_type.memory_mib, its_type.process_limit)


def ensure_container(run: Run, instance: Instance, image_reference: str) -> Container:
    """Make the machine's container, stopped."""
    spec = container_spec(run.world, instance, image_reference, run.operation_id)
    return run.world.engine.ensure_container(spec)


def container_spec(
    world: World, instance: Instance, image_reference: str, operation_id: str | None
) -> ContainerSpec:
    """The machine's container, made by an operation (None: by one that nobody remembers)."""
    return ContainerSpec(
        name=instance.container_name,
        image=image_reference,
        hostname=instance.hostname,
        network=naming.network_name(world.cloud_name),
        private_ip=instance.private_ip,
        limits=limits_of(instance_type(instance.type_name)),
        labels=naming.labels(world.cloud_id, instance.id, operation_id),
    )


def ensure_gone(run: Run, instance: Instance) -> None:
    """Remove the machine's container if it is there; a stranger that has its name is let be."""
    container = run.world.engine.container(instance.container_name)
    identity = naming.labels(run.world.cloud_id, instance.id)
    if container is not None and identity.items() <= container.labels.items():
        run.world.engine.ensure_removed(instance.container_name)


def target_ip(run: Run, instance_id: str | None) -> str | None:
    """Where an address of this machine leads now: nowhere unless it runs."""
    if instance_id is None:
        return None
    instance = load_instance(run, instance_id)
    return instance.private_ip if instance.state is InstanceState.RUNNING else None


def addresses_of(transaction: Transaction, instance_id: str) -> list[Address]:
    """The Elastic IPs of an instance, the one associated first first."""
    held = [a for a in transaction.addresses.all() if a.instance_id == instance_id]
    return sorted(held, key=lambda a: (a.associated_at is None, a.associated_at, a.allocation_id))


def start_and_publish(run: Run, instance: Instance) -> None:
    """Start the machine and lead its addresses to it, at the same time: both are waiting."""
    with ThreadPoolExecutor(1) as threads:
        publishing = threads.submit(publish, run, instance)
        run.world.engine.ensure_started(instance.container_name)
        publishing.result()


def withdraw_and_stop(run: Run, instance: Instance) -> None:
    """Refuse connections at the machine's addresses and shut it down, at the same time."""
    with ThreadPoolExecutor(1) as threads:
        withdrawing = threads.submit(withdraw, run, instance)
        run.world.engine.ensure_stopped(instance.container_name, STOP_TIMEOUT_S)
        withdrawing.result()


def publish(run: Run, instance: Instance) -> None:
    """Lead every address of the machine to it."""
    for slot in _public_slots(run, instance):
        route_slot(run, slot, instance.private_ip, 0)


def withdraw(run: Run, instance: Instance) -> None:
    """Refuse connections at every address of the machine, and reset those that are open."""
    for slot in _public_slots(run, instance):
        route_slot(run, slot, None, 0)


def route_slot(run: Run, slot: int, target_ip: str | None, grace_s: float) -> None:
    """Lead a public slot to a machine, or nowhere."""
    place = run.world.router.place()
    route = Route(place.public_ip(slot), target_ip, place.host_ports(slot))
    run.world.router.set_route(route, grace_s)


def forget_slot(run: Run, slot: int | None) -> None:
    """Take the route of a public slot away, if there is a slot."""
    if slot is not None:
        run.world.router.remove_route(run.world.router.place().public_ip(slot))


def _public_slots(run: Run, instance: Instance) -> list[int]:
    with run.world.store.read() as transaction:
        elastic = [address.slot for address in addresses_of(transaction, instance.id)]
    return elastic if instance.public_slot is None else [*elastic, instance.public_slot]


def record_state(
    transaction: Transaction,
    instance: Instance,
    state: InstanceState,
    at: datetime,
    operation_id: str | None,
    reason: StateReason | None = None,
) -> Instance:
    """Change the instance's state and say so in the ledger, in one."""
    changed = instance.entering(state, at, reason)
    transaction.instances.save(changed)
    append_state(transaction, changed, at, operation_id)
    return changed


def record_ending(
    transaction: Transaction, instance: Instance, at: datetime, operation_id: str
) -> None:
    """Record that a machine whose making is being undone is on its way out, if it ran."""
    if instance.state is InstanceState.RUNNING:
        record_state(transaction, instance, InstanceState.SHUTTING_DOWN, at, operation_id)


def record_running(run: Run, transaction: Transaction, _output: Json) -> None:
    """Record that the machine of the operation's input runs."""
    instance = require_instance(transaction, run.input["instance_id"])
    now = run.world.clock.now()
    record_state(transaction, instance, InstanceState.RUNNING, now, run.operation_id)


def append_state(
    transaction: Transaction, instance: Instance, at: datetime, operation_id: str | None
) -> None:
    """Say in the ledger in which state and of which type the instance is from now on."""
    transaction.ledger.append(
        LedgerEntry(
            at,
            LedgerKind.INSTANCE_STATE,
            instance.id,
            {"state": instance.state.value, "type": instance.type_name},
            operation_id,
        )
    )


def give_public_slot(run: Run, transaction: Transaction, instance: Instance, slot: int) -> Instance:
    """Record that the instance has this public slot, leased to it before, as its own address."""
    changed = replace(
        instance, public_slot=slot, public_ip=run.world.router.place().public_ip(slot)
    )
    transaction.instances.save(changed)
    return changed


def free_replacement(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    """Give back the slot that was leased for a machine about to lose its address, if one was."""
    if run.input["replacement_slot"] is not None:
        transaction.leases.free(Pool.PUBLIC, run.input["replacement_slot"])


def drop_public_slot(transaction: Transaction, instance: Instance) -> Instance:
    """Record that the instance has no address of its own any more."""
    if instance.public_slot is None:
        return instance
    transaction.leases.free(Pool.PUBLIC, instance.public_slot)
    changed = replace(instance, public_slot=None, public_ip=None)
    transaction.instances.save(changed)
    return changed


def record_disassociated(
    transaction: Transaction, address: Address, at: datetime, operation_id: str | None
) -> Address:
    """Record that the address leads nowhere."""
    loose = address.disassociated()
    transaction.addresses.save(loose)
    if address.instance_id is not None:
        _append_address(
            transaction,
            LedgerKind.ADDRESS_DISASSOCIATED,
            address,
            address.instance_id,
            at,
            operation_id,
        )
    return loose


def record_associated(
    transaction: Transaction,
    address: Address,
    instance_id: str,
    association_id: str,
    at: datetime,
    operation_id: str,
) -> None:
    """Record that the address leads to the instance, and no longer to an earlier one."""
    if address.instance_id is not None:
        address = record_disassociated(transaction, address, at, operation_id)
    transaction.addresses.save(address.associated_with(instance_id, association_id, at))
    _append_address(
        transaction, LedgerKind.ADDRESS_ASSOCIATED, address, instance_id, at, operation_id
    )


def _append_address(
    transaction: Transaction,
    kind: LedgerKind,
    address: Address,
    instance_id: str,
    at: datetime,
    operation_id: str | None,
) -> None:
    facts = {"public_ip": address.public_ip, "instance_id": instance_id}
    transaction.ledger.append(LedgerEntry(at, kind, address.allocation_id, facts, operation_id))


def record_terminated(
    transaction: Transaction,
    instance: Instance,
    at: datetime,
    operation_id: str | None,
    reason: StateReason,
) -> None:
    """Record the end of a machine: its addresses are free, its Elastic IPs lead nowhere.

    Nor is it in a target group any more; telling its balancers is the caller's.
    """
    membership.record_gone(transaction, instance.id)
    for address in addresses_of(transaction, instance.id):
        record_disassociated(transaction, address, at, operation_id)
    instance = drop_public_slot(transaction, instance)
    for resource_id in (volume_id(instance.id), interface_id(instance.id)):
        transaction.resource_tags.remove(resource_id)
    transaction.user_data.remove(instance.id)
    transaction.leases.free(Pool.PRIVATE, instance.private_slot)
    record_state(transaction, instance, InstanceState.TERMINATED, at, operation_id, reason)
