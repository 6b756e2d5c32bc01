"""A journal that can be trusted: nothing moves as it may not."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from minicloud.domain.operation import Operation, OperationStatus, StepPhase, StepRecord

AT = datetime(2030, 1, 1, tzinfo=UTC)
STATUS, PHASE = OperationStatus, StepPhase
LAWFUL = {
    (STATUS.RUNNING, STATUS.UNWINDING),
    (STATUS.RUNNING, STATUS.SUCCEEDED),
    (STATUS.RUNNING, STATUS.FAILED),
    (STATUS.UNWINDING, STATUS.FAILED),
}
LAWFUL_PHASES = {
    (PHASE.STARTED, PHASE.STARTED),
    (PHASE.STARTED, PHASE.DONE),
    (PHASE.STARTED, PHASE.UNDONE),
    (PHASE.DONE, PHASE.UNDONE),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATUS, STATUS)))
def test_only_lawful_changes_of_status_are_possible(
    before: OperationStatus, after: OperationStatus
) -> None:
    operation = Operation("op-1", "k", before, "i-1", {}, ("a",), AT)
    if (before, after) in LAWFUL:
        changed = operation.entering(after, AT)
        assert changed.status is after
        assert (changed.ended_at is not None) == after.has_ended
    else:
        with pytest.raises(ValueError, match="cannot go from"):
            operation.entering(after, AT)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(PHASE, PHASE)))
def test_only_lawful_changes_of_a_step_are_possible(before: StepPhase, after: StepPhase) -> None:
    record = StepRecord("a", before, AT, output={"k": 1})
    if (before, after) in LAWFUL_PHASES:
        changed = record.entering(after, AT)
        assert changed.phase is after
        assert changed.output == {"k": 1}
        assert changed.attempts == 1 + (after is PHASE.STARTED)
    else:
        with pytest.raises(ValueError, match="cannot go from"):
            record.entering(after, AT)


@pytest.mark.parametrize("phase", [PHASE.DONE, PHASE.UNDONE])
def test_a_step_that_was_never_started_cannot_be_done(phase: StepPhase) -> None:
    operation = Operation("op-1", "k", STATUS.RUNNING, "i-1", {}, ("a",), AT)
    with pytest.raises(ValueError, match="never started"):
        operation.with_step(StepRecord("a", phase, AT))
