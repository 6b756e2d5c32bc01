"""Images that are there as soon as anybody asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.domain.errors import NotFound
from minicloud.ports.image_builder import BuildProgress, BuiltImage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from minicloud.adapters.simulated.engine import SimulatedEngine
    from minicloud.ports.image_builder import Recipe

# The same in every release: an image that holds nothing is never out of date.
_CONTENT_KEY = "simulated"


class SimulatedImageBuilder:
    """The port ``ImageBuilder`` over a simulated engine: an image of it is empty."""

    def __init__(self, engine: SimulatedEngine, recipes: Sequence[Recipe]) -> None:
        self._engine = engine
        self._recipes = {recipe.name: recipe for recipe in recipes}

    def recipes(self) -> Sequence[Recipe]:
        """Every recipe, parents first; see the port."""
        return tuple(self._recipes.values())

    def reference(self, name: str) -> str:
        """``minicloud/NAME:simulated``; see the port."""
        return f"minicloud/{name}:{self.content_key(name)}"

    def content_key(self, name: str) -> str:
        """What stands for the content of a recipe; ``NotFound`` where there is none."""
        if name not in self._recipes:
            raise NotFound(
                "InvalidRecipe.NotFound",
                f"there is no recipe {name}",
                f"there are: {', '.join(self._recipes)}",
            )
        return _CONTENT_KEY

    def ensure(self, name: str, report: Callable[[BuildProgress], None]) -> BuiltImage:
        """Let the recipe and its parents be there; see the port."""
        content_key = self.content_key(name)
        is_new = self._make(name)
        report(BuildProgress(name, "built", 1.0))
        return BuiltImage(name, self.reference(name), content_key, is_new)

    def seal_script(self) -> str:
        """One that does nothing: an empty disk has nothing of one machine alone."""
        return ":"

    def _make(self, name: str) -> bool:
        parent = self._recipes[name].parent
        if parent is not None:
            self._make(parent)
        reference = self.reference(name)
        if self._engine.image(reference) is not None:
            return False
        self._engine.add_image(reference)
        return True
