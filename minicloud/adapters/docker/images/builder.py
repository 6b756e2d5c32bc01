"""``ports.image_builder`` on a Docker engine."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, cast

from docker.errors import ImageNotFound

from minicloud.adapters.docker.connection import inspect_image
from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.images.dockerfile_build import DockerfileBuild, discard
from minicloud.adapters.docker.images.recipes import RecipeBook, shipped_images
from minicloud.adapters.docker.images.root_filesystem import RootFilesystem
from minicloud.adapters.docker.images.seal import seal_script
from minicloud.adapters.docker.translation import image_from
from minicloud.ports.image_builder import BuildProgress, BuiltImage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import docker

    from minicloud.adapters.docker.images.recipes import RecipeFolder
    from minicloud.ports.image_builder import Recipe

IMAGE_LABEL: Final = "minicloud.image"
CONTENT_KEY_LABEL: Final = "minicloud.content-key"
_TAG_DIGITS: Final = 12


class DockerImageBuilder:
    """Builds the recipes of one folder, by default those that ship with minicloud.

    ``network`` is the engine's network that builds run in, by default the engine's own choice.
    Threads may share a builder: one builds, the others wait and find it done. Processes may race:
    an image gets its name only when it is whole, and whoever comes second drops its own.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        folder: Path | None = None,
        network: str | None = None,
    ) -> None:
        self._api = client.api
        self._book = RecipeBook(folder or shipped_images())
        self._network = network
        self._building = Lock()

    def recipes(self) -> Sequence[Recipe]:
        """Every recipe, parents first; see the port."""
        return tuple(folder.recipe for folder in self._book.all())

    def reference(self, name: str) -> str:
        """``minicloud/NAME:KEY`` of the present content; see the port."""
        return _reference(name, self._content_key(name))

    def ensure(self, name: str, report: Callable[[BuildProgress], None]) -> BuiltImage:
        """Build what is missing, the deepest parent first; see the port."""
        lineage = self._book.lineage(name)
        with self._building, translated():
            missing = []
            for folder in reversed(lineage):
                if self._is_built(folder.recipe.name):
                    break
                missing.append(folder)
            for folder in reversed(missing):
                self._build(folder, report)
        content_key = self._content_key(name)
        return BuiltImage(name, _reference(name, content_key), content_key, bool(missing))

    def seal_script(self) -> str:
        """The script for ``Engine.seal``; see the port."""
        return seal_script()

    def _build(self, folder: RecipeFolder, report: Callable[[BuildProgress], None]) -> None:
        name = folder.recipe.name
        content_key = self._content_key(name)
        labels = {IMAGE_LABEL: name, CONTENT_KEY_LABEL: content_key}
        with self._parent(folder, report) as parent:
            build = DockerfileBuild(self._api, folder, self._network, report)
            image_id = build.run(parent, labels)
        if self._is_built(name):
            discard(self._api, image_id)
        else:
            repository, _, tag = _reference(name, content_key).partition(":")
            self._api.tag(image_id, repository, tag)
        report(BuildProgress(name, "built", 1.0))

    def _parent(
        self, folder: RecipeFolder, report: Callable[[BuildProgress], None]
    ) -> AbstractContextManager[str]:
        recipe = folder.recipe
        if folder.source is not None:
            root = RootFilesystem(self._api, recipe.name, self._architecture, report)
            return root.obtained(folder.source)
        return nullcontext(self.reference(cast("str", recipe.parent)))

    def _is_built(self, name: str) -> bool:
        content_key = self._content_key(name)
        try:
            image = image_from(inspect_image(self._api, _reference(name, content_key)))
        except ImageNotFound:
            return False
        return image.labels.get(CONTENT_KEY_LABEL) == content_key

    def _content_key(self, name: str) -> str:
        return self._book.content_key(name, self._architecture)

    @cached_property
    def _architecture(self) -> str:
        """The engine's, in its own words: ``amd64``, ``arm64``."""
        with translated():
            return str(self._api.version()["Arch"])


def _reference(name: str, content_key: str) -> str:
    return f"minicloud/{name}:{content_key[:_TAG_DIGITS]}"
