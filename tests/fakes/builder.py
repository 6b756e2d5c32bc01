"""A maker of images that puts empty ones into the fake engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.domain.errors import NotFound
from minicloud.ports.image_builder import BuildProgress, BuiltImage, Recipe
from tests.fakes.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fakes.engine import FakeEngine

RECIPES = (
    Recipe("base", "a bare machine", None, public=True),
    Recipe("web", "a web server", "base", public=True),
    Recipe("edge", "carries the addresses", "base", public=False),
    Recipe("balancer", "balances", "base", public=False),
)
SEAL_SCRIPT = "rm -f /etc/machine-id"


class FakeBuilder(Faults):
    """The port ``ImageBuilder`` over a ``FakeEngine``; ``edition`` changes every content."""

    def __init__(self, engine: FakeEngine) -> None:
        super().__init__()
        self._engine = engine
        self.edition = 1

    def recipes(self) -> Sequence[Recipe]:
        return RECIPES

    def reference(self, name: str) -> str:
        return f"minicloud/{name}:{self.edition}"

    def ensure(self, name: str, report: Callable[[BuildProgress], None]) -> BuiltImage:
        with self.call("ensure"):
            recipe = next((recipe for recipe in RECIPES if recipe.name == name), None)
            if recipe is None:
                raise NotFound("InvalidRecipe.NotFound", f"there is no recipe {name}")
            if recipe.parent is not None:
                self._ensure_one(recipe.parent)
            report(BuildProgress(name, "building", 0.5))
            return BuiltImage(
                name, self.reference(name), f"{name}-{self.edition}", self._ensure_one(name)
            )

    def seal_script(self) -> str:
        return SEAL_SCRIPT

    def _ensure_one(self, name: str) -> bool:
        if self._engine.image(self.reference(name)) is not None:
            return False
        self._engine.add_image(self.reference(name))
        return True
