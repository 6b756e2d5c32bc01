"""Debian's root filesystem: pulled, or bootstrapped where no registry answers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import requests
from docker import auth
from docker.errors import APIError

from minicloud.adapters.docker.connection import inspect_image, post, progress_lines
from minicloud.adapters.docker.images.bootstrap import Bootstrap
from minicloud.adapters.docker.images.dockerfile_build import discard
from minicloud.adapters.docker.images.failures import build_failed
from minicloud.adapters.docker.translation import split_reference
from minicloud.domain.errors import EngineUnreachable, Unavailable
from minicloud.ports.image_builder import BuildProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker

    from minicloud.adapters.docker.images.recipes import Source

_REGISTRY_SILENCE_S: Final = 20
"""How long a pull may show no progress before the registry counts as gone."""

_IMPORT_TIMEOUT_S: Final = 900


class RootFilesystem:
    """Gets one recipe's root filesystem into the engine."""

    def __init__(
        self,
        api: docker.APIClient,
        recipe: str,
        architecture: str,
        report: Callable[[BuildProgress], None],
    ) -> None:
        self._api = api
        self._recipe = recipe
        self._architecture = architecture
        self._report = report

    @contextmanager
    def obtained(self, source: Source) -> Iterator[str]:
        """The image to build on. A bootstrapped one goes again if the block fails."""
        refusal = self._pull(source.pull)
        if refusal is None or self._is_present(source.pull):
            yield source.pull
            return
        imported = self._bootstrap(source, refusal)
        finished = False
        try:
            yield imported
            finished = True
        finally:
            if not finished:
                discard(self._api, imported)

    def _pull(self, reference: str) -> str | None:
        """Pull; what kept it from being pulled, if anything did."""
        self._tell(f"pulling {reference}")
        try:
            for _ in progress_lines(self._start_pull(reference)):
                pass
        except (APIError, requests.RequestException, Unavailable) as error:
            return str(error)
        return None

    def _start_pull(self, reference: str) -> requests.Response:
        # The SDK's own pull waits for ever on a registry that never answers.
        repository, tag = split_reference(reference)
        registry, _ = auth.resolve_repository_name(repository)
        header = auth.get_config_header(self._api, registry)
        sdk = cast("Any", self._api)
        response = sdk._post(
            sdk._url("/images/create"),
            params={"fromImage": repository, "tag": tag},
            headers={"X-Registry-Auth": header} if header else {},
            stream=True,
            timeout=_REGISTRY_SILENCE_S,
        )
        sdk._raise_for_status(response)
        return cast("requests.Response", response)

    def _is_present(self, reference: str) -> bool:
        try:
            inspect_image(self._api, reference)
        except APIError as error:
            if error.status_code != requests.codes.not_found:
                raise
            return False
        return True

    def _bootstrap(self, source: Source, refusal: str) -> str:
        self._tell(f"no registry gives {source.pull}; bootstrapping Debian {source.suite}")
        try:
            with Bootstrap(source.suite, self._architecture, self._tell) as bootstrap:
                return self._import(bootstrap.archive())
        except EngineUnreachable:
            raise
        except Unavailable as error:
            raise build_failed(
                self._recipe,
                f"{error.message}, and {source.pull} cannot be pulled ({refusal})",
                resolution=error.resolution,
            ) from error

    def _import(self, archive: Iterator[bytes]) -> str:
        answer = post(
            self._api,
            "/images/create",
            params={"fromSrc": "-"},
            body=archive,
            timeout_s=_IMPORT_TIMEOUT_S,
        )
        *_, last = progress_lines(answer)
        return str(last["status"])

    def _tell(self, message: str) -> None:
        self._report(BuildProgress(self._recipe, message))
