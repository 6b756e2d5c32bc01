"""Target groups: create, modify, delete; register machines in them and let them go."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from minicloud.domain.balancer import Balancer
from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest
from minicloud.domain.health_check import CheckProtocol, HealthCheck
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.instance import Instance, InstanceState
from minicloud.domain.operation import Json, Operation
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown, validate_plain_tags
from minicloud.domain.target import Registration, Target
from minicloud.domain.target_group import GROUPS_MAX, Algorithm, GroupProtocol, TargetGroup
from minicloud.operations import (
    balancer_records,
    deregister_targets,
    membership,
    register_targets,
)
from minicloud.operations.configure_balancer import RecordKind
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.balancer_plane import TargetHealth
from minicloud.ports.store import Transaction
from minicloud.services.balancer_fleet import BalancerFleet
from minicloud.services.configuring import Change, Configuring, require_unclaimed
from minicloud.services.forwarding import require_room
from minicloud.services.resolve import find_instance, find_target_group
from minicloud.services.target_health import health_of_group

TRAFFIC_PORT = 0


@dataclass(frozen=True)
class HealthCheckChange:
    """Settings of a health check; None: as it is. ``port`` ``TRAFFIC_PORT``: where traffic goes."""

    protocol: CheckProtocol | None = None
    path: str | None = None
    port: int | None = None
    matcher: str | None = None
    interval_s: int | None = None
    timeout_s: int | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None

    @classmethod
    def to(cls, check: HealthCheck) -> HealthCheckChange:
        """The change that makes any health check this one."""
        return cls(**{**vars(check), "port": check.port or TRAFFIC_PORT})

    def applied_to(self, check: HealthCheck) -> HealthCheck:
        """The health check with these settings."""
        given = _given(self)
        if self.port == TRAFFIC_PORT:
            given["port"] = None
        return replace(check, **given)


@dataclass(frozen=True)
class GroupSettings:
    """How a group chooses and checks its targets; None: as it is."""

    health: HealthCheckChange = field(default_factory=HealthCheckChange)
    algorithm: Algorithm | None = None
    deregistration_delay_s: int | None = None
    stickiness_s: int | None = None
    slow_start_s: int | None = None
    kept_stickiness_s: int | None = None

    def applied_to(self, group: TargetGroup) -> TargetGroup:
        """The group with these settings."""
        given = _given(self) | {"health_check": self.health.applied_to(group.health_check)}
        del given["health"]
        return replace(group, **given)


@dataclass(frozen=True)
class CreateTargetGroup:
    """A group to be made. ``port``: where its targets are reached unless they say otherwise."""

    name: str
    protocol: GroupProtocol = GroupProtocol.HTTP
    port: int = 80
    settings: GroupSettings = field(default_factory=GroupSettings)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModifyTargetGroup:
    """What to change of a group; None: nothing. ``tags`` are all of them."""

    settings: GroupSettings = field(default_factory=GroupSettings)
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class TargetRef:
    """A machine, and its port. None: to register, the group's; to deregister, each that it has."""

    instance: str
    port: int | None = None


class TargetGroupService:
    """Everything that can be asked of target groups."""

    def __init__(
        self, world: World, runner: Runner, fleet: BalancerFleet, configuring: Configuring
    ) -> None:
        self._world = world
        self._runner = runner
        self._fleet = fleet
        self._configuring = configuring

    def create(self, request: CreateTargetGroup) -> TargetGroup:
        """Make a group without targets, which no balancer uses yet."""
        with self._world.store.write() as transaction:
            group = new_group(transaction, request, self._world.clock.now())
            transaction.target_groups.add(group)
        return group

    def list_all(self) -> Sequence[TargetGroup]:
        """Every target group, oldest first."""
        with self._world.store.read() as transaction:
            return transaction.target_groups.all()

    def show(self, ref: str) -> TargetGroup:
        """The target group of this id or name."""
        with self._world.store.read() as transaction:
            return find_target_group(transaction, ref)

    def modify(self, ref: str, request: ModifyTargetGroup) -> tuple[TargetGroup, list[Operation]]:
        """Change a group's settings; the balancer that uses it follows."""
        tags = None if request.tags is None else validate_plain_tags(request.tags)
        group_id = self.show(ref).id

        def changed(transaction: Transaction) -> TargetGroup:
            group = request.settings.applied_to(find_target_group(transaction, group_id))
            return group if tags is None else replace(group, tags=tags)

        def locate(transaction: Transaction) -> str | None:
            before = find_target_group(transaction, group_id)
            user = balancer_records.serving_balancer_of(transaction, group_id)
            is_told = replace(changed(transaction), tags=before.tags) != before
            return user.id if user is not None and is_told else None

        def edit(change: Change) -> None:
            change.save(RecordKind.TARGET_GROUP, changed(change.transaction))

        operations = self._configuring.change(locate, edit)
        return self.show(group_id), operations

    def delete(self, ref: str) -> list[Operation]:
        """Delete a group; ``ResourceInUse`` while a listener or a rule sends to it."""
        with self._world.store.write() as transaction:
            group = find_target_group(transaction, ref)
            user_id = balancer_records.groups_in_use(transaction).get(group.id)
            if user_id is not None:
                raise Conflict(
                    "ResourceInUse",
                    f"target group {group.name} is used by a listener or a rule of {user_id}",
                    "first let these send elsewhere, or delete them",
                )
            require_unclaimed(transaction, group.id)
            for target in transaction.targets.of_group(group.id):
                transaction.targets.remove(target.id)
            transaction.target_groups.remove(group.id)
        return []

    def register(self, ref: str, refs: Sequence[TargetRef]) -> list[Operation]:
        """Put machines into a group; nothing to do for those that are in it."""
        _require_some(refs)
        self._require_engine(ref)
        with self._world.store.write() as transaction:
            group = find_target_group(transaction, ref)
            ids = record_targets(transaction, group, refs, self._world.clock.now())
            user = balancer_records.serving_balancer_of(transaction, group.id)
            if user is None or not ids:
                return []
            operation = self._runner.journal(
                transaction,
                register_targets.KIND,
                group.id,
                lambda _transaction, _operation_id: _input(user, group, ids),
            )
        self._runner.launch(operation)
        return [operation]

    def deregister(self, ref: str, refs: Sequence[TargetRef]) -> list[Operation]:
        """Take machines out of a group, once what they have in flight is done or the delay over.

        As on AWS, what is not in the group is no error. What is draining already is answered with
        the operation that drains it.
        """
        _require_some(refs)
        self._require_engine(ref)
        with self._world.store.write() as transaction:
            group = find_target_group(transaction, ref)
            chosen = _chosen(transaction, group, refs)
            user = balancer_records.serving_balancer_of(transaction, group.id)
            if user is None:
                for target in chosen:
                    transaction.targets.remove(target.id)
                return []
            earlier = _drained_by(transaction, chosen)
            leaving = [t for t in chosen if t.registration is Registration.REGISTERED]
            if not leaving:
                return earlier
            operation = self._journal_drain(transaction, user, group, leaving)
        self._runner.launch(operation)
        return [operation, *earlier]

    def health(self, ref: str) -> list[TargetHealth]:
        """How each target of the group is."""
        return health_of_group(self._world.store, self._fleet, self.show(ref))

    def _require_engine(self, ref: str) -> None:
        """``EngineUnreachable`` where a balancer would have to be told and no engine answers."""
        with self._world.store.read() as transaction:
            group = find_target_group(transaction, ref)
            user = balancer_records.serving_balancer_of(transaction, group.id)
        if user is not None:
            self._world.engine.ping()

    def _journal_drain(
        self,
        transaction: Transaction,
        user: Balancer,
        group: TargetGroup,
        leaving: Sequence[Target],
    ) -> Operation:
        real_now = self._world.clock.real.now()

        def begin(transaction: Transaction, operation_id: str) -> Json:
            for target in leaving:
                membership.record_draining(transaction, target, operation_id, real_now)
            held_by = {target.id: target.held_by for target in leaving if target.held_by}
            return {**_input(user, group, [t.id for t in leaving]), "held_by": held_by}

        return self._runner.journal(transaction, deregister_targets.KIND, group.id, begin)


def new_group(transaction: Transaction, request: CreateTargetGroup, now: datetime) -> TargetGroup:
    """A group as it is to be recorded."""
    groups = transaction.target_groups.all()
    if len(groups) >= GROUPS_MAX:
        raise CapacityExceeded(
            "TooManyTargetGroups",
            f"there are {len(groups)} target groups, which is the limit",
            "delete one: minicloud target-group delete NAME",
        )
    if any(group.name == request.name for group in groups):
        raise Conflict(
            "DuplicateTargetGroupName",
            f"there is a target group {shown(request.name)} already",
            "choose another name, or delete that group",
        )
    is_tcp = request.protocol is GroupProtocol.TCP
    group = TargetGroup(
        id=make_id(IdKind.TARGET_GROUP, secrets.token_hex(9)),
        name=request.name,
        protocol=request.protocol,
        port=request.port,
        created_at=now,
        health_check=HealthCheck(CheckProtocol.TCP if is_tcp else CheckProtocol.HTTP),
        tags=validate_plain_tags(request.tags),
    )
    return request.settings.applied_to(group)


def record_targets(
    transaction: Transaction, group: TargetGroup, refs: Sequence[TargetRef], now: datetime
) -> list[str]:
    """Record that machines are in a group; the targets that were not in it before.

    ``InvalidTarget`` for a machine that is gone or on its way out.
    """
    fresh = []
    for ref in refs:
        instance = _registrable(find_instance(transaction, ref.instance))
        port = group.port if ref.port is None else ref.port
        require_range("a target's port", port, 1, 65535)
        target = membership.record_registered(transaction, group.id, instance.id, port, now)
        if target is not None:
            fresh.append(target.id)
    in_use = balancer_records.groups_in_use(transaction)
    user_id = in_use.get(group.id)
    beside = {group_id for group_id, other in in_use.items() if other == user_id}
    require_room(transaction, beside | {group.id})
    return fresh


def _registrable(instance: Instance) -> Instance:
    if instance.state in {InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED}:
        raise InvalidRequest(
            "InvalidTarget",
            f"instance {instance.id} is {instance.state}, so it cannot be a target",
            "register a machine that exists: minicloud instance list",
        )
    return instance


def _chosen(
    transaction: Transaction, group: TargetGroup, refs: Sequence[TargetRef]
) -> list[Target]:
    wanted = {(find_instance(transaction, ref.instance).id, ref.port) for ref in refs}
    return [
        target
        for target in transaction.targets.of_group(group.id)
        if not wanted.isdisjoint({(target.instance_id, None), (target.instance_id, target.port)})
    ]


def _drained_by(transaction: Transaction, targets: Sequence[Target]) -> list[Operation]:
    holders = {t.held_by for t in targets if t.registration is Registration.DRAINING and t.held_by}
    found = [transaction.operations.get(operation_id) for operation_id in sorted(holders)]
    return [operation for operation in found if operation is not None]


def _input(user: Balancer, group: TargetGroup, target_ids: Sequence[str]) -> Json:
    return {"balancer_id": user.id, "group_id": group.id, "target_ids": list(target_ids)}


def _require_some(refs: Sequence[TargetRef]) -> None:
    if not refs:
        raise InvalidRequest("ValidationError", "no target is named", "name an instance or more")


def _given(settings: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(settings).items() if value is not None}
