"""Calls about images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.shapes import Images, ImageShape, ImagingShape, Operations, Recipes


@dataclass(frozen=True)
class ImageRequest:
    """What to make an image of. Without ``reboot`` the machine is frozen while it works."""

    instance: str
    name: str
    description: str = ""
    reboot: bool = True
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class CopyRequest:
    """What to make a copy of, with a life of its own. ``image`` is an id or a name."""

    image: str
    name: str
    description: str = ""
    tags: Mapping[str, str] | None = None


class ImageCalls:
    """What can be asked of images. A ``ref`` is an id or a name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, include_gone: bool = False) -> Images:
        """Every image, oldest first."""
        found = self._transport.get("/images", all=include_gone)
        return cast("Images", found)

    def show(self, ref: str) -> ImageShape:
        """One image."""
        return cast("ImageShape", self._transport.get(f"/images/{_segment(ref)}"))

    def recipes(self) -> Recipes:
        """The images that ship with minicloud, parents first."""
        return cast("Recipes", self._transport.get("/recipes"))

    def build(self, names: Sequence[str] = ()) -> Operations:
        """Build what ships with minicloud; no names: all of it."""
        answer = self._transport.post("/images/build", {"names": [*names]})
        return cast("Operations", answer["operations"])

    def create(self, request: ImageRequest) -> ImagingShape:
        """Make an image of a machine."""
        return cast("ImagingShape", self._transport.post("/images", asdict(request)))

    def copy(self, request: CopyRequest) -> ImagingShape:
        """Make a copy of an image."""
        return cast("ImagingShape", self._transport.post("/images/copies", asdict(request)))

    def delete(self, ref: str) -> Operations:
        """Delete an image."""
        answer = self._transport.delete(f"/images/{_segment(ref)}")
        return cast("Operations", answer["operations"])


def _segment(ref: str) -> str:
    return segment(ref, may_hold_slashes=True)
