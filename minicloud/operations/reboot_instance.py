"""Reboot: the machine shuts down and starts again; addresses, disk and state stay as they are.

Meanwhile it is out of its target groups.
"""

from __future__ import annotations

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.operation import Json
from minicloud.operations import machine, membership
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "reboot-instance"


def _note_boot(run: Run) -> Json:
    left = membership.leave(run, run.input["instance_id"])
    return {**left, "booted_at": _booted_at(run)}


def _restart(run: Run) -> Json:
    # A machine that has booted since the note was rebooted by an earlier try of this step.
    if _booted_at(run) == run.output("note-boot", "booted_at"):
        instance = machine.load_instance(run, run.input["instance_id"])
        run.world.engine.restart(instance.container_name, machine.STOP_TIMEOUT_S)
    membership.join(run, run.input["instance_id"])
    return {"booted_at": _booted_at(run)}


def _booted_at(run: Run) -> str | None:
    instance = machine.load_instance(run, run.input["instance_id"])
    container = run.world.engine.container(instance.container_name)
    if container is None or container.started_at is None:
        return None
    return container.started_at.isoformat()


def _settle_failure(run: Run, transaction: Transaction, _error: MiniCloudError) -> None:
    membership.record_let_back(transaction, run.input["instance_id"], run.operation_id)


REBOOT_INSTANCE = Definition(
    kind=KIND,
    steps=(
        Step(
            "note-boot",
            _note_boot,
            undo=lambda run: membership.join(run, run.input["instance_id"]),
        ),
        Step("restart-container", _restart),
    ),
    point_of_no_return="restart-container",
    settle_failure=_settle_failure,
)
