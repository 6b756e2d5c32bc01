"""The runner: carries operations out, step by step, and takes them up again after a crash."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import zip_longest

from minicloud.domain.errors import EngineUnreachable, MiniCloudError, NotFound, Unavailable
from minicloud.domain.ids import IdKind, make_id
from minicloud.domain.operation import (
    Json,
    Operation,
    OperationError,
    OperationStatus,
    StepPhase,
    StepRecord,
)
from minicloud.operations.definition import Definition, Run, Step, World
from minicloud.operations.progress import ProgressBoard
from minicloud.ports.store import Transaction

_PARALLEL_OPERATIONS = 40

log = logging.getLogger(__name__)


# Called at every boundary of a step with the operation, the step's name and the moment: ``started``
# (journalled, not yet done), ``acted`` (done, not yet journalled), ``undoing`` and ``undid`` on the
# way back. The crash tests end the process in it.
Checkpoint = Callable[[Operation, str, str], None]
Begin = Callable[[Transaction, str], Json]


def pass_boundary(_operation: Operation, _step_name: str, _moment: str) -> None:
    """The checkpoint of a server that nobody tests: go on."""


class ServerStopping(Exception):
    """The server goes down; the operation is left as the journal has it and goes on later."""


@dataclass(frozen=True)
class Patience:
    """How a step is tried again: after which delays, and how often where it cannot turn back."""

    first_delay_s: float = 0.25
    longest_delay_s: float = 4.0
    roll_forward_attempts: int = 5

    def next_delay_s(self, delay_s: float) -> float:
        """The delay that follows this one."""
        return min(delay_s * 2, self.longest_delay_s)


@dataclass(frozen=True)
class _Means:
    """What every operation of one runner works with."""

    world: World
    progress: ProgressBoard
    checkpoint: Checkpoint
    patience: Patience
    stopping: threading.Event


class Runner:
    """Runs operations, each in a thread of its own, against one world."""

    def __init__(
        self,
        world: World,
        definitions: Sequence[Definition],
        progress: ProgressBoard,
        checkpoint: Checkpoint = pass_boundary,
        patience: Patience = Patience(),
    ) -> None:
        self._world = world
        self._definitions = {definition.kind: definition for definition in definitions}
        self._progress = progress
        self._stopping = threading.Event()
        self._means = _Means(world, progress, checkpoint, patience, self._stopping)
        self._threads = ThreadPoolExecutor(_PARALLEL_OPERATIONS, thread_name_prefix="operation")

    def submit(
        self,
        kind: str,
        subject_id: str,
        begin: Begin,
        claims: Sequence[str] = (),
    ) -> Operation:
        """Journal an operation and set it going.

        ``begin`` runs in the transaction that journals it, after ``claims`` were taken: it checks
        the request against what is true now, makes the first records and returns the operation's
        input. What it raises is the caller's error, and then nothing has happened.
        """
        with self._world.store.write() as transaction:
            operation = self.journal(transaction, kind, subject_id, begin, claims)
        self.launch(operation)
        return operation

    def journal(
        self,
        transaction: Transaction,
        kind: str,
        subject_id: str,
        begin: Begin,
        claims: Sequence[str] = (),
    ) -> Operation:
        """Journal an operation in the caller's transaction; ``launch`` it when that has ended."""
        operation_id = make_id(IdKind.OPERATION, secrets.token_hex(9))
        definition = self._definitions[kind]
        claimed = {subject_id, *claims} if definition.claims_subject else set(claims)
        transaction.claims.take(sorted(claimed), operation_id)
        operation = Operation(
            id=operation_id,
            kind=kind,
            status=OperationStatus.RUNNING,
            subject_id=subject_id,
            input=begin(transaction, operation_id),
            step_names=definition.step_names,
            created_at=self._world.clock.real.now(),
        )
        transaction.operations.add(operation)
        operation = _with_begun(operation, definition.steps[0], operation.created_at)
        transaction.operations.save(operation)
        return operation

    def launch(self, operation: Operation) -> None:
        """Set an operation going that was journalled just now, its first step as begun.

        One that comes while the server ends is left to the next, as those under way are.
        """
        with suppress(RuntimeError):
            self._threads.submit(self._carry_out, operation, is_fresh=True)

    def resume(self) -> Sequence[Operation]:
        """Take up every operation that a crash or a shutdown left unfinished."""
        with self._world.store.read() as transaction:
            unfinished = transaction.operations.unfinished()
        for operation in unfinished:
            self._threads.submit(self._carry_out, operation, is_fresh=False)
        return unfinished

    def stop(self) -> None:
        """Let every operation finish the step it is in, start no other, and return."""
        self._stopping.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _carry_out(self, operation: Operation, *, is_fresh: bool) -> None:
        journey = _Journey(self._definitions[operation.kind], operation, self._means)
        try:
            journey.travel(is_fresh=is_fresh)
        except ServerStopping:
            log.info("operation %s is left to the next server", operation.id)
        except Exception as error:
            # A defect of ours, or a step that can neither be done nor undone: the record stays
            # unfinished and its claims held, so nothing touches what is in an unknown state.
            log.exception("operation %s (%s) stopped short", operation.id, operation.kind)
            journey.tell_of_standstill(error)


class _Journey:
    """One operation's way through its steps, forward and, if it must, back."""

    def __init__(self, definition: Definition, operation: Operation, means: _Means) -> None:
        self._definition = definition
        self._operation = operation
        self._world = means.world
        self._progress = means.progress
        self._checkpoint = means.checkpoint
        self._patience = means.patience
        self._stopping = means.stopping

    def travel(self, *, is_fresh: bool) -> None:
        """Bring the operation to its end. ``is_fresh``: its first step was journalled just now."""
        if self._operation.status is OperationStatus.RUNNING:
            try:
                self._go_forward(is_fresh=is_fresh)
            except MiniCloudError as error:
                self._turn_back(error)
        if self._operation.status is OperationStatus.UNWINDING:
            self._unwind()

    def tell_of_standstill(self, error: Exception) -> None:
        """Say in the record why nothing moves any more, so that nobody waits in vain."""
        said = OperationError(
            "OperationStandsStill",
            f"it can go neither on nor back ({type(error).__name__}: {error})",
            "mend what is wrong, then let a new server try: minicloud down, minicloud up",
        )
        try:
            self._write(replace(self._operation, waiting_for=said))
        except Exception:
            log.exception("operation %s cannot even say that it stands still", self._operation.id)

    def _go_forward(self, *, is_fresh: bool) -> None:
        pending = [s for s in self._definition.steps if not self._operation.is_done(s.name)]
        if not is_fresh:
            self._write(_with_begun(self._operation, pending[0], self._world.clock.real.now()))
        for step, following in zip_longest(pending, pending[1:]):
            if self._stopping.is_set():
                raise ServerStopping
            self._checkpoint(self._operation, step.name, "started")
            output = self._persist(partial(self._do, step), is_forward=True)
            self._checkpoint(self._operation, step.name, "acted")
            self._finish(step, output, following)

    def _do(self, step: Step) -> Json:
        return step.do(self._run())

    def _finish(self, step: Step, output: Json, following: Step | None) -> None:
        """Journal the step as done, with what it changed; and what comes next, or the end.

        All in one transaction: each is an fsync, and an operation has many steps.
        """
        now = self._world.clock.real.now()
        done = self._operation.steps[step.name].entering(StepPhase.DONE, now, output)
        after = self._operation.with_step(done)
        if following is not None:
            after = _with_begun(after, following, now)
        else:
            after = after.entering(OperationStatus.SUCCEEDED, now)
            after = replace(after, result=self._definition.result(self._run_of(after)))

        def also(transaction: Transaction) -> None:
            step.record(self._run(), transaction, output)
            if following is None:
                transaction.claims.release(after.id)

        self._write(after, also)

    def _turn_back(self, error: MiniCloudError) -> None:
        # What was waited for came, or this error would not be there.
        self._operation = replace(self._operation, error=_as_record(error), waiting_for=None)
        if self._definition.is_past_return(self._operation.steps):
            self._end_as_failed()
        else:
            now = self._world.clock.real.now()
            self._write(self._operation.entering(OperationStatus.UNWINDING, now))

    def _unwind(self) -> None:
        for step in reversed(self._definition.steps):
            record = self._operation.steps.get(step.name)
            if record is not None and record.phase is not StepPhase.UNDONE:
                self._go_back_through(step, record)
        self._end_as_failed()

    def _go_back_through(self, step: Step, record: StepRecord) -> None:
        def undo() -> Json:
            try:
                if step.undo is not None:
                    step.undo(self._run())
            except NotFound as error:
                # Removed behind our back: nothing is left to undo, and the reconciler says so.
                log.warning("undoing %s of %s: %s", step.name, self._operation.id, error)
            return {}

        self._checkpoint(self._operation, step.name, "undoing")
        self._persist(undo, is_forward=False)
        self._checkpoint(self._operation, step.name, "undid")
        undone = record.entering(StepPhase.UNDONE, self._world.clock.real.now())
        self._write(
            self._operation.with_step(undone),
            lambda transaction: step.unrecord(self._run(), transaction),
        )

    def _end_as_failed(self) -> None:
        ended = self._operation.entering(OperationStatus.FAILED, self._world.clock.real.now())

        def settle(transaction: Transaction) -> None:
            error = _as_error(ended.error)
            self._definition.settle_failure(self._run_of(ended), transaction, error)
            transaction.claims.release(ended.id)

        self._write(ended, settle)

    def _persist(self, action: Callable[[], Json], *, is_forward: bool) -> Json:
        """Do it, waiting out an absent engine for as long as it takes.

        Other failures are the caller's on the way forward, unless there is no way back: then, as
        on the way back itself, they are tried again a few times.
        """
        delay_s = self._patience.first_delay_s
        attempts_left = self._patience.roll_forward_attempts
        while True:
            try:
                output = action()
            except EngineUnreachable as error:
                self._wait_for(error, delay_s)
            except Unavailable as error:
                attempts_left -= 1
                can_turn_back = is_forward and not self._definition.is_past_return(
                    self._operation.steps
                )
                if can_turn_back or attempts_left == 0:
                    raise
                self._wait_for(error, delay_s)
            except (MiniCloudError, ServerStopping):
                raise
            except Exception as error:
                log.exception("a step of %s failed in a way it should not", self._operation.id)
                raise _defect(error) from error
            else:
                if self._operation.waiting_for is not None:
                    self._write(replace(self._operation, waiting_for=None))
                return output
            delay_s = self._patience.next_delay_s(delay_s)

    def _wait_for(self, error: MiniCloudError, delay_s: float) -> None:
        said = _as_record(error)
        if self._operation.waiting_for != said:
            self._write(replace(self._operation, waiting_for=said))
        self._pause(delay_s)

    def _pause(self, delay_s: float) -> None:
        if self._stopping.wait(delay_s):
            raise ServerStopping

    def _write(
        self, operation: Operation, also: Callable[[Transaction], None] | None = None
    ) -> None:
        """Journal it, and wait where the journal cannot be written (its disk is full).

        Without the journal an operation can go neither on nor back.
        """
        if self._stopping.is_set() and also is None:
            raise ServerStopping
        delay_s = self._patience.first_delay_s
        while not self._has_written(operation, also):
            self._pause(delay_s)
            delay_s = self._patience.next_delay_s(delay_s)
        self._operation = operation
        self._progress.changed(operation.id)

    def _has_written(
        self, operation: Operation, also: Callable[[Transaction], None] | None
    ) -> bool:
        try:
            with self._world.store.write() as transaction:
                transaction.operations.save(operation)
                if also is not None:
                    also(transaction)
        except Unavailable as error:
            log.warning("operation %s waits for its journal: %s", operation.id, error)
            self._progress.report(operation.id, f"waiting: {error.message}", None)
            return False
        return True

    def _run(self) -> Run:
        return self._run_of(self._operation)

    def _run_of(self, operation: Operation) -> Run:
        return Run(
            operation_id=operation.id,
            input=operation.input,
            world=self._world,
            report=partial(self._progress.report, operation.id),
            outputs={name: record.output for name, record in operation.steps.items()},
            pause=self._pause,
        )


def _with_begun(operation: Operation, step: Step, at: datetime) -> Operation:
    earlier = operation.steps.get(step.name)
    if earlier is None:
        return operation.with_step(StepRecord(step.name, StepPhase.STARTED, at))
    return operation.with_step(earlier.entering(StepPhase.STARTED, at))


def _as_record(error: MiniCloudError) -> OperationError:
    return OperationError(error.code, error.message, error.resolution)


def _as_error(said: OperationError | None) -> MiniCloudError:
    if said is None:
        raise ValueError("an operation that failed has an error")
    return MiniCloudError(said.code, said.message, said.resolution)


def _defect(error: Exception) -> MiniCloudError:
    return MiniCloudError(
        "InternalError",
        f"minicloud met something it did not expect ({type(error).__name__}: {error})",
        "see the server's log (minicloud status names it), and please report it",
    )
