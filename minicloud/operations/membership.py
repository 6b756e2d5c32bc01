"""The moves that several operations make with one machine's places in target groups.

A machine that is about to be stopped, frozen or ended *leaves* first: its targets are held by the
operation, which the records say from the operation's beginning; its balancers send it nothing new,
and what it has in flight is let finish. Afterwards it *joins* again. A machine that is in no target
group costs one look at the records, and no call of the engine.

To leave is strict: where a balancer cannot be told, the machine must not go down. To tell of what
is so already is not: a balancer that cannot be reached then is told by the keeper as soon as it can
be (``controllers.keep_balancers``), and nobody's machine waits for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from minicloud.domain.errors import EngineUnreachable, MiniCloudError
from minicloud.domain.operation import Json
from minicloud.domain.target import Registration, Target, target_id
from minicloud.operations import balancer_records
from minicloud.operations.definition import Run
from minicloud.ports.store import Transaction

log = logging.getLogger(__name__)


def record_registered(
    transaction: Transaction, group_id: str, instance_id: str, port: int, at: datetime
) -> Target | None:
    """Record that a machine's port is in a group, also where it was draining out of it.

    None where it is registered already, and nothing changes.
    """
    target = Target(target_id(group_id, instance_id, port), group_id, instance_id, port, at)
    known = transaction.targets.get(target.id)
    if known is None:
        transaction.targets.add(target)
    elif known.registration is Registration.DRAINING:
        transaction.targets.save(target)
    else:
        return None
    return target


def record_draining(
    transaction: Transaction, target: Target, operation_id: str, real_now: datetime
) -> None:
    """Record that an operation takes the target out of its group, from now on and for good."""
    transaction.targets.save(
        replace(
            target,
            registration=Registration.DRAINING,
            drain_until=_deadline(transaction, target, real_now),
            held_by=operation_id,
        )
    )


def record_held(
    transaction: Transaction, instance_id: str, operation_id: str, real_now: datetime
) -> None:
    """Record that an operation takes the machine out of its groups for a while; safe to repeat."""
    for target in transaction.targets.of_instance(instance_id):
        if target.registration is Registration.REGISTERED and target.held_by != operation_id:
            deadline = _deadline(transaction, target, real_now)
            transaction.targets.save(replace(target, held_by=operation_id, drain_until=deadline))


def record_let_back(transaction: Transaction, instance_id: str, operation_id: str) -> None:
    """Record that the operation has taken its hands off the machine's targets."""
    for target in transaction.targets.of_instance(instance_id):
        if _is_held(target, operation_id):
            transaction.targets.save(replace(target, held_by=None, drain_until=None))


def record_replaced(transaction: Transaction, old_id: str, new_id: str, at: datetime) -> None:
    """Record that a machine takes another's place in each of its groups, beside it at first."""
    for target in transaction.targets.of_instance(old_id):
        if target.registration is Registration.REGISTERED:
            record_registered(transaction, target.group_id, new_id, target.port, at)


def record_gone(transaction: Transaction, instance_id: str) -> None:
    """Record that the machine is in no group any more."""
    for target in transaction.targets.of_instance(instance_id):
        transaction.targets.remove(target.id)


def hold(run: Run, instance_id: str) -> None:
    """Record that the operation holds the machine's targets, apart from any step."""
    real_now = run.world.clock.real.now()
    run.write(lambda t: record_held(t, instance_id, run.operation_id, real_now))


def leave(run: Run, instance_id: str) -> Json:
    """Have nothing new sent to a machine whose targets are held, and let it finish what it has.

    The answer: ``balancers``, those that were told, ``waited_ms`` and what was ``left``.
    """
    with run.world.store.read() as transaction:
        leaving = [
            target
            for target in transaction.targets.of_instance(instance_id)
            if target.registration is Registration.DRAINING or target.held_by == run.operation_id
        ]
        told = balancer_records.balancers_of(transaction, leaving)
    if not told:
        return {}
    for balancer_id in told:
        run.world.balancers.apply(balancer_id)
    drained = run.world.balancers.await_drained([target.id for target in leaving], run)
    return {"balancers": told, **drained}


def join(run: Run, instance_id: str) -> None:
    """Let a machine that has left back into its groups; safe where it never left."""
    with run.world.store.read() as transaction:
        targets = transaction.targets.of_instance(instance_id)
    if any(_is_held(target, run.operation_id) for target in targets):
        run.write(lambda t: record_let_back(t, instance_id, run.operation_id))
    if targets:
        tell_of(run, instance_id)


def tell_of(run: Run, instance_id: str) -> None:
    """Tell the machine's balancers how it is now."""
    with run.world.store.read() as transaction:
        targets = transaction.targets.of_instance(instance_id)
        told = balancer_records.balancers_of(transaction, targets)
    tell(run, told)


def tell(run: Run, balancer_ids: Sequence[str]) -> None:
    """Have balancers follow the records; one that cannot be reached is left to the keeper."""
    for balancer_id in balancer_ids:
        try:
            run.world.balancers.apply(balancer_id)
        except EngineUnreachable:
            raise
        except MiniCloudError as error:
            log.warning("%s is told later: %s", balancer_id, error)
            run.report(f"its balancer is told later: {error.message}", None)


def _is_held(target: Target, operation_id: str) -> bool:
    return target.registration is Registration.REGISTERED and target.held_by == operation_id


def _deadline(transaction: Transaction, target: Target, real_now: datetime) -> datetime:
    """Until when a target that leaves now may finish what it has in flight."""
    group = transaction.target_groups.get(target.group_id)
    if group is None:
        raise LookupError(f"{target.id} is in a group that there is no record of")
    return real_now + timedelta(seconds=group.deregistration_delay_s)
