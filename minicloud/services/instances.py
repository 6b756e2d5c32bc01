"""Instances: launch, start, stop, reboot, resize, terminate, and looking at them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from minicloud.domain import naming
from minicloud.domain.capacity import Host, require_capacity
from minicloud.domain.catalog import InstanceType, instance_type
from minicloud.domain.errors import Conflict, InvalidRequest
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.image import Image, ImageState
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.tags import NAME_KEY, shown, validate_tags
from minicloud.operations import (
    launch_instance,
    machine,
    membership,
    reboot_instance,
    resize_instance,
    start_instance,
    stop_instance,
    terminate_instance,
)
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.engine import ExecOutput, Stream
from minicloud.ports.store import Pool, Transaction
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.public_slots import PublicSlots
from minicloud.services.resolve import find_image, find_instance

ZONE = "local-1a"
_LAUNCH_MAX = 100
# Asking costs as much as making a container, and the answer changes with the hardware alone.
_HOST_FACTS_LAST = timedelta(seconds=30)


@dataclass(frozen=True)
class LaunchRequest:
    """What to launch. With ``count`` above 1 the name is numbered: ``web-1``, ``web-2`` …"""

    image: str
    type_name: str
    name: str | None = None
    count: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    client_token: str | None = None
    termination_protection: bool = False


class InstanceService:
    """Everything that can be asked of machines."""

    def __init__(
        self, world: World, runner: Runner, infrastructure: Infrastructure, slots: PublicSlots
    ) -> None:
        self._world = world
        self._runner = runner
        self._infrastructure = infrastructure
        self._slots = slots
        self._host: Host | None = None
        self._host_seen_at = world.clock.now()

    def launch(self, request: LaunchRequest) -> tuple[list[Instance], list[Operation]]:
        """Launch machines, all or none; a token used before gives the machines of then.

        ``InsufficientInstanceCapacity`` where the host cannot hold them all.
        """
        its_type = instance_type(request.type_name)
        tags_of_each = _tags_of_each(request)
        host = self.host()
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()
        instances: list[Instance] = []
        operations: list[Operation] = []
        with self._world.store.write() as transaction:
            earlier = _launched_with(transaction, request)
            if earlier:
                return earlier, []
            image = _launchable(find_image(transaction, request.image))
            for tags in tags_of_each:
                self._admit(transaction, host, its_type)
                _require_free_name(transaction, tags.get(NAME_KEY))
                instance = self._new(transaction, request, image, tags)
                slot = self._slots.take(transaction, instance.id, shut_out)
                public_ip = self._infrastructure.place().public_ip(slot)
                instance = replace(instance, public_slot=slot, public_ip=public_ip)
                instances.append(instance)
                operations.append(self._journal_launch(transaction, instance, image))
        for operation in operations:
            self._runner.launch(operation)
        return instances, operations

    def list_all(self, *, include_terminated: bool) -> Sequence[Instance]:
        """Every instance, oldest first."""
        with self._world.store.read() as transaction:
            everything = transaction.instances.all()
        return [i for i in everything if include_terminated or i.is_live]

    def show(self, ref: str) -> Instance:
        """The instance of this id or name."""
        with self._world.store.read() as transaction:
            return find_instance(transaction, ref)

    def start(self, ref: str) -> list[Operation]:
        """Start a stopped machine; nothing to do for one that runs."""
        instance = self.show(ref)
        if instance.state in {InstanceState.RUNNING, InstanceState.PENDING}:
            return []
        host = self.host()
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()

        def begin(transaction: Transaction, operation_id: str) -> Json:
            fresh = machine.require_instance(transaction, instance.id)
            fresh.require_state("start", InstanceState.STOPPED)
            self._admit(transaction, host, instance_type(fresh.type_name))
            now = self._world.clock.now()
            if not machine.addresses_of(transaction, fresh.id):
                slot = self._slots.take(transaction, fresh.id, shut_out)
                public_ip = self._infrastructure.place().public_ip(slot)
                fresh = replace(fresh, public_slot=slot, public_ip=public_ip)
            fresh = replace(fresh, launched_at=now)
            machine.record_state(transaction, fresh, InstanceState.PENDING, now, operation_id)
            return {"instance_id": fresh.id}

        return [self._runner.submit(start_instance.KIND, instance.id, begin)]

    def stop(self, ref: str) -> list[Operation]:
        """Stop a running machine; nothing to do for one that is stopped, as on EC2."""
        instance = self.show(ref)
        if instance.state in {InstanceState.STOPPED, InstanceState.STOPPING}:
            return []

        def begin(transaction: Transaction, operation_id: str) -> Json:
            fresh = machine.require_instance(transaction, instance.id)
            fresh.require_state("stop", InstanceState.RUNNING)
            now = self._world.clock.now()
            machine.record_state(transaction, fresh, InstanceState.STOPPING, now, operation_id)
            membership.record_held(transaction, fresh.id, operation_id, now)
            return {"instance_id": fresh.id}

        self._world.engine.ping()
        return [self._runner.submit(stop_instance.KIND, instance.id, begin)]

    def reboot(self, ref: str) -> list[Operation]:
        """Shut the machine down and start it again."""
        instance = self.show(ref)

        def begin(transaction: Transaction, operation_id: str) -> Json:
            fresh = machine.require_instance(transaction, instance.id)
            fresh.require_state("reboot", InstanceState.RUNNING)
            now = self._world.clock.now()
            membership.record_held(transaction, fresh.id, operation_id, now)
            return {"instance_id": fresh.id}

        self._world.engine.ping()
        return [self._runner.submit(reboot_instance.KIND, instance.id, begin)]

    def terminate(self, ref: str) -> list[Operation]:
        """End the machine for good; nothing to do for one that is gone, as on EC2."""
        instance = self.show(ref)
        if instance.state in {InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN}:
            return []

        def begin(transaction: Transaction, operation_id: str) -> Json:
            fresh = machine.require_instance(transaction, instance.id)
            if fresh.termination_protection:
                raise InvalidRequest(
                    "OperationNotPermitted",
                    f"instance {fresh.id} is protected from termination",
                    f"lift it first: minicloud instance protect --off {fresh.name or fresh.id}",
                )
            fresh.require_state("terminate it", InstanceState.RUNNING, InstanceState.STOPPED)
            now = self._world.clock.now()
            machine.record_state(transaction, fresh, InstanceState.SHUTTING_DOWN, now, operation_id)
            membership.record_held(transaction, fresh.id, operation_id, now)
            addresses = machine.addresses_of(transaction, fresh.id)
            claims = [address.allocation_id for address in addresses]
            transaction.claims.take(claims, operation_id)
            return {"instance_id": fresh.id}

        self._world.engine.ping()
        return [self._runner.submit(terminate_instance.KIND, instance.id, begin)]

    def resize(self, ref: str, type_name: str) -> list[Operation]:
        """Give a stopped machine another type."""
        wanted = instance_type(type_name)
        instance = self.show(ref)
        host = self.host()

        def begin(transaction: Transaction, _operation_id: str) -> Json:
            fresh = machine.require_instance(transaction, instance.id)
            fresh.require_state("change its type", InstanceState.STOPPED)
            require_capacity(host, transaction.settings(), [], wanted)
            return {
                "instance_id": fresh.id,
                "type": wanted.name,
                "from_type": fresh.type_name,
            }

        return [self._runner.submit(resize_instance.KIND, instance.id, begin)]

    def modify(
        self,
        ref: str,
        *,
        termination_protection: bool | None,
        tags: Mapping[str, str] | None,
    ) -> Instance:
        """Change what needs no engine: the protection, and the tags (all of them)."""
        with self._world.store.write() as transaction:
            instance = find_instance(transaction, ref)
            if termination_protection is not None:
                instance = replace(instance, termination_protection=termination_protection)
            if tags is not None:
                checked = validate_tags(tags)
                if checked.get(NAME_KEY) != instance.name:
                    _require_free_name(transaction, checked.get(NAME_KEY))
                instance = replace(instance, tags=checked)
            transaction.instances.save(instance)
        return instance

    def exec(self, ref: str, argv: Sequence[str], stdin: bytes) -> Stream[ExecOutput]:
        """Run a command inside a running machine."""
        instance = self.show(ref)
        instance.require_state("run a command", InstanceState.RUNNING)
        return self._world.engine.exec_stream(instance.container_name, argv, stdin)

    def logs(self, ref: str, tail: int | None, *, follow: bool) -> Stream[bytes]:
        """The machine's console; gone with the machine."""
        instance = self.show(ref)
        if not instance.is_live:
            instance.require_state("read its console", InstanceState.RUNNING, InstanceState.STOPPED)
        return self._world.engine.logs(instance.container_name, tail, follow)

    def host(self) -> Host:
        """What the engine's host has; ``EngineUnreachable`` where no engine answers."""
        now = self._world.clock.now()
        if self._host is None or now - self._host_seen_at > _HOST_FACTS_LAST:
            info = self._world.engine.info()
            self._host = Host(info.cpu_count, info.memory_mib)
            self._host_seen_at = now
        else:
            self._world.engine.ping()
        return self._host

    def placed_types(self, transaction: Transaction) -> list[InstanceType]:
        """The types of the machines that take capacity now."""
        return [
            instance_type(instance.type_name)
            for instance in transaction.instances.all()
            if instance.state.holds_capacity
        ]

    def _admit(self, transaction: Transaction, host: Host, wanted: InstanceType) -> None:
        require_capacity(host, transaction.settings(), self.placed_types(transaction), wanted)

    def _new(
        self, transaction: Transaction, request: LaunchRequest, image: Image, tags: dict[str, str]
    ) -> Instance:
        place = self._infrastructure.place()
        instance_id = make_id(IdKind.INSTANCE, secrets.token_hex(9))
        private_slot = transaction.leases.take(
            Pool.PRIVATE, instance_id, place.slot_count, frozenset()
        )
        now = self._world.clock.now()
        return Instance(
            id=instance_id,
            image_id=image.id,
            type_name=request.type_name,
            state=InstanceState.PENDING,
            private_ip=place.private_ip(private_slot),
            private_slot=private_slot,
            container_name=naming.container_name(self._world.cloud_name, instance_id),
            zone=ZONE,
            launched_at=now,
            state_changed_at=now,
            client_token=request.client_token,
            termination_protection=request.termination_protection,
            tags=tags,
        )

    def _journal_launch(
        self, transaction: Transaction, instance: Instance, image: Image
    ) -> Operation:
        def begin(transaction: Transaction, operation_id: str) -> Json:
            transaction.instances.add(instance)
            machine.append_state(transaction, instance, instance.launched_at, operation_id)
            return {"instance_id": instance.id, "image_reference": image.reference}

        return self._runner.journal(transaction, launch_instance.KIND, instance.id, begin)


def _tags_of_each(request: LaunchRequest) -> list[dict[str, str]]:
    if not 1 <= request.count <= _LAUNCH_MAX:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"cannot launch {request.count} instances",
            f"ask for 1 to {_LAUNCH_MAX}",
        )
    if request.name is None:
        return [validate_tags(request.tags)] * request.count
    names = (
        [request.name]
        if request.count == 1
        else [f"{request.name}-{number}" for number in range(1, request.count + 1)]
    )
    return [validate_tags({**request.tags, NAME_KEY: name}) for name in names]


def _launched_with(transaction: Transaction, request: LaunchRequest) -> list[Instance]:
    if request.client_token is None:
        return []
    earlier = [i for i in transaction.instances.all() if i.client_token == request.client_token]
    if earlier and (
        len(earlier) != request.count
        or any(instance.type_name != request.type_name for instance in earlier)
        or earlier[0].image_id != find_image(transaction, request.image).id
    ):
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


def _require_free_name(transaction: Transaction, name: str | None) -> None:
    if name is None:
        return
    for instance in transaction.instances.all():
        if instance.is_live and instance.name == name:
            raise Conflict(
                "InvalidInstanceName.Duplicate",
                f"instance {instance.id} is already called {shown(name)}",
                "choose another name, or terminate that instance",
            )
