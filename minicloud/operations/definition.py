"""What an operation is made of, and what its steps are given to work with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from minicloud.domain.errors import MiniCloudError, Unavailable
from minicloud.domain.network import Place
from minicloud.domain.operation import Json
from minicloud.ports.clock import CloudClock
from minicloud.ports.edge import Route
from minicloud.ports.engine import Engine
from minicloud.ports.image_builder import ImageBuilder
from minicloud.ports.store import Store, Transaction

_FIRST_DELAY_S = 0.05
_LONGEST_DELAY_S = 4.0


class Router(Protocol):
    """The cloud's addresses, kept up by whoever owns the edge (it heals a missing one)."""

    def place(self) -> Place:
        """The cloud's share of the address space; ``Unavailable`` until the engine gave it."""

    def set_route(self, route: Route, grace_s: float) -> None:
        """See ``ports.edge.Edge.set_route``."""

    def remove_route(self, public_ip: str) -> None:
        """See ``ports.edge.Edge.remove_route``."""


class Balancers(Protocol):
    """The cloud's balancers, kept up by whoever owns their containers (it heals a missing one).

    What a balancer is told is read from the records at that moment, so telling it again changes
    nothing, and no change that was recorded before can be missed.
    """

    def bring_up(self, balancer_id: str) -> None:
        """Make sure that the balancer's container is there and runs."""

    def apply(self, balancer_id: str) -> None:
        """Have a balancer follow its records; when this returns, every new request does.

        Nothing to do for one that is gone or on its way out.
        """

    def await_drained(self, target_ids: Sequence[str], run: Run) -> Json:
        """Wait until each draining or held target has nothing in flight, or its time is over.

        The answer: ``waited_ms``, and ``left``, what was in flight where time was over.
        """

    def await_first_checks(self, target_ids: Sequence[str], run: Run) -> None:
        """Wait until each of the targets has been checked once, or will not be; not for ever."""

    def take_away(self, balancer_id: str) -> None:
        """Remove the balancer's container and its disk."""


@dataclass(frozen=True)
class World:
    """Everything a step may touch."""

    cloud_id: str
    cloud_name: str
    engine: Engine
    router: Router
    balancers: Balancers
    builder: ImageBuilder
    store: Store
    clock: CloudClock


Report = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Run:
    """One operation on its way. ``input`` is what was asked; outputs are of the steps done.

    A step that waits for the world does so with ``pause`` (seconds), and is left to the next server
    when this one ends meanwhile.
    """

    operation_id: str
    input: Json
    world: World
    report: Report
    outputs: Mapping[str, Json] = field(default_factory=dict)
    pause: Callable[[float], None] = time.sleep

    def output(self, step_name: str, key: str) -> Any:
        """What an earlier step put out under this key."""
        return self.outputs[step_name][key]

    def write(self, change: Callable[[Transaction], None]) -> None:
        """Change records amid a step; where their disk is full, wait as for the journal."""
        delay_s = _FIRST_DELAY_S
        while True:
            try:
                with self.world.store.write() as transaction:
                    change(transaction)
            except Unavailable as error:
                self.report(f"waiting: {error.message}", None)
                self.pause(delay_s)
                delay_s = min(delay_s * 2, _LONGEST_DELAY_S)
            else:
                return


def _records_nothing(_run: Run, _transaction: Transaction, _output: Json) -> None:
    return None


def _nothing_to_settle(_run: Run, _transaction: Transaction) -> None:
    return None


def _ends_plainly(_run: Run, _transaction: Transaction, _error: MiniCloudError) -> None:
    return None


@dataclass(frozen=True)
class Step:
    """One step; ``do`` and ``undo`` must be safe to repeat, and hold no transaction.

    ``undo`` is also called for a step that was begun and failed half-way. ``unrecord`` goes in one
    transaction with the journal's ``undone``.
    """

    name: str
    do: Callable[[Run], Json]
    record: Callable[[Run, Transaction, Json], None] = _records_nothing
    undo: Callable[[Run], None] | None = None
    unrecord: Callable[[Run, Transaction], None] = _nothing_to_settle


@dataclass(frozen=True)
class Definition:
    """An operation: its steps in order, and where it can no longer turn back.

    From the moment the step ``point_of_no_return`` is begun the operation rolls forward; None:
    every step can be undone. ``settle_failure`` goes in the transaction that ends the operation
    as failed. ``claims_subject`` False: several operations may be about one resource side by side.
    """

    kind: str
    steps: tuple[Step, ...]
    point_of_no_return: str | None = None
    settle_failure: Callable[[Run, Transaction, MiniCloudError], None] = _ends_plainly
    result: Callable[[Run], Json] = lambda _run: {}
    claims_subject: bool = True

    def __post_init__(self) -> None:
        """Refuse a table of steps that contradicts itself."""
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.kind} names a step twice")
        if self.point_of_no_return is not None and self.point_of_no_return not in names:
            raise ValueError(f"{self.kind} has no step {self.point_of_no_return}")

    @property
    def step_names(self) -> tuple[str, ...]:
        """The steps' names, in order."""
        return tuple(step.name for step in self.steps)

    def is_past_return(self, begun: Mapping[str, Any]) -> bool:
        """Whether, with these steps begun, the operation can only go forward."""
        return self.point_of_no_return is not None and self.point_of_no_return in begun
