"""How targets are: what their balancer says, and what the records say where none knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minicloud.domain.balancer import Balancer
from minicloud.domain.target import Registration, Target, TargetState
from minicloud.domain.target_group import TargetGroup
from minicloud.operations import balancer_records
from minicloud.ports.balancer_plane import TargetHealth
from minicloud.ports.store import Store
from minicloud.services.balancer_fleet import BalancerFleet


def health_of_balancer(
    store: Store, fleet: BalancerFleet, balancer: Balancer
) -> list[TargetHealth]:
    """Each target of each group that the balancer uses, group by group."""
    with store.read() as transaction:
        in_use = balancer_records.groups_in_use(transaction)
        targets = [
            target
            for target in transaction.targets.all()
            if in_use.get(target.group_id) == balancer.id
        ]
    return _said(fleet, balancer, sorted(targets, key=lambda target: target.group_id))


def health_of_group(store: Store, fleet: BalancerFleet, group: TargetGroup) -> list[TargetHealth]:
    """Each target of the group."""
    with store.read() as transaction:
        balancer = balancer_records.serving_balancer_of(transaction, group.id)
        targets = transaction.targets.of_group(group.id)
    if balancer is None:
        return [_unused(target) for target in targets]
    return _said(fleet, balancer, targets)


def _said(
    fleet: BalancerFleet, balancer: Balancer, targets: Sequence[Target]
) -> list[TargetHealth]:
    known = {health.target_id: health for health in fleet.health(balancer)}
    return [_newest(known.get(target.id), target) for target in targets]


def _newest(said: TargetHealth | None, target: Target) -> TargetHealth:
    """What is true: a balancer that has yet to be told of a change speaks of what was before."""
    is_draining = target.registration is Registration.DRAINING
    if said is not None and is_draining is (said.state is TargetState.DRAINING):
        return said
    return _draining(target) if is_draining else _registering(target)


def _from_records(
    state: TargetState, reason: str, description: str
) -> Callable[[Target], TargetHealth]:
    def health(target: Target) -> TargetHealth:
        since_s = target.registered_at.timestamp()
        return TargetHealth(target.id, target.group_id, state, reason, description, since_s, 0)

    return health


# Codes and texts: ELBv2's.
_unused = _from_records(
    TargetState.UNUSED,
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
_draining = _from_records(
    TargetState.DRAINING,
    "Target.DeregistrationInProgress",
    "Target deregistration is in progress",
)
_registering = _from_records(
    TargetState.INITIAL,
    "Elb.RegistrationInProgress",
    "Target registration is in progress",
)
