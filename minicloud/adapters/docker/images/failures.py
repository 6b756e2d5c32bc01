"""How a failed build is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docker.errors import APIError

from minicloud.adapters.docker.errors import from_answer
from minicloud.domain.errors import MiniCloudError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

OUTPUT_LINES: Final = 20
"""How much of a build's output is worth telling."""

_RESOLUTION: Final = (
    "the lines above say which step failed; where it was a download, check the network, "
    "then try again"
)


def build_failed(
    recipe: str, reason: str, output: Iterable[str] = (), resolution: str = _RESOLUTION
) -> MiniCloudError:
    """The error for a build that ended with ``reason``: a full disk is told as such."""
    answer = from_answer(APIError(reason, explanation=reason))
    if answer.code == "EngineDiskFull":
        return answer
    message = "\n".join((f"building the image {recipe!r} failed: {reason}", *output))
    return Unavailable("ImageBuildFailed", message, resolution)
