"""An image (AMI): the frozen disk that machines are launched from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

# Docker refuses an image of more than 125 layers. Each image costs two (its disk, its sealing),
# and a machine one more, so flattening here leaves room for a chain to be built meanwhile.
FLATTEN_AT_LAYERS = 100
_GIB = 1024**3
_DESCRIPTION_LENGTH_MAX = 255
# A failed image cannot be deregistered, so it goes from the lists of itself.
_FAILURE_TOLD_OF = timedelta(hours=1)


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
    ``source_instance_id`` for those made of a machine, ``source_image_id`` for copies.
    ``without_reboot``: the file system was frozen while in use and is not promised to be whole.
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
    source_image_id: str | None = None
    client_token: str | None = None
    without_reboot: bool = False
    warnings: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def disk_gib(self) -> int:
        """The size of its disk in whole GiB, as clients are told it; nothing is held to it."""
        return max(1, ceil(self.size_bytes / _GIB))

    @property
    def is_live(self) -> bool:
        """Whether the image can be, or is about to be, launched from."""
        return self.state in {ImageState.PENDING, ImageState.AVAILABLE}

    def is_told_of(self, now: datetime) -> bool:
        """Whether AWS's clients hear of it: of one that failed, too, so that waiters see it."""
        has_just_failed = (
            self.state is ImageState.FAILED and now - self.created_at < _FAILURE_TOLD_OF
        )
        return self.is_live or has_just_failed


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


def validate_description(description: str) -> str:
    """Hold an image's description to AWS's 255 characters."""
    if len(description) > _DESCRIPTION_LENGTH_MAX:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(description)} cannot be the description of an image",
            f"use up to {_DESCRIPTION_LENGTH_MAX} characters",
        )
    return description


def volume_warnings(volume_mounts: tuple[str, ...]) -> tuple[str, ...]:
    """What must be said when a machine has volumes: a commit does not capture them."""
    return tuple(
        f"{mount} is a volume of the machine: its contents are not in the image"
        for mount in volume_mounts
    )
