"""Instances: launch, start, stop, reboot, resize, terminate, and looking at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from minicloud.domain.capacity import require_capacity
from minicloud.domain.catalog import instance_type
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.tags import NAME_KEY, validate_name, validate_plain_tags
from minicloud.domain.user_data import UserData, validate_user_data
from minicloud.operations import (
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
from minicloud.ports.store import Transaction
from minicloud.services.capacity import HostCapacity, placed_types
from minicloud.services.infrastructure import Infrastructure
from minicloud.services.launching import Launcher, LaunchRequest, require_free_name
from minicloud.services.public_slots import PublicSlots
from minicloud.services.resolve import find_instance

_Begin = Callable[[Transaction, str, Instance], Json]


class InstanceService:
    """Everything that can be asked of machines."""

    def __init__(
        self, world: World, runner: Runner, infrastructure: Infrastructure, slots: PublicSlots
    ) -> None:
        self.capacity = HostCapacity(world)
        self._world = world
        self._runner = runner
        self._infrastructure = infrastructure
        self._slots = slots
        self._launcher = Launcher(world, runner, infrastructure, slots, self.capacity)

    def launch(self, request: LaunchRequest) -> tuple[list[Instance], list[Operation]]:
        """Launch machines; see ``Launcher.launch``."""
        return self._launcher.launch(request)

    def list_all(self, *, include_terminated: bool) -> Sequence[Instance]:
        """Every instance, oldest first."""
        with self._world.store.read() as transaction:
            everything = transaction.instances.all()
        return [i for i in everything if include_terminated or i.is_live]

    def show(self, ref: str) -> Instance:
        """The instance of this id or name."""
        with self._world.store.read() as transaction:
            return find_instance(transaction, ref)

    def start(self, *refs: str) -> list[Operation]:
        """Start stopped machines, all or none; nothing to do for those that run."""
        ids = self._not_in(refs, InstanceState.RUNNING, InstanceState.PENDING)
        if not ids:
            return []
        host = self.capacity.host()
        self._infrastructure.ready()
        shut_out = self._slots.shut_out()

        def begin(transaction: Transaction, operation_id: str, fresh: Instance) -> Json:
            fresh.require_state("start", InstanceState.STOPPED)
            placed = placed_types(transaction.instances.all())
            wanted = instance_type(fresh.type_name)
            require_capacity(host, transaction.settings(), placed, wanted)
            now = self._world.clock.now()
            if not machine.addresses_of(transaction, fresh.id):
                slot = self._slots.take(transaction, fresh.id, shut_out)
                public_ip = self._infrastructure.place().public_ip(slot)
                fresh = replace(fresh, public_slot=slot, public_ip=public_ip)
            fresh = replace(fresh, launched_at=now)
            machine.record_state(transaction, fresh, InstanceState.PENDING, now, operation_id)
            return {"instance_id": fresh.id}

        return self._submit_each(start_instance.KIND, ids, begin)

    def stop(self, *refs: str, by_force: bool = False) -> list[Operation]:
        """Stop running machines, all or none; nothing to do for stopped ones, as on EC2.

        ``by_force``: their processes are ended at once, without being asked to.
        """
        ids = self._not_in(refs, InstanceState.STOPPED, InstanceState.STOPPING)
        if not ids:
            return []

        def begin(transaction: Transaction, operation_id: str, fresh: Instance) -> Json:
            fresh.require_state("stop", InstanceState.RUNNING)
            now = self._world.clock.now()
            machine.record_state(transaction, fresh, InstanceState.STOPPING, now, operation_id)
            self._hold(transaction, fresh, operation_id)
            return {"instance_id": fresh.id, "by_force": by_force}

        self._world.engine.ping()
        return self._submit_each(stop_instance.KIND, ids, begin)

    def reboot(self, *refs: str) -> list[Operation]:
        """Shut machines down and start them again, all or none."""
        ids = self._not_in(refs)

        def begin(transaction: Transaction, operation_id: str, fresh: Instance) -> Json:
            fresh.require_state("reboot", InstanceState.RUNNING)
            self._hold(transaction, fresh, operation_id)
            return {"instance_id": fresh.id}

        self._world.engine.ping()
        return self._submit_each(reboot_instance.KIND, ids, begin)

    def terminate(self, *refs: str) -> list[Operation]:
        """End machines for good, all or none; nothing to do for those gone, as on EC2."""
        ids = self._not_in(refs, InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN)
        if not ids:
            return []

        def begin(transaction: Transaction, operation_id: str, fresh: Instance) -> Json:
            if fresh.termination_protection:
                raise InvalidRequest(
                    "OperationNotPermitted",
                    f"instance {fresh.id} is protected from termination",
                    f"lift it first: minicloud instance protect --off {fresh.id}",
                )
            fresh.require_state("terminate it", InstanceState.RUNNING, InstanceState.STOPPED)
            now = self._world.clock.now()
            machine.record_state(transaction, fresh, InstanceState.SHUTTING_DOWN, now, operation_id)
            self._hold(transaction, fresh, operation_id)
            addresses = machine.addresses_of(transaction, fresh.id)
            claims = [address.allocation_id for address in addresses]
            transaction.claims.take(claims, operation_id)
            return {"instance_id": fresh.id}

        self._world.engine.ping()
        return self._submit_each(terminate_instance.KIND, ids, begin)

    def resize(self, ref: str, type_name: str) -> list[Operation]:
        """Give a stopped machine another type."""
        wanted = instance_type(type_name)
        instance = self.show(ref)
        host = self.capacity.host()

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
                _require_new_name(transaction, instance, tags)
                instance = replace(instance, tags=validate_plain_tags(tags))
            transaction.instances.save(instance)
        return instance

    def user_data(self, ref: str) -> str | None:
        """The machine's user data in base 64, if it has any."""
        with self._world.store.read() as transaction:
            kept = transaction.user_data.get(find_instance(transaction, ref).id)
        return None if kept is None else kept.content_base64

    def set_user_data(self, ref: str, content_base64: str) -> None:
        """Give a stopped machine other user data, or none where it is empty."""
        validate_user_data(content_base64)
        with self._world.store.write() as transaction:
            instance = find_instance(transaction, ref)
            instance.require_state("change its user data", InstanceState.STOPPED)
            transaction.user_data.remove(instance.id)
            if content_base64:
                transaction.user_data.add(UserData(instance.id, content_base64))

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

    def _not_in(self, refs: Sequence[str], *states: InstanceState) -> list[str]:
        """The machines that these name, each once, but for those in one of the states."""
        with self._world.store.read() as transaction:
            named = [find_instance(transaction, ref) for ref in refs]
        return list(dict.fromkeys(each.id for each in named if each.state not in states))

    def _submit_each(
        self, kind: str, instance_ids: Sequence[str], begin: _Begin
    ) -> list[Operation]:
        """Journal an operation for each machine in one transaction, and set all of them going."""
        with self._world.store.write() as transaction:
            operations = [
                self._runner.journal(transaction, kind, instance_id, _on(instance_id, begin))
                for instance_id in instance_ids
            ]
        for operation in operations:
            self._runner.launch(operation)
        return operations

    def _hold(self, transaction: Transaction, instance: Instance, operation_id: str) -> None:
        """Take a machine out of its target groups while it is not to be reached."""
        real_now = self._world.clock.real.now()
        membership.record_held(transaction, instance.id, operation_id, real_now)


def _on(instance_id: str, begin: _Begin) -> Callable[[Transaction, str], Json]:
    def begin_with_record(transaction: Transaction, operation_id: str) -> Json:
        return begin(transaction, operation_id, machine.require_instance(transaction, instance_id))

    return begin_with_record


def _require_new_name(
    transaction: Transaction, instance: Instance, tags: Mapping[str, str]
) -> None:
    """Hold a name to the rules of names, unless it is what an AWS client has called it before."""
    name = tags.get(NAME_KEY)
    if name is not None and name != instance.name:
        require_free_name(transaction.instances.all(), validate_name(name))
