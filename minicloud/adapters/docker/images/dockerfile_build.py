"""One Dockerfile, through the engine's own builder."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast

from docker.errors import APIError

from minicloud.adapters.docker.connection import inspect_image
from minicloud.adapters.docker.images.failures import OUTPUT_LINES, build_failed
from minicloud.adapters.docker.translation import references_from
from minicloud.ports.image_builder import BuildProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import docker

    from minicloud.adapters.docker.images.recipes import RecipeFolder

_SILENCE_TIMEOUT_S: Final = 900
"""How long a build may say nothing: writing a layer on a slow disk is silent."""

_STEP: Final = re.compile(r"Step (\d+)/(\d+) : (.*)")
_LAYER: Final = re.compile(r" ---> ([0-9a-f]{12,64})$")


class DockerfileBuild:
    """A run of the engine's builder, and what it leaves when it fails."""

    def __init__(
        self,
        api: docker.APIClient,
        folder: RecipeFolder,
        network: str | None,
        report: Callable[[BuildProgress], None],
    ) -> None:
        self._api = api
        self._folder = folder
        self._network = network
        self._report = report
        self._output: deque[str] = deque(maxlen=OUTPUT_LINES)
        self._last_layer: str | None = None

    def run(self, parent: str, labels: Mapping[str, str]) -> str:
        """The id of the new image, which has no name yet: nobody can take a half one for it.

        ``Unavailable`` (code ``ImageBuildFailed``) where a step fails; its layers are removed.
        """
        finished = False
        try:
            image_id = self._follow(self._start(parent, labels))
            finished = True
        finally:
            if not finished and self._last_layer is not None:
                discard(self._api, self._last_layer)
        return image_id

    def _start(self, parent: str, labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        lines = cast("Any", self._api).build(
            fileobj=self._folder.build_context(),
            custom_context=True,
            decode=True,
            rm=True,
            forcerm=True,
            buildargs={"PARENT": parent},
            labels=dict(labels),
            network_mode=self._network,
            timeout=_SILENCE_TIMEOUT_S,
        )
        return cast("Iterator[dict[str, Any]]", lines)

    def _follow(self, lines: Iterator[dict[str, Any]]) -> str:
        name = self._folder.recipe.name
        image_id = None
        for line in lines:
            if "error" in line:
                raise build_failed(name, str(line["error"]).strip(), self._output)
            image_id = (line.get("aux") or {}).get("ID", image_id)
            for text in str(line.get("stream", "")).splitlines():
                self._hear(text)
        if image_id is None:
            raise build_failed(name, "the engine ended without an image", self._output)
        return cast("str", image_id)

    def _hear(self, text: str) -> None:
        if text.strip():
            self._output.append(text)
        if step := _STEP.match(text):
            done, count, what = int(step[1]) - 1, int(step[2]), step[3]
            self._report(BuildProgress(self._folder.recipe.name, what, done / count))
        elif layer := _LAYER.match(text):
            self._last_layer = layer[1]


def discard(api: docker.APIClient, image_id: str) -> None:
    """Remove an image, and the layers that only it needs, unless it has a name or a use."""
    try:
        if not references_from(inspect_image(api, image_id)):
            api.remove_image(image_id)
    except APIError as error:
        # Somebody else removed it, or builds on it right now and thereby owns it.
        if error.status_code not in {404, 409}:
            raise
