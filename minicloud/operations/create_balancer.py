"""Create balancer: a container that balances, an address in front of it, and its first targets.

The records of the balancer, and in the short form of its listener, its target group and its targets
too, are made with the operation; where it fails, they go with it. Everything can be undone until
clients can reach the balancer; that its targets have been checked once is waited for and no more.
"""

from __future__ import annotations

from dataclasses import replace

from minicloud.domain.balancer import Balancer, BalancerState
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations import balancer_records, machine
from minicloud.operations.balancer_records import require_balancer
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Pool, Transaction

KIND = "create-balancer"


def append_balancer(
    run: Run, transaction: Transaction, kind: LedgerKind, balancer: Balancer
) -> None:
    """Say in the ledger that there is a balancer, or no longer."""
    facts = {"name": balancer.name, "type": balancer.type.value}
    now = run.world.clock.now()
    transaction.ledger.append(LedgerEntry(now, kind, balancer.id, facts, run.operation_id))


def record_removed(transaction: Transaction, balancer: Balancer) -> None:
    """Record that a balancer is no more, nor its listeners and rules; its groups stay."""
    listener_ids = [each.id for each in balancer_records.listeners_of(transaction, balancer.id)]
    for rule in balancer_records.rules_of(transaction, listener_ids):
        transaction.rules.remove(rule.id)
    for listener_id in listener_ids:
        transaction.listeners.remove(listener_id)
    transaction.balancers.remove(balancer.id)
    transaction.leases.free(Pool.PRIVATE, balancer.private_slot)
    transaction.leases.free(Pool.PUBLIC, balancer.public_slot)


def _create(run: Run) -> Json:
    run.report("making the balancer's container", None)
    run.world.balancers.bring_up(run.input["balancer_id"])
    return {}


def _remove(run: Run) -> None:
    run.world.balancers.take_away(run.input["balancer_id"])


def _configure(run: Run) -> Json:
    run.world.balancers.apply(run.input["balancer_id"])
    return {}


def _publish(run: Run) -> Json:
    with run.world.store.read() as transaction:
        balancer = require_balancer(transaction, run.input["balancer_id"])
    machine.route_slot(run, balancer.public_slot, balancer.private_ip, 0)
    return {}


def _record_active(run: Run, transaction: Transaction, _output: Json) -> None:
    balancer = require_balancer(transaction, run.input["balancer_id"])
    transaction.balancers.save(replace(balancer, state=BalancerState.ACTIVE))
    append_balancer(run, transaction, LedgerKind.BALANCER_CREATED, balancer)


def _await_first_checks(run: Run) -> Json:
    run.world.balancers.await_first_checks(run.input["target_ids"], run)
    return {}


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    if "await-first-checks" in run.outputs:
        return
    record_removed(transaction, require_balancer(transaction, run.input["balancer_id"]))
    for group_id in run.input["group_ids"]:
        for target in transaction.targets.of_group(group_id):
            transaction.targets.remove(target.id)
        transaction.target_groups.remove(group_id)


CREATE_BALANCER = Definition(
    kind=KIND,
    steps=(
        Step("create-container", _create, undo=_remove),
        Step("configure", _configure),
        Step(
            "publish-address",
            _publish,
            record=_record_active,
            undo=lambda run: machine.forget_slot(run, run.input["slot"]),
        ),
        Step("await-first-checks", _await_first_checks),
    ),
    # From here on there is a balancer, whatever becomes of its targets.
    point_of_no_return="await-first-checks",
    settle_failure=_settle_failure,
    result=lambda run: {"balancer_id": run.input["balancer_id"]},
)
