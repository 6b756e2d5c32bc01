"""Stop: the machine shuts down; its disk and private address stay, its public address goes.

Its balancers send it nothing new, and what it has in flight is finished, before anything is closed.
"""

from __future__ import annotations

from dataclasses import replace

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.instance import InstanceState, StateReason
from minicloud.domain.operation import Json
from minicloud.operations import machine, membership
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "stop-instance"
USER_STOPPED = StateReason("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown")


def _withdraw(run: Run) -> Json:
    left = membership.leave(run, run.input["instance_id"])
    machine.withdraw(run, machine.load_instance(run, run.input["instance_id"]))
    return left


def _stop(run: Run) -> Json:
    instance = machine.load_instance(run, run.input["instance_id"])
    # An operation that an older server began does not say.
    timeout_s = 0 if run.input.get("by_force", False) else machine.STOP_TIMEOUT_S
    run.world.engine.ensure_stopped(instance.container_name, timeout_s)
    return {}


def _record_stopped(run: Run, transaction: Transaction, _output: Json) -> None:
    instance = machine.require_instance(transaction, run.input["instance_id"])
    machine.record_state(
        transaction,
        # It leads nowhere any more; its place is given back when the edge has forgotten it.
        replace(instance, public_ip=None),
        InstanceState.STOPPED,
        run.world.clock.now(),
        run.operation_id,
        USER_STOPPED,
    )
    # From here on its state alone keeps it out of its groups.
    membership.record_let_back(transaction, instance.id, run.operation_id)


def _forget_address(run: Run) -> Json:
    membership.tell_of(run, run.input["instance_id"])
    instance = machine.load_instance(run, run.input["instance_id"])
    machine.forget_slot(run, instance.public_slot)
    return {}


def _record_address_freed(run: Run, transaction: Transaction, _output: Json) -> None:
    machine.drop_public_slot(
        transaction, machine.require_instance(transaction, run.input["instance_id"])
    )


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    membership.record_let_back(transaction, run.input["instance_id"], run.operation_id)


STOP_INSTANCE = Definition(
    kind=KIND,
    steps=(
        Step("withdraw-address", _withdraw),
        Step("stop-container", _stop, record=_record_stopped),
        Step("free-address", _forget_address, record=_record_address_freed),
    ),
    # Half-way through a shutdown there is no machine to turn back to.
    point_of_no_return="withdraw-address",
    settle_failure=_settle_failure,
)
