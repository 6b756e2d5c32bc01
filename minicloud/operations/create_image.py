"""Create image: a machine's disk, frozen while the machine is shut down, and sealed.

The machine is started again as soon as its disk is frozen; sealing happens to the image alone. With
``reboot`` false the machine is only paused while it is frozen, and its file system is as a power
cut would leave it. Either way it is out of its target groups meanwhile, so that no client waits for
it and no health check finds it dead.
"""

from __future__ import annotations

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.operation import Json
from minicloud.operations import image_records, machine, membership
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "create-image"


def _shut_down(run: Run) -> Json:
    left = membership.leave(run, run.input["instance_id"])
    if run.input["must_reboot"]:
        instance = machine.load_instance(run, run.input["instance_id"])
        machine.withdraw_and_stop(run, instance)
    return left


def _bring_back(run: Run) -> None:
    instance_id = run.input["instance_id"]
    if run.input["must_reboot"]:
        instance = machine.load_instance(run, instance_id)
        run.world.engine.ensure_started(instance.container_name)
        machine.publish(run, instance)
    # An operation that an older server began does not say; then it held nothing either.
    if run.input.get("was_running", False):
        membership.join(run, instance_id)


def _freeze(run: Run) -> Json:
    instance = machine.load_instance(run, run.input["instance_id"])
    return image_records.commit(run, instance.container_name)


def _start_again(run: Run) -> Json:
    _bring_back(run)
    return {}


def _seal(run: Run) -> Json:
    return image_records.seal(run, "freeze-disk")


def _record_available(run: Run, transaction: Transaction, output: Json) -> None:
    image_records.record_available(run, transaction, output, "freeze-disk")


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    image_records.record_failed(run, transaction)


CREATE_IMAGE = Definition(
    kind=KIND,
    steps=(
        Step("shut-down", _shut_down, undo=_bring_back),
        Step("freeze-disk", _freeze, undo=image_records.discard),
        Step("start-again", _start_again),
        Step("seal-image", _seal, record=_record_available),
    ),
    settle_failure=_settle_failure,
    result=lambda run: {"image_id": run.input["image_id"]},
)
