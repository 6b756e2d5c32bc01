"""A durable operation's record: what was asked, which steps have been done, how it ended.

::

    running ──► succeeded
       │
       └──► unwinding ──► failed          (a step failed before the point of no return)

Each step goes ``started`` → ``done``, and where the operation unwinds, on to ``undone``. Anything
else is a defect and raises ``ValueError``, so that a journal can be trusted after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class OperationStatus(StrEnum):
    """Where an operation stands."""

    RUNNING = "running"
    UNWINDING = "unwinding"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen any more."""
        return self in {OperationStatus.SUCCEEDED, OperationStatus.FAILED}


class StepPhase(StrEnum):
    """Where a step of an operation stands."""

    STARTED = "started"
    DONE = "done"
    UNDONE = "undone"


_LAWFUL_STATUS = {
    OperationStatus.RUNNING: {
        OperationStatus.UNWINDING,
        OperationStatus.SUCCEEDED,
        OperationStatus.FAILED,
    },
    OperationStatus.UNWINDING: {OperationStatus.FAILED},
    OperationStatus.SUCCEEDED: set[OperationStatus](),
    OperationStatus.FAILED: set[OperationStatus](),
}
_LAWFUL_PHASE: dict[StepPhase | None, set[StepPhase]] = {
    None: {StepPhase.STARTED},
    StepPhase.STARTED: {StepPhase.STARTED, StepPhase.DONE, StepPhase.UNDONE},
    StepPhase.DONE: {StepPhase.UNDONE},
    StepPhase.UNDONE: set[StepPhase](),
}


@dataclass(frozen=True)
class OperationError:
    """Why an operation failed, or what it waits for."""

    code: str
    message: str
    resolution: str = ""


@dataclass(frozen=True)
class StepRecord:
    """One step in the journal. ``attempts`` counts how often it was begun."""

    name: str
    phase: StepPhase
    started_at: datetime
    ended_at: datetime | None = None
    attempts: int = 1
    output: Json = field(default_factory=dict)

    def entering(self, phase: StepPhase, at: datetime, output: Json | None = None) -> StepRecord:
        """The record after the step has moved on; illegal moves raise ``ValueError``."""
        if phase not in _LAWFUL_PHASE[self.phase]:
            raise ValueError(f"step {self.name} cannot go from {self.phase} to {phase}")
        if phase is StepPhase.STARTED:
            return replace(self, attempts=self.attempts + 1)
        kept = self.output if output is None else output
        return replace(self, phase=phase, ended_at=at, output=kept)


@dataclass(frozen=True)
class Operation:
    """An operation. ``subject_id`` is the resource it is mainly about.

    ``step_names`` is the plan; ``steps`` holds what the journal has of it. ``waiting_for`` is set
    while the world keeps the operation from going on (no engine answers). All times are real ones,
    also in a cloud whose clock is simulated: they say how long the work has taken.
    """

    id: str
    kind: str
    status: OperationStatus
    subject_id: str
    input: Json
    step_names: tuple[str, ...]
    created_at: datetime
    ended_at: datetime | None = None
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    result: Json = field(default_factory=dict)
    error: OperationError | None = None
    waiting_for: OperationError | None = None

    def entering(self, status: OperationStatus, at: datetime) -> Operation:
        """The operation after a change of status; illegal changes raise ``ValueError``."""
        if status not in _LAWFUL_STATUS[self.status]:
            raise ValueError(f"operation {self.id} cannot go from {self.status} to {status}")
        return replace(self, status=status, ended_at=at if status.has_ended else None)

    def with_step(self, record: StepRecord) -> Operation:
        """The operation with this step's record in place of the earlier one."""
        earlier = self.steps.get(record.name)
        if earlier is None and record.phase not in _LAWFUL_PHASE[None]:
            raise ValueError(f"step {record.name} was never started")
        return replace(self, steps={**self.steps, record.name: record})

    def is_done(self, step_name: str) -> bool:
        """Whether the journal has this step as done."""
        record = self.steps.get(step_name)
        return record is not None and record.phase is StepPhase.DONE
