"""Load balancers: create, modify, delete, and asking them how it goes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from minicloud.domain import naming
from minicloud.domain.action import ForwardAction, WeightedGroup
from minicloud.domain.balancer import (
    BALANCERS_MAX,
    IDLE_TIMEOUT_DEFAULT_S,
    Balancer,
    BalancerState,
    BalancerType,
    ForwardedForMode,
    validate_balancing_name,
)
from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.listener import ListenerProtocol, TlsPolicy
from minicloud.domain.operation import Json, Operation
from minicloud.domain.ranges import require_range
from minicloud.domain.tags import shown, validate_plain_tags
from minicloud.domain.target_group import GroupProtocol
from minicloud.operations import balancer_records, create_balancer, delete_balancer
from minicloud.operations.configure_balancer import RecordKind
from minicloud.operations.definition import World
from minicloud.operations.runner import Runner
from minicloud.ports.balancer_plane import TargetHealth
from minicloud.ports.engine import Stream
from minicloud.ports.store import Pool, Transaction
from minicloud.services.balancer_fleet import BalancerFleet
from minicloud.services.configuring import Change, Configuring
from minicloud.services.listeners import CreateListener, new_listener
from minicloud.services.public_slots import PublicSlots
from minicloud.services.resolve import find_balancer
from minicloud.services.target_groups import (
    CreateTargetGroup,
    GroupSettings,
    TargetRef,
    new_group,
    record_targets,
)
from minicloud.services.target_health import health_of_balancer


@dataclass(frozen=True)
class Front:
    """What the short form makes with a balancer: a listener, a target group, and its targets.

    ``protocol`` None: what the balancer's type is for, HTTP or TCP. ``group_name`` None: the
    balancer's name.
    """

    instances: Sequence[str] = ()
    port: int = 80
    protocol: ListenerProtocol | None = None
    certificate: str | None = None
    tls_policy: TlsPolicy | None = None
    group_name: str | None = None
    target_port: int = 80
    settings: GroupSettings = field(default_factory=GroupSettings)


@dataclass(frozen=True)
class CreateBalancer:
    """A balancer to be made. ``front`` None: it has no listener yet."""

    name: str
    type: BalancerType = BalancerType.APPLICATION
    idle_timeout_s: int = IDLE_TIMEOUT_DEFAULT_S
    http2: bool = True
    forwarded_for: ForwardedForMode = ForwardedForMode.APPEND
    deletion_protection: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    front: Front | None = None


@dataclass(frozen=True)
class ModifyBalancer:
    """What to change of a balancer; None: nothing. ``tags`` are all of them."""

    idle_timeout_s: int | None = None
    http2: bool | None = None
    forwarded_for: ForwardedForMode | None = None
    deletion_protection: bool | None = None
    tags: Mapping[str, str] | None = None

    def applied_to(self, balancer: Balancer) -> Balancer:
        """The balancer with these changes."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return replace(balancer, **given)


class BalancerService:
    """Everything that can be asked of balancers."""

    def __init__(
        self,
        world: World,
        runner: Runner,
        fleet: BalancerFleet,
        slots: PublicSlots,
        configuring: Configuring,
    ) -> None:
        self._world = world
        self._runner = runner
        self._fleet = fleet
        self._slots = slots
        self._configuring = configuring

    def create(self, request: CreateBalancer) -> tuple[Balancer, list[Operation]]:
        """Make a balancer, and in the short form its listener, target group and targets too."""
        validate_balancing_name(request.name)
        require_range("the idle timeout", request.idle_timeout_s, 1, 4000, "s")
        request = replace(request, tags=validate_plain_tags(request.tags))
        self._fleet.ready()
        shut_out = self._slots.shut_out()
        balancer_id = make_id(IdKind.BALANCER, secrets.token_hex(9))
        made: list[Balancer] = []

        def begin(transaction: Transaction, operation_id: str) -> Json:
            _require_free(transaction, request)
            balancer = self._new(transaction, balancer_id, request, shut_out)
            transaction.balancers.add(balancer)
            made.append(balancer)
            front = self._begin_front(transaction, balancer, request.front)
            transaction.claims.take(front["group_ids"], operation_id)
            return {"balancer_id": balancer_id, "slot": balancer.public_slot, **front}

        operation = self._runner.submit(create_balancer.KIND, balancer_id, begin)
        # As it was then: by now the operation may have failed, and the record with it.
        return made[0], [operation]

    def list_all(self) -> Sequence[Balancer]:
        """Every balancer, oldest first."""
        with self._world.store.read() as transaction:
            return transaction.balancers.all()

    def show(self, ref: str) -> Balancer:
        """The balancer of this id or name."""
        with self._world.store.read() as transaction:
            return find_balancer(transaction, ref)

    def modify(self, ref: str, request: ModifyBalancer) -> tuple[Balancer, list[Operation]]:
        """Change a balancer's settings; of its protection and its tags it need not be told."""
        if request.tags is not None:
            request = replace(request, tags=validate_plain_tags(request.tags))
        balancer_id = self.show(ref).id
        untold = ModifyBalancer(deletion_protection=request.deletion_protection, tags=request.tags)

        def locate(transaction: Transaction) -> str | None:
            balancer = untold.applied_to(find_balancer(transaction, balancer_id))
            return None if request.applied_to(balancer) == balancer else balancer_id

        def edit(change: Change) -> None:
            balancer = find_balancer(change.transaction, balancer_id)
            change.save(RecordKind.BALANCER, request.applied_to(balancer))

        operations = self._configuring.change(locate, edit)
        return self.show(balancer_id), operations

    def delete(self, ref: str) -> list[Operation]:
        """Delete a balancer with its listeners and rules; its target groups stay."""
        balancer_id = self.show(ref).id

        def begin(transaction: Transaction, operation_id: str) -> Json:
            balancer = find_balancer(transaction, balancer_id)
            if balancer.deletion_protection:
                raise InvalidRequest(
                    "OperationNotPermitted",
                    f"balancer {balancer.name} is protected from deletion",
                    f"lift it first: minicloud balancer modify {balancer.name}"
                    " --no-deletion-protection",
                )
            listeners = balancer_records.listeners_of(transaction, balancer_id)
            rules = balancer_records.rules_of(transaction, (each.id for each in listeners))
            own = [*(each.id for each in listeners), *(rule.id for rule in rules)]
            transaction.claims.take(own, operation_id)
            transaction.balancers.save(replace(balancer, state=BalancerState.DELETING))
            return {"balancer_id": balancer_id, "slot": balancer.public_slot}

        self._world.engine.ping()
        return [self._runner.submit(delete_balancer.KIND, balancer_id, begin)]

    def health(self, ref: str) -> list[TargetHealth]:
        """How each target is, group by group."""
        return health_of_balancer(self._world.store, self._fleet, self.show(ref))

    def metrics(self, ref: str) -> dict[str, Any]:
        """The balancer's figures: requests, answers by class, percentiles, healthy counts."""
        return self._fleet.metrics(self.show(ref))

    def logs(self, ref: str, tail: int, *, follow: bool) -> Stream[bytes]:
        """The access log's newest lines, each a JSON object, oldest first."""
        return self._fleet.logs(self.show(ref), tail, follow=follow)

    def _new(
        self,
        transaction: Transaction,
        balancer_id: str,
        request: CreateBalancer,
        shut_out: frozenset[int],
    ) -> Balancer:
        place = self._world.router.place()
        private_slot = transaction.leases.take(
            Pool.PRIVATE, balancer_id, place.slot_count, frozenset()
        )
        public_slot = self._slots.take(transaction, balancer_id, shut_out)
        return Balancer(
            id=balancer_id,
            name=request.name,
            type=request.type,
            state=BalancerState.PROVISIONING,
            private_ip=place.private_ip(private_slot),
            private_slot=private_slot,
            public_ip=place.public_ip(public_slot),
            public_slot=public_slot,
            container_name=naming.container_name(self._world.cloud_name, balancer_id),
            created_at=self._world.clock.now(),
            idle_timeout_s=request.idle_timeout_s,
            http2=request.http2,
            forwarded_for=request.forwarded_for,
            deletion_protection=request.deletion_protection,
            tags=request.tags,
        )

    def _begin_front(
        self, transaction: Transaction, balancer: Balancer, front: Front | None
    ) -> Json:
        """Record what the short form asks for; its part of the operation's input."""
        if front is None:
            return {"group_ids": [], "target_ids": []}
        now = self._world.clock.now()
        is_network = balancer.type is BalancerType.NETWORK
        wanted = CreateTargetGroup(
            name=front.group_name or balancer.name,
            protocol=GroupProtocol.TCP if is_network else GroupProtocol.HTTP,
            port=front.target_port,
            settings=front.settings,
        )
        group = new_group(transaction, wanted, now)
        transaction.target_groups.add(group)
        listening = CreateListener(
            balancer=balancer.id,
            port=front.port,
            action=ForwardAction((WeightedGroup(group.id),)),
            protocol=front.protocol,
            certificate=front.certificate,
            tls_policy=front.tls_policy,
        )
        transaction.listeners.add(new_listener(transaction, balancer, listening, now))
        refs = [TargetRef(instance) for instance in front.instances]
        return {
            "group_ids": [group.id],
            "target_ids": record_targets(transaction, group, refs, now),
        }


def _require_free(transaction: Transaction, request: CreateBalancer) -> None:
    balancers = transaction.balancers.all()
    if any(balancer.name == request.name for balancer in balancers):
        raise Conflict(
            "DuplicateLoadBalancerName",
            f"there is a balancer {shown(request.name)} already",
            "choose another name, or delete that balancer",
        )
    count = sum(balancer.type is request.type for balancer in balancers)
    if count >= BALANCERS_MAX:
        raise CapacityExceeded(
            "TooManyLoadBalancers",
            f"there are {count} balancers of the type {request.type}, which is the limit",
            "delete one: minicloud balancer delete NAME",
        )
