"""What a scenario is, and what its machines do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minicloud.domain.operation import Operation
from minicloud.operations.definition import Definition
from minicloud.operations.registry import DEFINITIONS
from minicloud.ports.engine import ExecResult
from tests.unit.cloud import Cloud, Moment

SERVES_ON_80 = b"  sl  local_address\n   0: 00000000:0050 00000000:0000 0A 00000000:00000000\n"


@dataclass(frozen=True)
class Scenario:
    """A named way to one operation."""

    name: str
    kind: str
    prepare: Callable[[Cloud], object]
    ask: Callable[[Cloud], list[Operation]]

    @property
    def definition(self) -> Definition:
        return next(d for d in DEFINITIONS if d.kind == self.kind)

    @property
    def undoable_steps(self) -> tuple[str, ...]:
        """The steps before the point of no return."""
        names, no_return = self.definition.step_names, self.definition.point_of_no_return
        return names if no_return is None else names[: names.index(no_return)]

    def forward_moments(self) -> list[Moment]:
        """Every boundary on the way to success."""
        names = self.definition.step_names
        return [Moment(step, name) for step in names for name in ("started", "acted")]

    def backward_moments(self) -> list[Moment]:
        """Every boundary on the way back, once the last step that can be undone has failed."""
        steps = self.undoable_steps
        return [Moment(step, name) for step in steps for name in ("undoing", "undid")]

    @property
    def last_undoable(self) -> Moment:
        """The last moment at which a failure still turns the operation back."""
        return Moment(self.undoable_steps[-1], "acted")


def serve(cloud: Cloud) -> None:
    """Let every machine listen on port 80, and become ready at once."""
    cloud.engine.on_exec(lambda _name, _argv, _stdin: ExecResult(0, SERVES_ON_80))
