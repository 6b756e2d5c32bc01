"""Launch: a container from an image, started, with a public address in front of it.

Concurrency: the claim on the new instance's id is enough; nobody else knows it yet. Everything can
be undone until the end, so a launch that fails leaves a terminated record and nothing else.
"""

from __future__ import annotations

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.instance import StateReason
from minicloud.domain.operation import Json
from minicloud.operations import machine
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "launch-instance"


def _create(run: Run) -> Json:
    instance = machine.load_instance(run, run.input["instance_id"])
    machine.ensure_container(run, instance, run.input["image_reference"])
    return {}


def _remove(run: Run) -> None:
    machine.ensure_gone(run, machine.load_instance(run, run.input["instance_id"]))


def _start(run: Run) -> Json:
    machine.start_and_publish(run, machine.load_instance(run, run.input["instance_id"]))
    return {}


def _unpublish(run: Run) -> None:
    instance = machine.load_instance(run, run.input["instance_id"])
    machine.forget_slot(run, instance.public_slot)


def _settle_failure(run: Run, transaction: Transaction, error: MiniCloudError) -> None:
    instance = machine.require_instance(transaction, run.input["instance_id"])
    reason = StateReason("Server.InternalError", f"{error.code}: {error.message}")
    now = run.world.clock.now()
    machine.record_terminated(transaction, instance, now, run.operation_id, reason)


LAUNCH_INSTANCE = Definition(
    kind=KIND,
    steps=(
        Step("create-container", _create, undo=_remove),
        Step("start-and-publish", _start, record=machine.record_running, undo=_unpublish),
    ),
    settle_failure=_settle_failure,
    result=lambda run: {"instance_id": run.input["instance_id"]},
)
