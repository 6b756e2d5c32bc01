"""From an image to another of it: sealed by a last change to its disk, or only copied."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from minicloud.adapters.docker.connection import (
    DISK_WORK_TIMEOUT_S,
    inspect_image,
    post,
    progress_lines,
)
from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.image_store import name_taken
from minicloud.adapters.docker.translation import carries, image_from, split_reference
from minicloud.domain.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker

    from minicloud.adapters.docker.containers import Containers
    from minicloud.adapters.docker.image_store import ImageStore
    from minicloud.ports.engine import EngineImage

_CONTAINER_PREFIX: Final = "minicloud-seal-"
_FLAT_REPOSITORY: Final = "minicloud-seal"
_OUTPUT_LINES: Final = 20


class Sealer:
    """Runs a script on an image and keeps the result under the same name, or copies it as it is.

    The names of what it makes on the way derive from the image's, so that a second try finds and
    clears what a crash left of the first.
    """

    def __init__(
        self, api: docker.APIClient, containers: Containers, image_store: ImageStore
    ) -> None:
        self._api = api
        self._containers = containers
        self._images = image_store

    def seal(self, reference: str, labels: Mapping[str, str], script: str, flatten: bool) -> None:
        """See the port. ``Unavailable`` code ``ImageSealFailed`` where the script fails."""
        with translated():
            before = inspect_image(self._api, reference)
            config = before["Config"] or {}
            with self._scratch(reference, labels, _script_options(before, script)) as scratch:
                self._run(scratch, reference)
                if flatten:
                    self._flatten(scratch, reference, labels, config)
                else:
                    self._images.commit_as(scratch, reference, labels, config)
            self._images.discard(before["Id"])

    def copy(self, source: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """See the port. A name alone would be no copy: the labels say whose an image is."""
        with translated():
            before = self._images.find(reference)
            if before is not None and not carries(before.labels, labels):
                raise name_taken(reference)
            inspected = inspect_image(self._api, source)
            options = {"Image": inspected["Id"], "Entrypoint": ["/bin/true"]}
            with self._scratch(reference, labels, options) as bare:
                self._images.commit_as(bare, reference, labels, inspected["Config"] or {})
            if before is not None:
                self._images.discard(before.engine_id)
            return image_from(inspect_image(self._api, reference))

    def _run(self, scratch: str, reference: str) -> None:
        self._api.start(scratch)
        exit_code = self._api.wait(scratch, timeout=DISK_WORK_TIMEOUT_S)["StatusCode"]
        if exit_code != 0:
            output = self._api.logs(scratch, stream=False, tail=_OUTPUT_LINES)
            raise Unavailable(
                "ImageSealFailed",
                f"preparing the image {reference} ended with {exit_code}: "
                f"{output.decode(errors='replace').strip()}",
                "correct what the output names in the machine, then make the image again",
            )

    def _flatten(
        self, scratch: str, reference: str, labels: Mapping[str, str], config: Mapping[str, Any]
    ) -> None:
        """Export and import, then put the configuration back by a commit.

        Engines do not take every setting with an import (20.10 refuses STOPSIGNAL), and a commit
        of a container that was never started adds no layer.
        """
        flat = f"{_FLAT_REPOSITORY}:{_key(reference)}"
        repository, tag = split_reference(flat)
        answer = post(
            self._api,
            "/images/create",
            params={"fromSrc": "-", "repo": repository, "tag": tag},
            body=self._api.export(scratch),
            timeout_s=DISK_WORK_TIMEOUT_S,
        )
        for _ in progress_lines(answer):
            pass
        # An engine refuses to create a container of an image that names no command.
        options = {"Image": flat, "Entrypoint": ["/bin/true"], "NetworkDisabled": True}
        with self._scratch(reference + " flat", labels, options) as bare:
            unlabelled = {**config, "Labels": {}}
            self._images.commit_as(bare, reference, labels, unlabelled)
        self._images.remove(flat)

    @contextmanager
    def _scratch(
        self, reference: str, labels: Mapping[str, str], options: Mapping[str, object]
    ) -> Iterator[str]:
        """A container of our own for a while; yields its name."""
        name = scratch_name(reference)
        leftover = self._containers.find(name)
        if leftover is not None and not carries(leftover.labels, labels):
            raise Conflict(
                "NameTaken",
                f"a container called {name} exists and is not ours",
                f"rename or remove it (`docker rm {name}`), then try again",
            )
        self._containers.remove(name)
        body = {**options, "Labels": dict(labels)}
        post(self._api, "/containers/create", params={"name": name}, body=body)
        try:
            yield name
        finally:
            self._containers.remove(name)


def _script_options(image: Mapping[str, Any], script: str) -> dict[str, object]:
    options: dict[str, object] = {
        "Image": image["Id"],
        "Entrypoint": ["/bin/sh", "-c", script],
        "HostConfig": {"NetworkMode": "none", "Init": False},
    }
    if (image["Config"] or {}).get("User"):
        # Root only where the image says otherwise: a commit cannot put an absent user back.
        options["User"] = "0"
    return options


def scratch_name(reference: str) -> str:
    """The name of the container in which the image of this name is sealed."""
    return _CONTAINER_PREFIX + _key(reference)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
