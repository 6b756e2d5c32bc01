"""The simulated maker of images, with few recipes, and contents that a test can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.adapters.simulated import SimulatedImageBuilder
from minicloud.ports.image_builder import BuildProgress, BuiltImage, Recipe
from tests.fakes.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.engine import FakeEngine

RECIPES = (
    Recipe("base", "a bare machine", None, public=True),
    Recipe("web", "a web server", "base", public=True),
    Recipe("edge", "carries the addresses", "base", public=False),
    Recipe("balancer", "balances", "base", public=False),
)
SEAL_SCRIPT = "rm -f /etc/machine-id"


class FakeBuilder(SimulatedImageBuilder, Faults):
    """The port ``ImageBuilder`` over a ``FakeEngine``; ``edition`` changes every content."""

    def __init__(self, engine: FakeEngine) -> None:
        SimulatedImageBuilder.__init__(self, engine, RECIPES)
        Faults.__init__(self)
        self.edition = 1

    def content_key(self, name: str) -> str:
        super().content_key(name)
        return str(self.edition)

    def ensure(self, name: str, report: Callable[[BuildProgress], None]) -> BuiltImage:
        with self.call("ensure"):
            report(BuildProgress(name, "building", 0.5))
            return super().ensure(name, report)

    def seal_script(self) -> str:
        return SEAL_SCRIPT
