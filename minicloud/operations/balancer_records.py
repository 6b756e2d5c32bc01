"""Who uses what among balancers, listeners, rules and target groups, by the records of a moment."""

from __future__ import annotations

from collections.abc import Iterable

from minicloud.domain.action import groups_of
from minicloud.domain.balancer import Balancer
from minicloud.domain.listener import Listener
from minicloud.domain.rule import Rule
from minicloud.domain.target import Target
from minicloud.ports.store import Transaction


def require_balancer(transaction: Transaction, balancer_id: str) -> Balancer:
    """The balancer's record; its absence would be a defect."""
    balancer = transaction.balancers.get(balancer_id)
    if balancer is None:
        raise LookupError(f"there is no record of {balancer_id}")
    return balancer


def listeners_of(transaction: Transaction, balancer_id: str) -> list[Listener]:
    """A balancer's listeners, by port."""
    own = [each for each in transaction.listeners.all() if each.balancer_id == balancer_id]
    return sorted(own, key=lambda listener: listener.port)


def rules_of(transaction: Transaction, listener_ids: Iterable[str]) -> list[Rule]:
    """The rules of these listeners, the first to be tried first."""
    wanted = frozenset(listener_ids)
    own = [rule for rule in transaction.rules.all() if rule.listener_id in wanted]
    return sorted(own, key=lambda rule: (rule.priority, rule.id))


def groups_in_use(transaction: Transaction) -> dict[str, str]:
    """Which balancer uses which target group: by group, the balancer's identifier."""
    listeners = transaction.listeners.all()
    owners = {listener.id: listener.balancer_id for listener in listeners}
    actions = [(listener.balancer_id, listener.action) for listener in listeners]
    actions += [
        (owners[rule.listener_id], rule.action)
        for rule in transaction.rules.all()
        if rule.listener_id in owners
    ]
    return {
        group_id: balancer_id for balancer_id, action in actions for group_id in groups_of(action)
    }


def serving_balancer_of(transaction: Transaction, group_id: str) -> Balancer | None:
    """The balancer that sends to this group; None where none does, or one on its way out."""
    balancer_id = groups_in_use(transaction).get(group_id)
    balancer = None if balancer_id is None else transaction.balancers.get(balancer_id)
    return balancer if balancer is not None and balancer.is_serving else None


def balancers_of(transaction: Transaction, targets: Iterable[Target]) -> list[str]:
    """The balancers that know of these targets."""
    group_ids = {target.group_id for target in targets}
    if not group_ids:
        return []
    in_use = groups_in_use(transaction)
    return sorted({in_use[group_id] for group_id in group_ids if group_id in in_use})
