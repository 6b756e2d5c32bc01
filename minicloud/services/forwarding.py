"""Which target groups a balancer may send to, and how many of what it may have."""

from __future__ import annotations

from dataclasses import replace

from minicloud.domain.action import Action, ForwardAction
from minicloud.domain.balancer import Balancer
from minicloud.domain.errors import Conflict, InvalidRequest
from minicloud.domain.target_group import TargetGroup, require_room_for_targets
from minicloud.operations import balancer_records
from minicloud.ports.store import Transaction
from minicloud.services.configuring import require_unclaimed
from minicloud.services.resolve import find_target_group


def resolved_action(transaction: Transaction, balancer: Balancer, action: Action) -> Action:
    """The action with identifiers for the names of its groups, all of which the balancer may use.

    ``TargetGroupNotFound``, ``TargetGroupAssociationLimit`` where another balancer uses one,
    ``InvalidConfigurationRequest`` where one is not for this type of balancer, ``TooManyTargets``.
    """
    if not isinstance(action, ForwardAction):
        return action
    in_use = balancer_records.groups_in_use(transaction)
    groups = [find_target_group(transaction, weighted.group_id) for weighted in action.groups]
    for group in groups:
        require_fitting(balancer, group)
        user_id = in_use.get(group.id)
        if user_id is None:
            # What is being made or let go by somebody else could go away under our feet.
            require_unclaimed(transaction, group.id)
        elif user_id != balancer.id:
            raise Conflict(
                "TargetGroupAssociationLimit",
                f"target group {group.name} is used by another balancer ({user_id})",
                "make a target group of its own for this one: minicloud target-group create NAME",
            )
    used_then = {group.id for group in groups}
    used_then |= {group_id for group_id, user_id in in_use.items() if user_id == balancer.id}
    require_room(transaction, used_then)
    return replace(
        action,
        groups=tuple(
            replace(weighted, group_id=group.id)
            for weighted, group in zip(action.groups, groups, strict=True)
        ),
    )


def require_fitting(balancer: Balancer, group: TargetGroup) -> None:
    """HTTP groups are for application balancers, TCP groups for network balancers."""
    if group.protocol.balancer_type is not balancer.type:
        raise InvalidRequest(
            "InvalidConfigurationRequest",
            f"target group {group.name} speaks {group.protocol}, which {balancer.name}, of type"
            f" {balancer.type}, does not",
            "application balancers send to HTTP groups, network balancers to TCP groups",
        )


def require_room(transaction: Transaction, group_ids: set[str], more: int = 0) -> None:
    """Hold the targets of these groups, all of one balancer, to what a balancer can have."""
    count = sum(target.group_id in group_ids for target in transaction.targets.all())
    require_room_for_targets(count + more)
