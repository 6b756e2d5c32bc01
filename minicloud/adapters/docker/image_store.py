"""Images: finding, naming, committing and removing them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from docker.errors import APIError
from docker.errors import NotFound as Missing

from minicloud.adapters.docker.connection import DISK_WORK_TIMEOUT_S, inspect_image, post
from minicloud.adapters.docker.errors import explanation, translated
from minicloud.adapters.docker.translation import (
    carries,
    image_from,
    label_filters,
    references_from,
    split_reference,
)
from minicloud.domain.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.engine import EngineImage


class ImageStore:
    """The image half of the port."""

    def __init__(self, api: docker.APIClient) -> None:
        self._api = api

    def find(self, reference: str) -> EngineImage | None:
        """The image of this name; see the port."""
        with translated():
            try:
                return image_from(inspect_image(self._api, reference))
            except Missing:
                return None

    def find_all(self, labels: Mapping[str, str]) -> Sequence[EngineImage]:
        """All that carry the labels; see the port."""
        with translated():
            listed = self._api.images(filters={"label": label_filters(labels)})
        identities = dict.fromkeys(summary["Id"] for summary in listed)
        found = (self.find(identity) for identity in identities)
        return [image for image in found if image is not None]

    def remove(self, reference: str) -> None:
        """Take a name away, and the image with the last one; see the port."""
        with translated():
            try:
                self._api.remove_image(reference)
            except Missing:
                return
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                users = ", ".join(self._users(reference)) or explanation(error)
                raise Conflict(
                    "ImageInUse",
                    f"the image {reference} is in use ({users})",
                    "terminate what was launched from it first",
                ) from error

    def commit(self, name: str, reference: str, labels: Mapping[str, str]) -> EngineImage:
        """Freeze a container's disk into an image; see the port."""
        before = self.find(reference)
        if before is not None and not carries(before.labels, labels):
            raise name_taken(reference)
        with translated():
            inspected = self._api.inspect_container(name)
            self.commit_as(inspected["Id"], reference, labels, inspected["Config"])
            if before is not None:
                self.discard(before.engine_id)
            return image_from(inspect_image(self._api, reference))

    def commit_as(
        self,
        container_id: str,
        reference: str,
        labels: Mapping[str, str],
        config: Mapping[str, Any],
    ) -> None:
        """Commit with the given configuration and with no labels but these.

        The engine merges a container's labels into its image, so the others are blanked.
        """
        repository, tag = split_reference(reference)
        blanked = dict.fromkeys(config.get("Labels") or {}, "")
        post(
            self._api,
            "/commit",
            params={"container": container_id, "repo": repository, "tag": tag, "pause": "true"},
            body={**kept_config(config), "Labels": {**blanked, **labels}},
            timeout_s=DISK_WORK_TIMEOUT_S,
        )

    def discard(self, engine_id: str) -> None:
        """Remove an image that has lost its last name, unless something is built on it."""
        with translated():
            try:
                if not references_from(inspect_image(self._api, engine_id)):
                    self._api.remove_image(engine_id)
            except Missing:
                return
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise

    def _users(self, reference: str) -> list[str]:
        identity = inspect_image(self._api, reference)["Id"]
        listed: list[Mapping[str, Any]] = self._api.containers(
            all=True, filters={"ancestor": identity}
        )
        return [
            name.removeprefix("/")
            for summary in listed
            if summary["ImageID"] == identity
            for name in summary["Names"]
        ]


def name_taken(reference: str) -> Conflict:
    """The refusal to take an image's name away from somebody else's."""
    return Conflict(
        "NameTaken",
        f"an image called {reference} exists and is not ours",
        f"rename or remove it (`docker rmi {reference}`), then try again",
    )


def kept_config(config: Mapping[str, Any]) -> dict[str, object]:
    """What an image keeps of how its containers start, for a commit.

    An absent Entrypoint is sent as an empty list: a null would let the container's own through.
    """
    kept = {
        key: config[key]
        for key in (
            "Cmd",
            "Env",
            "ExposedPorts",
            "Healthcheck",
            "OnBuild",
            "Shell",
            "StopSignal",
            "User",
            "Volumes",
            "WorkingDir",
        )
        if config.get(key)
    }
    return {**kept, "Entrypoint": config.get("Entrypoint") or []}
