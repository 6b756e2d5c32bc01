"""The simulated engine as tests need it: each call can fail, and a test says what commands answer.

``tests/contract/test_engine.py`` holds it to what Docker does; ``engine_world`` has the means to
make it fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.adapters.simulated.stream import SimulatedStream
from minicloud.ports.engine import ContainerUsage, ExecOutput, ExecResult
from tests.fakes.engine_world import EngineWorld, TickingClock
from tests.fakes.faults import failing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


__all__ = ["FakeEngine", "TickingClock"]


@failing(
    *("ping", "info", "ensure_network", "remove_network", "ensure_container", "ensure_started"),
    *("ensure_stopped", "restart", "ensure_removed", "ensure_limits", "container", "containers"),
    *("usage", "commit", "seal", "copy_image", "image", "images", "ensure_image_removed"),
    *("logs", "events"),
)
class FakeEngine(EngineWorld):
    """The port ``Engine`` in memory, thread-safe."""

    def usage(self, names: Sequence[str]) -> Mapping[str, ContainerUsage]:
        return {
            name: ContainerUsage(
                read.at,
                round(self._used[name].cpu_s * 1e9),
                round(self._used[name].memory_mib * (1 << 20)),
                self._used[name].received_bytes,
                self._used[name].sent_bytes,
            )
            for name, read in super().usage(names).items()
        }

    # Out of the lock, since what a test lets a command do may take long.

    def exec(self, name: str, argv: Sequence[str], timeout_s: float = 60) -> ExecResult:
        return self._script_of("exec", name)(name, argv, b"")

    def exec_stream(
        self, name: str, argv: Sequence[str], stdin: bytes
    ) -> SimulatedStream[ExecOutput]:
        script = self._script_of("exec_stream", name)
        return SimulatedStream(_pieces(lambda: script(name, argv, stdin)))

    def _script_of(
        self, method: str, name: str
    ) -> Callable[[str, Sequence[str], bytes], ExecResult]:
        with self._lock, self.call(method):
            self._require_up(name)
            return self._script


def _pieces(run: Callable[[], ExecResult]) -> Iterator[ExecOutput]:
    result = run()
    if result.stdout:
        yield ExecOutput("stdout", result.stdout)
    if result.stderr:
        yield ExecOutput("stderr", result.stderr)
    yield ExecOutput("exit", exit_code=result.exit_code)
