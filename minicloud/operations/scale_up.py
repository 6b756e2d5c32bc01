"""Scale up: freeze the machine into an image, launch a better one from it, move the addresses.

The old machine stays shut down from the freezing until the new one has taken over, so nothing that
was written to it is lost; with ``reboot`` false it serves on meanwhile, and what is written to it
after the freezing is lost with it. The new machine must listen on every port that the old one
listened on before the addresses move: where it does not, all is undone and the old one serves
again. The image is sealed after the move, off the path of those who wait; the new machine boots
from the unsealed disk, since it *is* the old machine, on better hardware.

In its target groups the new machine takes the old one's place at the move. An old one that is shut
down has left them before; one that serves on stays until the new one has been checked once, and
then finishes what it has in flight.

Claims: both machines and every address, from beginning to end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from minicloud.domain.errors import MiniCloudError, Unavailable
from minicloud.domain.image import ImageState
from minicloud.domain.instance import Instance, InstanceState, StateReason
from minicloud.domain.listening import await_ports_script, listening_ports
from minicloud.domain.operation import Json
from minicloud.domain.tags import NAME_KEY
from minicloud.operations import image_records, machine, membership
from minicloud.operations.allocate_address import require_address
from minicloud.operations.definition import Definition, Run, Step
from minicloud.operations.stop_instance import USER_STOPPED
from minicloud.ports.store import Transaction

KIND = "scale-up"
_SERVING_TIMEOUT_S = 60
_SCALED_UP = StateReason("Client.UserInitiatedShutdown", "replaced by a scale-up")


def _old(run: Run) -> Instance:
    return machine.load_instance(run, run.input["old_instance_id"])


def _new(run: Run) -> Instance:
    return machine.load_instance(run, run.input["new_instance_id"])


def _note_services(run: Run) -> Json:
    left = membership.leave(run, run.input["old_instance_id"])
    tables = ["/proc/net/tcp", "/proc/net/tcp6"]
    seen = run.world.engine.exec(_old(run).container_name, ["cat", *tables])
    ports = listening_ports(seen.stdout.decode("ascii", "replace"))
    # Where it is to be stopped, the old machine serves no more from here on; journalled with this
    # step, so that a crash in the next does not shorten the downtime.
    return {**left, "ports": ports, "stopping_at": run.world.clock.real.now().isoformat()}


def _record_old_stopping(run: Run, transaction: Transaction, _output: Json) -> None:
    if run.input["must_stop"]:
        old = machine.require_instance(transaction, run.input["old_instance_id"])
        now = run.world.clock.now()
        machine.record_state(transaction, old, InstanceState.STOPPING, now, run.operation_id)


def _shut_down_old(run: Run) -> Json:
    if run.input["must_stop"]:
        run.report("shutting the old machine down", None)
        machine.withdraw_and_stop(run, _old(run))
    return {}


def _record_old_stopped(run: Run, transaction: Transaction, _output: Json) -> None:
    if run.input["must_stop"]:
        old = machine.require_instance(transaction, run.input["old_instance_id"])
        now = run.world.clock.now()
        machine.record_state(
            transaction, old, InstanceState.STOPPED, now, run.operation_id, USER_STOPPED
        )


def _bring_old_back(run: Run) -> None:
    if run.input["must_stop"]:
        old = _old(run)
        run.world.engine.ensure_started(old.container_name)
        machine.publish(run, old)


def _record_old_back(run: Run, transaction: Transaction) -> None:
    old = machine.require_instance(transaction, run.input["old_instance_id"])
    if old.state is not InstanceState.RUNNING and run.input["must_stop"]:
        now = run.world.clock.now()
        machine.record_state(transaction, old, InstanceState.RUNNING, now, run.operation_id)


def _freeze(run: Run) -> Json:
    began_at = run.world.clock.real.now()
    frozen = image_records.commit(run, _old(run).container_name)
    return {**frozen, "frozen_ms": _ms_between(began_at, run.world.clock.real.now())}


def _create_new(run: Run) -> Json:
    machine.ensure_container(run, _new(run), run.input["image_reference"])
    return {}


def _remove_new(run: Run) -> None:
    machine.ensure_gone(run, _new(run))


def _start_new(run: Run) -> Json:
    run.report("starting the new machine", None)
    run.world.engine.ensure_started(_new(run).container_name)
    return {}


def _record_new_running(run: Run, transaction: Transaction, _output: Json) -> None:
    new = machine.require_instance(transaction, run.input["new_instance_id"])
    now = run.world.clock.now()
    machine.record_state(transaction, new, InstanceState.RUNNING, now, run.operation_id)


def _record_new_ending(run: Run, transaction: Transaction) -> None:
    # Nothing may lead to it any more, even where the edge is mended from the records meanwhile.
    new = machine.require_instance(transaction, run.input["new_instance_id"])
    machine.record_ending(transaction, new, run.world.clock.now(), run.operation_id)


def _await_services(run: Run) -> Json:
    ports = tuple(run.output("note-services", "ports"))
    if not ports:
        return {}
    run.report("waiting until the new machine serves", None)
    script = await_ports_script(ports, _SERVING_TIMEOUT_S)
    waited = run.world.engine.exec(
        _new(run).container_name, ["/bin/sh", "-c", script], _SERVING_TIMEOUT_S + 30
    )
    if waited.exit_code != 0:
        wanted = ", ".join(map(str, ports))
        raise Unavailable(
            "ReplacementNotServing",
            f"after {_SERVING_TIMEOUT_S} s the new machine does not listen on all of: {wanted}",
            "the old machine serves again; see why its services do not start at boot",
        )
    return {}


def _move_addresses(run: Run) -> Json:
    began_at = run.world.clock.real.now()
    new = _new(run)
    # A machine that was shut down has no connections left that could be let finish.
    grace_s = 0.0 if run.input["must_stop"] else machine.MOVE_GRACE_S
    for slot in run.input["slots"]:
        machine.route_slot(run, slot, new.private_ip, grace_s)
    if new.public_slot is not None:
        machine.route_slot(run, new.public_slot, new.private_ip, 0)
    moved_at = run.world.clock.real.now()
    return {"moved_at": moved_at.isoformat(), "cut_over_ms": _ms_between(began_at, moved_at)}


def _move_addresses_back(run: Run) -> None:
    old, new = _old(run), _new(run)
    target_ip = None if run.input["must_stop"] else old.private_ip
    for slot in run.input["slots"]:
        machine.route_slot(run, slot, target_ip, 0)
    machine.forget_slot(run, new.public_slot)


def _record_moved(run: Run, transaction: Transaction, _output: Json) -> None:
    now = run.world.clock.now()
    for allocation_id, association_id in run.input["associations"].items():
        address = require_address(transaction, allocation_id)
        new_id = run.input["new_instance_id"]
        machine.record_associated(
            transaction, address, new_id, association_id, now, run.operation_id
        )
    old = machine.require_instance(transaction, run.input["old_instance_id"])
    new = machine.require_instance(transaction, run.input["new_instance_id"])
    # The name goes with the role: who asks for it from now on means the new machine.
    unnamed = {key: value for key, value in old.tags.items() if key != NAME_KEY}
    transaction.instances.save(replace(new, tags=dict(old.tags)))
    transaction.instances.save(replace(old, tags=unnamed))
    membership.record_replaced(transaction, old.id, new.id, now)


def _retire_old(run: Run) -> Json:
    old = _old(run)
    _take_place(run, old)
    run.report("removing the old machine", None)
    if run.world.engine.container(old.container_name) is not None:
        run.world.engine.ensure_stopped(old.container_name, machine.STOP_TIMEOUT_S)
    machine.forget_slot(run, old.public_slot)
    run.world.engine.ensure_removed(old.container_name)
    return {}


def _take_place(run: Run, old: Instance) -> None:
    """Let the new machine serve in the old one's groups before the old one leaves them."""
    with run.world.store.read() as transaction:
        targets = transaction.targets.of_instance(run.input["new_instance_id"])
    if targets:
        membership.tell_of(run, run.input["new_instance_id"])
        run.world.balancers.await_first_checks([target.id for target in targets], run)
        membership.hold(run, old.id)
    membership.leave(run, old.id)


def _record_retired(run: Run, transaction: Transaction, _output: Json) -> None:
    old = machine.require_instance(transaction, run.input["old_instance_id"])
    now = run.world.clock.now()
    machine.record_terminated(transaction, old, now, run.operation_id, _SCALED_UP)


def _seal(run: Run) -> Json:
    membership.tell_of(run, run.input["new_instance_id"])
    return image_records.seal(run, "freeze-disk")


def _record_available(run: Run, transaction: Transaction, output: Json) -> None:
    image_records.record_available(run, transaction, output, "freeze-disk")


def _settle_failure(run: Run, transaction: Transaction, error: MiniCloudError) -> None:
    image = image_records.require_image(transaction, run.input["image_id"])
    if image.state is ImageState.PENDING:
        image_records.record_failed(run, transaction)
    if "retire-old" in run.outputs:
        membership.record_gone(transaction, run.input["old_instance_id"])
        return
    membership.record_let_back(transaction, run.input["old_instance_id"], run.operation_id)
    new = machine.require_instance(transaction, run.input["new_instance_id"])
    reason = StateReason("Server.InternalError", f"{error.code}: {error.message}")
    now = run.world.clock.now()
    machine.record_terminated(transaction, new, now, run.operation_id, reason)
    old = machine.require_instance(transaction, run.input["old_instance_id"])
    if old.state is InstanceState.STOPPING:
        machine.record_state(transaction, old, InstanceState.RUNNING, now, run.operation_id)


def _result(run: Run) -> Json:
    moved_at = datetime.fromisoformat(run.output("move-addresses", "moved_at"))
    stopping_at = datetime.fromisoformat(run.output("note-services", "stopping_at"))
    without_stop_ms = run.output("freeze-disk", "frozen_ms")
    downtime_ms = _ms_between(stopping_at, moved_at) if run.input["must_stop"] else without_stop_ms
    return {
        **{
            key: run.input[key]
            for key in ("old_instance_id", "new_instance_id", "image_id", "from_type", "to_type")
        },
        "addresses": list(run.input["associations"]),
        "downtime_ms": downtime_ms,
        "cut_over_ms": run.output("move-addresses", "cut_over_ms"),
    }


def _ms_between(began_at: datetime, ended_at: datetime) -> float:
    return round((ended_at - began_at).total_seconds() * 1000, 1)


SCALE_UP = Definition(
    kind=KIND,
    steps=(
        Step(
            "note-services",
            _note_services,
            record=_record_old_stopping,
            undo=lambda run: membership.join(run, run.input["old_instance_id"]),
        ),
        Step(
            "shut-down-old",
            _shut_down_old,
            record=_record_old_stopped,
            undo=_bring_old_back,
            unrecord=_record_old_back,
        ),
        Step("freeze-disk", _freeze, undo=image_records.discard),
        Step("create-new", _create_new, undo=_remove_new),
        Step("start-new", _start_new, record=_record_new_running, unrecord=_record_new_ending),
        Step("await-services", _await_services),
        Step("move-addresses", _move_addresses, record=_record_moved, undo=_move_addresses_back),
        Step("retire-old", _retire_old, record=_record_retired),
        Step("seal-image", _seal, record=_record_available),
    ),
    # Once the move is recorded the new machine has the name, the addresses and the clients.
    point_of_no_return="retire-old",
    settle_failure=_settle_failure,
    result=_result,
)
