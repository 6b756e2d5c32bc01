"""Reaching an engine, and the few calls that the SDK has no words for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

import docker

from minicloud.adapters.docker.errors import translated
from minicloud.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from requests import Response

ANSWER_TIMEOUT_S: Final = 60
"""How long an engine may take over an ordinary call before it counts as unreachable."""

DISK_WORK_TIMEOUT_S: Final = 3600
"""How long the engine may copy a disk: a commit freezes for about 7 s per GB on a laptop."""

_POOL_SIZE: Final = 64
"""Kept connections; 40 callers at once must not lay a new one for each call."""


def connect(timeout_s: int = ANSWER_TIMEOUT_S) -> docker.DockerClient:
    """A client of the engine that DOCKER_HOST names, else the current Docker context's.

    Raises ``EngineUnreachable`` where none answers.
    """
    with translated():
        return docker.from_env(timeout=timeout_s, max_pool_size=_POOL_SIZE)


_OLDEST_VERSION: Final = "1.41"


class _LateAPIClient(docker.APIClient):
    """Asks the engine for its API version at the first call instead of at once.

    The server must start, and say what is wrong, where no engine answers yet.
    """

    _has_agreed = False

    def _url(self, pathfmt: str, *args: Any, **kwargs: Any) -> str:
        if kwargs.get("versioned_api", True) and not self._has_agreed:
            sdk = cast("Any", self)
            sdk._version = sdk._retrieve_server_version()
            self._has_agreed = True
        return cast("str", cast("Any", super())._url(pathfmt, *args, **kwargs))


class _LateDockerClient(docker.DockerClient):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.api = _LateAPIClient(*args, **{**kwargs, "version": _OLDEST_VERSION})


def connect_late(timeout_s: int = ANSWER_TIMEOUT_S) -> docker.DockerClient:
    """A client of the same engine as ``connect``'s, whether or not it answers now."""
    with translated():
        return _LateDockerClient.from_env(timeout=timeout_s, max_pool_size=_POOL_SIZE)


def post(
    api: docker.APIClient,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, object] | Iterable[bytes] = (),
    timeout_s: float = ANSWER_TIMEOUT_S,
) -> Response:
    """Send a request whose body or timeout the SDK's own method cannot express.

    ``path`` is relative to the API version. A mapping is sent as JSON, anything else in chunks.
    """
    sdk = cast("Any", api)
    url = sdk._url(path)
    if isinstance(body, dict):
        data: object = json.dumps(body)
        headers = {"Content-Type": "application/json"}
    else:
        data = iter(body)
        headers = {"Content-Type": "application/x-tar"}
    response = sdk._post(url, params=params, data=data, headers=headers, timeout=timeout_s)
    sdk._raise_for_status(response)
    return cast("Response", response)


def inspect_image(api: docker.APIClient, reference: str) -> dict[str, Any]:
    """The engine's own description of an image; the SDK leaves it untyped."""
    return cast("dict[str, Any]", cast("Any", api).inspect_image(reference))


def progress_lines(response: Response) -> Iterator[Mapping[str, Any]]:
    """The JSON lines of a long-running answer.

    The engine has sent 200 by the time such work fails, so the failure is in a line: it is raised
    as ``Unavailable`` (``EngineError``).
    """
    for line in response.iter_lines():
        if not line.strip():
            continue
        item = cast("Mapping[str, Any]", json.loads(line))
        if "error" in item:
            raise Unavailable("EngineError", f"the Docker engine failed ({item['error']})")
        yield item
