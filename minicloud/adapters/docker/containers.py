"""Containers, from creation to removal."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from docker.errors import APIError
from docker.errors import NotFound as Missing

from minicloud.adapters.docker.connection import post
from minicloud.adapters.docker.errors import explanation, translated
from minicloud.adapters.docker.translation import (
    carries,
    container_from,
    create_options,
    label_filters,
    limit_options,
)
from minicloud.domain.errors import Conflict, Unavailable
from minicloud.ports.engine import ContainerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.engine import Container, ContainerSpec, Limits

_REMOVAL_TIMEOUT_S: Final = 120
_POLL_S: Final = 0.05
_REMOVAL_TEXTS: Final = ("already in progress", "marked for removal", "is being removed")
_BUSY_TEXTS: Final = ("device or resource busy", "failed to remove root filesystem")
_ADDRESS_TAKEN_TEXT: Final = "address already in use"


class Containers:
    """The container half of the port."""

    def __init__(self, api: docker.APIClient) -> None:
        self._api = api

    def ensure(self, spec: ContainerSpec) -> Container:
        """Create, or adopt what an earlier try made; see the port."""
        deadline_s = time.monotonic() + _REMOVAL_TIMEOUT_S
        with translated():
            while not self._create(spec) or (existing := self.find(spec.name)) is None:
                # The name is held by a removal, or by a create that another caller has in hand.
                if time.monotonic() > deadline_s:
                    raise _stuck(spec.name)
                time.sleep(_POLL_S)
        if carries(existing.labels, spec.labels):
            return existing
        raise Conflict(
            "NameTaken",
            f"a container called {spec.name} exists and is not ours",
            f"rename or remove it (`docker rm {spec.name}`), then try again",
        )

    def _create(self, spec: ContainerSpec) -> bool:
        """Whether something of this name now stays; what is on its way out does not count."""
        try:
            body = create_options(spec)
            post(self._api, "/containers/create", params={"name": spec.name}, body=body)
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            existing = self.find(spec.name)
            return existing is not None and existing.status is not ContainerStatus.REMOVING
        return True

    def start(self, name: str) -> Container:
        """Start or resume, unless it runs; see the port."""
        with translated():
            try:
                self._api.start(name)
            except APIError as error:
                self._recover_start(name, error)
            return self._inspect(name)

    def _recover_start(self, name: str, error: APIError) -> None:
        text = explanation(error).lower()
        if "paused" in text:
            # A commit that an engine's crash cut short leaves its container frozen.
            self._api.unpause(name)
        elif _ADDRESS_TAKEN_TEXT in text:
            raise Conflict(
                "InvalidIPAddress.InUse",
                f"the private address of {name} is in use on its network",
                "remove what holds the address, then start it again",
            ) from error
        else:
            raise error

    def stop(self, name: str, timeout_s: int) -> Container:
        """Shut down, by force after the timeout; see the port."""
        with translated():
            self._api.stop(name, timeout=timeout_s)
            return self._inspect(name)

    def restart(self, name: str, timeout_s: int) -> Container:
        """Shut down and start; see the port."""
        with translated():
            self._api.restart(name, timeout=timeout_s)
            return self._inspect(name)

    def remove(self, name: str) -> None:
        """Remove, and return once it is truly gone; see the port."""
        deadline_s = time.monotonic() + _REMOVAL_TIMEOUT_S
        with translated():
            while True:
                try:
                    self._api.remove_container(name, v=True, force=True)
                    return
                except Missing:
                    return
                except APIError as error:
                    text = explanation(error).lower()
                    if any(sign in text for sign in _REMOVAL_TEXTS):
                        self._wait_until_gone(name)
                        return
                    if not any(sign in text for sign in _BUSY_TEXTS):
                        raise
                    if time.monotonic() > deadline_s:
                        raise
                time.sleep(_POLL_S)

    def set_limits(self, name: str, limits: Limits) -> None:
        """Change the limits, running or not; see the port."""
        with translated():
            post(self._api, f"/containers/{name}/update", body=limit_options(limits))

    def find(self, name: str) -> Container | None:
        """The container of exactly this name."""
        with translated():
            try:
                found = self._inspect(name)
            except Missing:
                return None
        # The engine also takes the start of an id for a name.
        return found if found.name == name else None

    def find_all(self, labels: Mapping[str, str]) -> Sequence[Container]:
        """All that carry the labels; see the port."""
        with translated():
            listed: list[dict[str, Any]] = self._api.containers(
                all=True, filters={"label": label_filters(labels)}
            )
            found = []
            for summary in listed:
                try:
                    found.append(self._inspect(summary["Id"]))
                except Missing:
                    continue
        return found

    def _inspect(self, name: str) -> Container:
        return container_from(self._api.inspect_container(name))

    def _wait_until_gone(self, name: str) -> None:
        deadline_s = time.monotonic() + _REMOVAL_TIMEOUT_S
        while self.find(name) is not None:
            if time.monotonic() > deadline_s:
                raise _stuck(name)
            time.sleep(_POLL_S)


def _stuck(name: str) -> Unavailable:
    return Unavailable(
        "EngineError",
        f"the Docker engine has not removed {name} in {_REMOVAL_TIMEOUT_S} s",
        "look at the engine's own log; a restart of the engine usually ends it",
    )
