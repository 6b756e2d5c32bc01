"""An image (AMI): the frozen disk that machines are launched from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

# Docker refuses an image of more than 125 layers. Each image costs two (its disk, its sealing),
# and a machine one more, so flattening here leaves room for a chain to be built meanwhile.
FLATTEN_AT_LAYERS = 100


class ImageState(StrEnum):
    """EC2's image states that a local image can be in."""

    PENDING = "pending"
    AVAILABLE = "available"
    FAILED = "failed"
    DEREGISTERED = "deregistered"


@dataclass(frozen=True)
class Image:
    """An image record. ``reference`` is the engine's name for it, ``repository:tag``.

    ``recipe`` and ``content_key`` are set for images that ship with minicloud;
    ``source_instance_id`` for those made of a machine. ``without_reboot``: the file system was
    frozen while in use and is not promised to be whole.
    """

    id: str
    name: str
    reference: str
    state: ImageState
    created_at: datetime
    description: str = ""
    size_bytes: int = 0
    layer_count: int = 0
    recipe: str | None = None
    content_key: str | None = None
    source_instance_id: str | None = None
    without_reboot: bool = False
    warnings: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether the image can be, or is about to be, launched from."""
        return self.state in {ImageState.PENDING, ImageState.AVAILABLE}


def validate_image_name(name: str) -> str:
    """Hold an image's name to AWS's rule (3 to 128 of a few characters); no blanks at its ends."""
    allowed = set("()[] ./-'@_")
    if (
        3 <= len(name) <= 128
        and name == name.strip()
        and all(c.isascii() and (c.isalnum() or c in allowed) for c in name)
    ):
        return name
    raise InvalidRequest(
        "InvalidAMIName.Malformed",
        f"{shown(name)} cannot be the name of an image",
        "use 3 to 128 letters, digits, spaces and ( ) [ ] . / - ' @ _",
    )


def volume_warnings(volume_mounts: tuple[str, ...]) -> tuple[str, ...]:
    """What must be said when a machine has volumes: a commit does not capture them."""
    return tuple(
        f"{mount} is a volume of the machine: its contents are not in the image"
        for mount in volume_mounts
    )
