"""What an operation is made of, and what its steps are given to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from minicloud.domain.errors import MiniCloudError
from minicloud.domain.network import Place
from minicloud.domain.operation import Json
from minicloud.ports.clock import Clock
from minicloud.ports.edge import Route
from minicloud.ports.engine import Engine
from minicloud.ports.image_builder import ImageBuilder
from minicloud.ports.store import Store, Transaction


class Router(Protocol):
    """The cloud's addresses, kept up by whoever owns the edge (it heals a missing one)."""

    def place(self) -> Place:
        """The cloud's share of the address space; ``Unavailable`` until the engine gave it."""

    def set_route(self, route: Route, grace_s: float) -> None:
        """See ``ports.edge.Edge.set_route``."""

    def remove_route(self, public_ip: str) -> None:
        """See ``ports.edge.Edge.remove_route``."""


@dataclass(frozen=True)
class World:
    """Everything a step may touch."""

    cloud_id: str
    cloud_name: str
    engine: Engine
    router: Router
    builder: ImageBuilder
    store: Store
    clock: Clock


Report = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Run:
    """One operation on its way. ``input`` is what was asked; outputs are of the steps done."""

    operation_id: str
    input: Json
    world: World
    report: Report
    outputs: Mapping[str, Json] = field(default_factory=dict)

    def output(self, step_name: str, key: str) -> Any:
        """What an earlier step put out under this key."""
        return self.outputs[step_name][key]


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
    as failed.
    """

    kind: str
    steps: tuple[Step, ...]
    point_of_no_return: str | None = None
    settle_failure: Callable[[Run, Transaction, MiniCloudError], None] = _ends_plainly
    result: Callable[[Run], Json] = lambda _run: {}

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
