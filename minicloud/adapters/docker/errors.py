"""The one translator of the Docker SDK's errors into ``domain.errors``."""

from __future__ import annotations

import http.client
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import requests
import urllib3
from docker.errors import APIError, DockerException

from minicloud.domain.errors import (
    Conflict,
    EngineUnreachable,
    MiniCloudError,
    NotFound,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISK_FULL_TEXTS: Final = ("no space left on device", "disk quota exceeded")
_NOTHING_ANSWERS_TEXT: Final = "Error while fetching server API version"

_TRANSPORT_ERRORS: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)
"""What is raised when the line to the engine cannot be laid or breaks.

Bare ``OSError`` is left out on purpose: a caller's own files may fail inside the same block.
"""


@contextmanager
def translated() -> Iterator[None]:
    """Run Docker calls; whatever the SDK or its transport raises leaves as a ``MiniCloudError``.

    A full disk becomes ``Unavailable`` (``EngineDiskFull``), a missing object ``NotFound``
    (``EngineObjectMissing``), a refused state ``Conflict`` (``EngineConflict``), an engine that
    does not answer ``EngineUnreachable``, anything else ``Unavailable`` (``EngineError``).
    """
    try:
        yield
    except APIError as error:
        raise from_answer(error) from error
    except DockerException as error:
        raise _from_client(error) from error
    except _TRANSPORT_ERRORS as error:
        raise EngineUnreachable(_brief(error)) from error


def explanation(error: APIError) -> str:
    """What the engine itself said, without the SDK's frame around it."""
    return str(error.explanation or error)


def from_answer(error: APIError) -> MiniCloudError:
    """The error that an engine's refusal means when nothing more is known."""
    text = explanation(error)
    if any(sign in text.lower() for sign in _DISK_FULL_TEXTS):
        return Unavailable(
            "EngineDiskFull",
            f"the Docker engine's disk is full ({text})",
            "delete images or instances you no longer need, or free space with "
            "`docker image prune` and `docker builder prune` (on Docker Desktop, raise the disk "
            "limit), then try again",
        )
    if error.status_code == http.client.NOT_FOUND:
        return NotFound(
            "EngineObjectMissing",
            f"the Docker engine does not have it ({text})",
            "list what there is; it may have been removed behind minicloud's back",
        )
    if error.status_code == http.client.CONFLICT:
        return Conflict(
            "EngineConflict",
            f"the Docker engine refuses this in the present state ({text})",
            "wait for the work under way to end, then try again",
        )
    return Unavailable(
        "EngineError",
        f"the Docker engine failed ({text})",
        "try again; if it goes on, look at the engine's own log",
    )


def _from_client(error: DockerException) -> MiniCloudError:
    if _NOTHING_ANSWERS_TEXT in str(error):
        return EngineUnreachable(_brief(error))
    return Unavailable(
        "EngineError",
        f"the Docker client failed ({error})",
        "check DOCKER_HOST and the Docker context",
    )


def _brief(error: BaseException) -> str:
    """The innermost cause in one line; the SDK and urllib3 wrap it several times."""
    innermost = error
    while innermost.__cause__ or innermost.__context__:
        innermost = innermost.__cause__ or innermost.__context__ or innermost
    return " ".join(str(innermost).split()) or type(innermost).__name__
