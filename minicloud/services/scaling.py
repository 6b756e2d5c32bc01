"""Scaling up: a better machine takes the place, the name and the addresses of another."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from minicloud.domain import naming
from minicloud.domain.capacity import require_capacity
from minicloud.domain.catalog import InstanceType, instance_type
from minicloud.domain.derived_ids import reservation_id
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.image import Image, ImageState, validate_image_name
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.tags import NAME_KEY, is_name
from minicloud.operations import machine, membership, scale_up
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.store import Pool, Transaction
from minicloud.services.capacity import placed_types
from minicloud.services.images import require_free_image_name
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.instances import InstanceService
from minicloud.services.public_slots import PublicSlots


@dataclass(frozen=True)
class ScaleUpRequest:
    """Which machine to replace by one of which type. ``image_name`` None: one is made up."""

    instance: str
    type_name: str
    image_name: str | None = None
    reboot: bool = True


class ScalingService:
    """Everything that makes a service's machines bigger."""

    def __init__(
        self,
        world: World,
        runner: Runner,
        infrastructure: Infrastructure,
        slots: PublicSlots,
        instances: InstanceService,
    ) -> None:
        self._world = world
        self._runner = runner
        self._infrastructure = infrastructure
        self._slots = slots
        self._instances = instances

    def scale_up(self, request: ScaleUpRequest) -> list[Operation]:
        """Replace a running machine by one of another type, launched from its image."""
        wanted = instance_type(request.type_name)
        old_id = self._instances.show(request.instance).id
        new_id = make_id(IdKind.INSTANCE, secrets.token_hex(9))
        image_id = make_id(IdKind.IMAGE, secrets.token_hex(9))
        host = self._instances.capacity.host()
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()

        def begin(transaction: Transaction, operation_id: str) -> Json:
            old = machine.require_instance(transaction, old_id)
            _require_scalable(old, wanted)
            placed = placed_types(transaction.instances.all())
            if request.reboot:
                placed.remove(instance_type(old.type_name))
            require_capacity(host, transaction.settings(), placed, wanted)
            addresses = machine.addresses_of(transaction, old_id)
            transaction.claims.take(
                [new_id, image_id, *(a.allocation_id for a in addresses)], operation_id
            )
            if request.reboot:
                real_now = self._world.clock.real.now()
                membership.record_held(transaction, old_id, operation_id, real_now)
            image = self._record_image(transaction, image_id, old, request)
            new = self._record_new(transaction, new_id, old, wanted, image, operation_id)
            if not addresses:
                slot = self._slots.take(transaction, new_id, shut_out)
                machine_ip = self._infrastructure.place().public_ip(slot)
                transaction.instances.save(replace(new, public_slot=slot, public_ip=machine_ip))
            return {
                "old_instance_id": old_id,
                "new_instance_id": new_id,
                "image_id": image_id,
                "image_reference": image.reference,
                "from_type": old.type_name,
                "to_type": wanted.name,
                "must_stop": request.reboot,
                "slots": [address.slot for address in addresses],
                "associations": {
                    address.allocation_id: make_id(IdKind.ASSOCIATION, secrets.token_hex(9))
                    for address in addresses
                },
            }

        return [self._runner.submit(scale_up.KIND, old_id, begin)]

    def _record_image(
        self, transaction: Transaction, image_id: str, old: Instance, request: ScaleUpRequest
    ) -> Image:
        now = self._world.clock.now()
        called = old.name if is_name(old.name) else old.id
        made_up = f"{called} {now:%Y-%m-%d %H.%M.%S} {image_id[-6:]}"
        name = validate_image_name(request.image_name or made_up)
        require_free_image_name(transaction, name)
        image = Image(
            id=image_id,
            name=name,
            reference=naming.image_reference(self._world.cloud_name, image_id),
            state=ImageState.PENDING,
            created_at=now,
            description=f"{old.id} before it was scaled up from {old.type_name}",
            source_instance_id=old.id,
            without_reboot=not request.reboot,
        )
        transaction.images.add(image)
        return image

    def _record_new(
        self,
        transaction: Transaction,
        new_id: str,
        old: Instance,
        wanted: InstanceType,
        image: Image,
        operation_id: str,
    ) -> Instance:
        place = self._infrastructure.place()
        slot = transaction.leases.take(Pool.PRIVATE, new_id, place.slot_count, frozenset())
        now = self._world.clock.now()
        new = Instance(
            id=new_id,
            image_id=image.id,
            type_name=wanted.name,
            state=InstanceState.PENDING,
            private_ip=place.private_ip(slot),
            private_slot=slot,
            container_name=naming.container_name(self._world.cloud_name, new_id),
            zone=old.zone,
            launched_at=now,
            state_changed_at=now,
            termination_protection=old.termination_protection,
            reservation_id=reservation_id(new_id),
            # The name comes with the addresses: until then it means the old machine.
            tags={key: value for key, value in old.tags.items() if key != NAME_KEY},
        )
        transaction.instances.add(new)
        user_data = transaction.user_data.get(old.id)
        if user_data is not None:
            transaction.user_data.add(replace(user_data, instance_id=new_id))
        machine.append_state(transaction, new, now, operation_id)
        return new


def _require_scalable(old: Instance, wanted: InstanceType) -> None:
    if old.state is InstanceState.STOPPED:
        raise InvalidRequest(
            "IncorrectInstanceState",
            f"instance {old.id} is stopped; to scale it up it must be running",
            f"a stopped one only needs: minicloud instance resize {old.id} --type {wanted.name}",
        )
    old.require_state("scale it up", InstanceState.RUNNING)
    if old.type_name == wanted.name:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"instance {old.id} is already a {wanted.name}",
            "choose another type: minicloud instance types",
        )
