"""Elastic IPs: allocate, associate, disassociate, release."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from minicloud.domain.address import Address, require_room_for_address
from minicloud.domain.errors import Conflict
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.tags import NAME_KEY, shown, validate_name, validate_plain_tags
from minicloud.operations import (
    allocate_address,
    associate_address,
    disassociate_address,
    machine,
    release_address,
)
from minicloud.operations.allocate_address import require_address
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.store import Transaction
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.public_slots import PublicSlots
from minicloud.services.resolve import find_address, find_instance


class AddressService:
    """Everything that can be asked of Elastic IPs."""

    def __init__(
        self, world: World, runner: Runner, infrastructure: Infrastructure, slots: PublicSlots
    ) -> None:
        self._world = world
        self._runner = runner
        self._infrastructure = infrastructure
        self._slots = slots

    def allocate(self, name: str | None, tags: Mapping[str, str]) -> tuple[Address, Operation]:
        """Allocate an address; ``AddressLimitExceeded`` past the limit.

        A ``name`` is its alone; a tag ``Name`` among ``tags`` may be any text, as on EC2.
        """
        if name is not None:
            tags = {**tags, NAME_KEY: validate_name(name)}
        checked = validate_plain_tags(tags)
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()
        allocation_id = make_id(IdKind.ALLOCATION, secrets.token_hex(9))
        made: list[Address] = []

        def begin(transaction: Transaction, _operation_id: str) -> Json:
            allocated = transaction.addresses.all()
            require_room_for_address(len(allocated), transaction.settings().address_limit)
            _require_free_name(allocated, name)
            slot = self._slots.take(transaction, allocation_id, shut_out)
            address = Address(
                allocation_id=allocation_id,
                public_ip=self._infrastructure.place().public_ip(slot),
                slot=slot,
                allocated_at=self._world.clock.now(),
                tags=checked,
            )
            transaction.addresses.add(address)
            made.append(address)
            return {"allocation_id": allocation_id, "slot": slot}

        operation = self._runner.submit(allocate_address.KIND, allocation_id, begin)
        # As it was then: by now the operation may have failed, and the record with it.
        return made[0], operation

    def list_all(self) -> Sequence[Address]:
        """Every allocated address, oldest first."""
        with self._world.store.read() as transaction:
            return transaction.addresses.all()

    def show(self, ref: str) -> Address:
        """The address of this allocation id, public IP or name."""
        with self._world.store.read() as transaction:
            return find_address(transaction, ref)

    def associate(
        self,
        ref: str,
        instance_ref: str,
        *,
        reassociation_allowed: bool,
        takes_all_places: bool = False,
    ) -> list[Operation]:
        """Lead the address to a machine; nothing to do where it leads there, as on EC2.

        With ``takes_all_places`` the machine's other Elastic IPs lead nowhere from then on: on EC2
        a machine's private address has one public address.
        """
        with self._world.store.read() as transaction:
            address = find_address(transaction, ref)
            instance = find_instance(transaction, instance_ref)
        if address.instance_id == instance.id:
            return []
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()

        def begin(transaction: Transaction, operation_id: str) -> Json:
            fresh = require_address(transaction, address.allocation_id)
            fresh.require_movable_to(instance.id, reassociation_allowed=reassociation_allowed)
            target = machine.require_instance(transaction, instance.id)
            target.require_state(
                "be given an address", InstanceState.RUNNING, InstanceState.STOPPED
            )
            replacement = None
            if fresh.instance_id is not None:
                transaction.claims.take([fresh.instance_id], operation_id)
                losing = machine.require_instance(transaction, fresh.instance_id)
                replacement = self._replacement(transaction, losing, fresh, shut_out)
            held = machine.addresses_of(transaction, instance.id) if takes_all_places else []
            others = [each for each in held if each.allocation_id != fresh.allocation_id]
            transaction.claims.take([other.allocation_id for other in others], operation_id)
            return {
                "allocation_id": fresh.allocation_id,
                "slot": fresh.slot,
                "displaced": [_whose_place_is_taken(other) for other in others],
                "instance_id": instance.id,
                "association_id": make_id(IdKind.ASSOCIATION, secrets.token_hex(9)),
                "previous_instance_id": fresh.instance_id,
                "replacement_slot": replacement,
            }

        return [
            self._runner.submit(associate_address.KIND, address.allocation_id, begin, [instance.id])
        ]

    def disassociate(self, ref: str) -> list[Operation]:
        """Let the address lead nowhere; ``InvalidAssociationID.NotFound`` where it already does."""
        address = self.show(ref)
        address.require_associated()
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()

        def begin(transaction: Transaction, operation_id: str) -> Json:
            fresh = require_address(transaction, address.allocation_id)
            instance_id = fresh.require_associated()
            transaction.claims.take([instance_id], operation_id)
            losing = machine.require_instance(transaction, instance_id)
            return {
                "allocation_id": fresh.allocation_id,
                "slot": fresh.slot,
                "instance_id": instance_id,
                "replacement_slot": self._replacement(transaction, losing, fresh, shut_out),
            }

        return [self._runner.submit(disassociate_address.KIND, address.allocation_id, begin)]

    def release(self, ref: str) -> list[Operation]:
        """Give the address back; ``InvalidIPAddress.InUse`` while it is associated."""
        address = self.show(ref)
        self._infrastructure.ready()

        def begin(transaction: Transaction, _operation_id: str) -> Json:
            fresh = require_address(transaction, address.allocation_id)
            if fresh.instance_id is not None:
                raise Conflict(
                    "InvalidIPAddress.InUse",
                    f"{fresh.public_ip} is associated with {fresh.instance_id}",
                    f"first: minicloud address disassociate {fresh.public_ip}",
                )
            return {"allocation_id": fresh.allocation_id, "slot": fresh.slot}

        return [self._runner.submit(release_address.KIND, address.allocation_id, begin)]

    def _replacement(
        self,
        transaction: Transaction,
        losing: Instance,
        lost: Address,
        shut_out: frozenset[int],
    ) -> int | None:
        """An own address for a running machine that is about to lose its last one."""
        others = [
            address
            for address in machine.addresses_of(transaction, losing.id)
            if address.allocation_id != lost.allocation_id
        ]
        if others or losing.public_slot is not None or losing.state is not InstanceState.RUNNING:
            return None
        return self._slots.take(transaction, losing.id, shut_out)


def _whose_place_is_taken(address: Address) -> Json:
    return {"allocation_id": address.allocation_id, "slot": address.slot}


def _require_free_name(allocated: Sequence[Address], name: str | None) -> None:
    for address in allocated:
        if name is not None and address.name == name:
            raise Conflict(
                "InvalidAddressName.Duplicate",
                f"address {address.public_ip} is already called {shown(name)}",
                "choose another name, or release that address",
            )
