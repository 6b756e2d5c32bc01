"""Resize: a stopped machine is held to another type's limits from its next start on."""

from __future__ import annotations

from dataclasses import replace

from minicloud.domain.catalog import instance_type
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.domain.operation import Json
from minicloud.operations import machine
from minicloud.operations.definition import Definition, Run, Step
from minicloud.ports.store import Transaction

KIND = "resize-instance"


def _hold_to(run: Run, type_name: str) -> None:
    instance = machine.load_instance(run, run.input["instance_id"])
    run.world.engine.ensure_limits(
        instance.container_name, machine.limits_of(instance_type(type_name))
    )


def _set_limits(run: Run) -> Json:
    _hold_to(run, run.input["type"])
    return {}


def _record_type(run: Run, transaction: Transaction, _output: Json) -> None:
    instance = machine.require_instance(transaction, run.input["instance_id"])
    transaction.instances.save(replace(instance, type_name=run.input["type"]))
    transaction.ledger.append(
        LedgerEntry(
            run.world.clock.now(),
            LedgerKind.INSTANCE_TYPE,
            instance.id,
            {"type": run.input["type"], "from_type": instance.type_name},
            run.operation_id,
        )
    )


RESIZE_INSTANCE = Definition(
    kind=KIND,
    steps=(
        Step(
            "set-limits",
            _set_limits,
            record=_record_type,
            undo=lambda run: _hold_to(run, run.input["from_type"]),
        ),
    ),
)
