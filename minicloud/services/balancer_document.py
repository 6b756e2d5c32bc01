"""What a balancer must know, from the records of a moment: the same records, the same document."""

from __future__ import annotations

from minicloud.domain.action import groups_of
from minicloud.domain.balancer import Balancer
from minicloud.domain.instance import InstanceState
from minicloud.domain.target import Registration, Target
from minicloud.operations import balancer_records
from minicloud.operations.machine import require_instance
from minicloud.ports.balancer_plane import (
    BalancerDocument,
    GroupEntry,
    ListenerEntry,
    TargetEntry,
    TargetMode,
)
from minicloud.ports.store import Transaction


def document_of(transaction: Transaction, balancer: Balancer) -> BalancerDocument:
    """All that the balancer must know now."""
    listeners = balancer_records.listeners_of(transaction, balancer.id)
    rules = balancer_records.rules_of(transaction, (listener.id for listener in listeners))
    actions = [*(listener.action for listener in listeners), *(rule.action for rule in rules)]
    group_ids = {group_id for action in actions for group_id in groups_of(action)}
    certificate_ids = {each.certificate_id for each in listeners if each.certificate_id}
    return BalancerDocument(
        balancer=balancer,
        listeners=tuple(
            ListenerEntry(listener, tuple(r for r in rules if r.listener_id == listener.id))
            for listener in listeners
        ),
        groups=tuple(_group(transaction, group_id) for group_id in sorted(group_ids)),
        certificates=tuple(
            certificate
            for certificate in transaction.certificates.all()
            if certificate.id in certificate_ids
        ),
    )


def _group(transaction: Transaction, group_id: str) -> GroupEntry:
    group = transaction.target_groups.get(group_id)
    if group is None:
        raise LookupError(f"an action sends to {group_id}, which there is no record of")
    targets = sorted(transaction.targets.of_group(group_id), key=lambda target: target.id)
    return GroupEntry(group, tuple(_target(transaction, target) for target in targets))


def _target(transaction: Transaction, target: Target) -> TargetEntry:
    instance = require_instance(transaction, target.instance_id)
    mode, reason = TargetMode.ACTIVE, ""
    if target.registration is Registration.DRAINING:
        mode = TargetMode.DRAINING
    elif target.held_by is not None:
        mode, reason = TargetMode.HELD, f"{target.held_by} is at work on the instance"
    elif instance.state is not InstanceState.RUNNING:
        mode, reason = TargetMode.HELD, f"the instance is {instance.state}"
    return TargetEntry(
        id=target.id,
        instance_id=target.instance_id,
        ip=instance.private_ip,
        port=target.port,
        mode=mode,
        drain_until_s=None if target.drain_until is None else target.drain_until.timestamp(),
        reason=reason,
    )
