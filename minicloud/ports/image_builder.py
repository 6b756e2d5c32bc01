"""The maker of the images that ship with minicloud (``images/``), keyed by what made them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Recipe:
    """A folder under ``images/``. Those not ``public`` cannot be launched: they serve minicloud."""

    name: str
    description: str
    parent: str | None
    public: bool


@dataclass(frozen=True)
class BuildProgress:
    """What the builder does now. ``fraction`` is 0 to 1, or None where it cannot be known."""

    recipe: str
    message: str
    fraction: float | None = None


@dataclass(frozen=True)
class BuiltImage:
    """A recipe's image in the engine. ``content_key`` is a hash of all that made it."""

    recipe: str
    reference: str
    content_key: str
    built_now: bool


class ImageBuilder(Protocol):
    """Builds recipes, each once for each content."""

    def recipes(self) -> Sequence[Recipe]:
        """Every recipe that ships with this release, parents first."""

    def reference(self, name: str) -> str:
        """``repository:tag`` of the recipe's present content, whether built or not."""

    def ensure(self, name: str, report: Callable[[BuildProgress], None]) -> BuiltImage:
        """Build the recipe and its parents unless the engine has them.

        ``NotFound`` for an unknown recipe; ``Unavailable`` (code ``ImageBuildFailed``) with the
        last lines of the build's output where it fails.
        """

    def seal_script(self) -> str:
        """The shell script that clears from a disk what belongs to one machine alone."""
