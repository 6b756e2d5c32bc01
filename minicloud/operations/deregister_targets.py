"""Deregister targets: nothing new is sent to them, what is in flight finishes, then they are gone.

Concurrency: nothing is claimed, so that any number of deregistrations of one group drain side by
side, and a target can be registered again while it drains. A target's record says which operation
drains it (``held_by``); what another has taken over since is left alone.
"""

from __future__ import annotations

from dataclasses import replace

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.operation import Json
from minicloud.domain.target import Registration, Target
from minicloud.operations import membership
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "deregister-targets"
STOP_SENDING = "stop-sending"


def _stop_sending(run: Run) -> Json:
    run.world.balancers.apply(run.input["balancer_id"])
    return {}


def _send_again(run: Run) -> None:
    def put_back(transaction: Transaction) -> None:
        for target in _own(run, transaction):
            holder = _present_holder(transaction, run.input["held_by"].get(target.id))
            transaction.targets.save(
                replace(
                    target,
                    registration=Registration.REGISTERED,
                    held_by=holder,
                    drain_until=None if holder is None else target.drain_until,
                )
            )

    run.write(put_back)
    membership.tell(run, [run.input["balancer_id"]])


def _present_holder(transaction: Transaction, operation_id: str | None) -> str | None:
    """Who held the target before, if that operation is still at it."""
    holder = None if operation_id is None else transaction.operations.get(operation_id)
    return None if holder is None or holder.status.has_ended else holder.id


def _drain(run: Run) -> Json:
    return run.world.balancers.await_drained(run.input["target_ids"], run)


def _record_gone(run: Run, transaction: Transaction, _output: Json) -> None:
    for target in _own(run, transaction):
        transaction.targets.remove(target.id)


def _forget(run: Run) -> Json:
    membership.tell(run, [run.input["balancer_id"]])
    return {}


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    if "drain" in run.outputs:
        _record_gone(run, transaction, {})


def _own(run: Run, transaction: Transaction) -> list[Target]:
    """Those of the targets that this operation still drains."""
    found = [transaction.targets.get(target_id) for target_id in run.input["target_ids"]]
    return [
        target
        for target in found
        if target is not None
        and target.registration is Registration.DRAINING
        and target.held_by == run.operation_id
    ]


DEREGISTER_TARGETS = Definition(
    kind=KIND,
    steps=(
        Step(STOP_SENDING, _stop_sending, undo=_send_again),
        Step("drain", _drain, record=_record_gone),
        Step("forget", _forget),
    ),
    # What has been turned away once is let go.
    point_of_no_return="drain",
    settle_failure=_settle_failure,
    claims_subject=False,
    result=lambda run: dict(run.outputs["drain"]),
)
