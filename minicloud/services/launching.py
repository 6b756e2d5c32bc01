"""Launching: one machine or several, together or as many as the host holds."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace

from minicloud.domain import naming
from minicloud.domain.capacity import Host, require_capacity
from minicloud.domain.catalog import InstanceType, instance_type
from minicloud.domain.derived_ids import interface_id, reservation_id, volume_id
from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.image import Image, ImageState
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.region import region_named
from minicloud.domain.resource_tags import ResourceTags
from minicloud.domain.tags import NAME_KEY, shown, validate_plain_tags, validate_tags
from minicloud.domain.user_data import UserData, validate_user_data
from minicloud.operations import launch_instance, machine
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.store import Pool, Transaction
from minicloud.services.capacity import HostCapacity, placed_types
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.public_slots import PublicSlots
from minicloud.services.resolve import find_image

_LAUNCH_MAX = 100


@dataclass(frozen=True)
class LaunchRequest:
    """What to launch. With ``count`` above 1 the name is numbered: ``web-1``, ``web-2`` …

    ``count_min``: so many of ``count`` are enough where the host cannot hold all; None: all or
    none. ``any_name``: a tag ``Name`` is any text and may be another machine's, too, as on EC2.
    ``volume_tags`` and ``interface_tags`` are for the root volume and the network interface.
    """

    image: str
    type_name: str
    name: str | None = None
    count: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    client_token: str | None = None
    termination_protection: bool = False
    count_min: int | None = None
    any_name: bool = False
    user_data_base64: str | None = None
    volume_tags: Mapping[str, str] = field(default_factory=dict)
    interface_tags: Mapping[str, str] = field(default_factory=dict)

    def digest(self, image_id: str) -> str:
        """What two requests with the same client token must have in common."""
        said = astuple(replace(self, image=image_id, client_token=None))
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Room:
    """Where machines are put: the host, what it holds already, and slots not to be leased."""

    host: Host
    placed: list[InstanceType]
    shut_out: frozenset[int]


class Launcher:
    """Makes machines."""

    def __init__(
        self,
        world: World,
        runner: Runner,
        infrastructure: Infrastructure,
        slots: PublicSlots,
        capacity: HostCapacity,
    ) -> None:
        self._world = world
        self._runner = runner
        self._infrastructure = infrastructure
        self._slots = slots
        self._capacity = capacity

    def launch(self, request: LaunchRequest) -> tuple[list[Instance], list[Operation]]:
        """Launch machines; a token used before gives the machines of then.

        ``InsufficientInstanceCapacity`` where the host cannot hold as many as there must be.
        """
        instance_type(request.type_name)
        tags_of_each = _tags_of_each(request)
        host = self._capacity.host()
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()
        with self._world.store.write() as transaction:
            known = transaction.instances.all()
            earlier = _launched_with(transaction, known, request)
            if earlier:
                return earlier, []
            image = _launchable(find_image(transaction, request.image))
            if not request.any_name:
                _require_free_names(known, tags_of_each)
            room = _Room(host, placed_types(known), shut_out)
            instances = self._place_all(transaction, request, image, tags_of_each, room)
            operations = [self._journal(transaction, each, image) for each in instances]
            _keep_what_belongs(transaction, instances, request)
        for operation in operations:
            self._runner.launch(operation)
        return instances, operations

    def _place_all(
        self,
        transaction: Transaction,
        request: LaunchRequest,
        image: Image,
        tags_of_each: Sequence[dict[str, str]],
        room: _Room,
    ) -> list[Instance]:
        """As many machines as there is room for; ``CapacityExceeded`` where that is too few."""
        enough = len(tags_of_each) if request.count_min is None else request.count_min
        digest = request.digest(image.id)
        instances: list[Instance] = []
        for index, tags in enumerate(tags_of_each):
            try:
                placed = self._place(transaction, request, image, room)
            except CapacityExceeded:
                if index < enough:
                    raise
                break
            first_id = instances[0].id if instances else placed.id
            instances.append(
                replace(
                    placed,
                    reservation_id=reservation_id(first_id),
                    launch_index=index,
                    launch_digest=digest,
                    tags=tags,
                )
            )
        return instances

    def _place(
        self, transaction: Transaction, request: LaunchRequest, image: Image, room: _Room
    ) -> Instance:
        its_type = instance_type(request.type_name)
        require_capacity(room.host, transaction.settings(), room.placed, its_type)
        place = self._infrastructure.place()
        instance_id = make_id(IdKind.INSTANCE, secrets.token_hex(9))
        public_slot, private_slot = self._lease(transaction, instance_id, room.shut_out)
        room.placed.append(its_type)
        now = self._world.clock.now()
        return Instance(
            id=instance_id,
            image_id=image.id,
            type_name=its_type.name,
            state=InstanceState.PENDING,
            private_ip=place.private_ip(private_slot),
            private_slot=private_slot,
            container_name=naming.container_name(self._world.cloud_name, instance_id),
            zone=region_named(transaction.settings().region).zone,
            launched_at=now,
            public_ip=place.public_ip(public_slot),
            public_slot=public_slot,
            state_changed_at=now,
            client_token=request.client_token,
            termination_protection=request.termination_protection,
        )

    def _lease(
        self, transaction: Transaction, instance_id: str, shut_out: frozenset[int]
    ) -> tuple[int, int]:
        """A public and a private slot, or neither."""
        count = self._infrastructure.place().slot_count
        public_slot = self._slots.take(transaction, instance_id, shut_out)
        try:
            private_slot = transaction.leases.take(Pool.PRIVATE, instance_id, count, frozenset())
        except CapacityExceeded:
            transaction.leases.free(Pool.PUBLIC, public_slot)
            raise
        return public_slot, private_slot

    def _journal(self, transaction: Transaction, instance: Instance, image: Image) -> Operation:
        def begin(transaction: Transaction, operation_id: str) -> Json:
            transaction.instances.add(instance)
            machine.append_state(transaction, instance, instance.launched_at, operation_id)
            return {"instance_id": instance.id, "image_reference": image.reference}

        return self._runner.journal(transaction, launch_instance.KIND, instance.id, begin)


def require_free_name(known: Sequence[Instance], name: str) -> None:
    """Refuse a name that a machine has which still exists."""
    for instance in known:
        if instance.is_live and instance.name == name:
            raise Conflict(
                "InvalidInstanceName.Duplicate",
                f"instance {instance.id} is already called {shown(name)}",
                "choose another name, or terminate that instance",
            )


def _require_free_names(known: Sequence[Instance], tags_of_each: Sequence[dict[str, str]]) -> None:
    names = [tags[NAME_KEY] for tags in tags_of_each if NAME_KEY in tags]
    for name in names:
        require_free_name(known, name)
    if len(set(names)) < len(names):
        raise Conflict(
            "InvalidInstanceName.Duplicate",
            f"{len(names)} instances cannot all be called {shown(names[0])}",
            "give the name as such, not as a tag: it is numbered then",
        )


def _tags_of_each(request: LaunchRequest) -> list[dict[str, str]]:
    if not 1 <= request.count <= _LAUNCH_MAX:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"cannot launch {request.count} instances",
            f"ask for 1 to {_LAUNCH_MAX}",
        )
    if request.user_data_base64 is not None:
        validate_user_data(request.user_data_base64)
    validate_plain_tags(request.volume_tags)
    validate_plain_tags(request.interface_tags)
    if request.name is None:
        validate = validate_plain_tags if request.any_name else validate_tags
        return [validate(request.tags)] * request.count
    names = (
        [request.name]
        if request.count == 1
        else [f"{request.name}-{number}" for number in range(1, request.count + 1)]
    )
    return [validate_tags({**request.tags, NAME_KEY: name}) for name in names]


def _launched_with(
    transaction: Transaction, known: Sequence[Instance], request: LaunchRequest
) -> list[Instance]:
    if request.client_token is None:
        return []
    earlier = [each for each in known if each.client_token == request.client_token]
    # Machines that an older server launched have no digest: then the token alone tells.
    digests = {each.launch_digest for each in earlier} - {None}
    if digests and digests != {request.digest(find_image(transaction, request.image).id)}:
        raise InvalidRequest(
            "IdempotentParameterMismatch",
            f"client token {shown(request.client_token)} was used for another launch",
            "use a fresh token for a different request",
        )
    return earlier


def _launchable(image: Image) -> Image:
    if image.state is not ImageState.AVAILABLE:
        raise Conflict(
            "InvalidAMIID.Unavailable",
            f"image {image.id} is {image.state}",
            "wait until it is available: minicloud image list",
        )
    return image


def _keep_what_belongs(
    transaction: Transaction, instances: Sequence[Instance], request: LaunchRequest
) -> None:
    """Keep what a launch says of each machine's volume, interface and first boot."""
    for instance in instances:
        for resource_id, tags in (
            (volume_id(instance.id), request.volume_tags),
            (interface_id(instance.id), request.interface_tags),
        ):
            if tags:
                transaction.resource_tags.add(ResourceTags(resource_id, dict(tags)))
        if request.user_data_base64 is not None:
            transaction.user_data.add(UserData(instance.id, request.user_data_base64))
