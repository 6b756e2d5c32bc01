"""What clients may send: one model a request, unknown fields refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Body(BaseModel):
    """The base of every request's body."""

    model_config = ConfigDict(extra="forbid", strict=True)


class LaunchBody(Body):
    """Launch instances."""

    image: str
    type: str
    name: str | None = None
    count: int = 1
    tags: dict[str, str] = Field(default_factory=dict)
    client_token: str | None = Field(default=None, max_length=64)
    termination_protection: bool = False


class ResizeBody(Body):
    """Change a stopped instance's type."""

    type: str


class ModifyBody(Body):
    """Change an instance's protection or tags."""

    termination_protection: bool | None = None
    tags: dict[str, str] | None = None


class ExecBody(Body):
    """Run a command in an instance."""

    argv: list[str] = Field(min_length=1)
    stdin_base64: str = ""


class CreateImageBody(Body):
    """Make an image of an instance."""

    instance: str
    name: str
    description: str = Field(default="", max_length=255)
    reboot: bool = True
    tags: dict[str, str] = Field(default_factory=dict)


class CopyImageBody(Body):
    """Make a copy of an image."""

    image: str
    name: str
    description: str = Field(default="", max_length=255)
    tags: dict[str, str] = Field(default_factory=dict)


class BuildBody(Body):
    """Build what ships with minicloud; no names: all of it."""

    names: list[str] = Field(default_factory=list)


class AllocateBody(Body):
    """Allocate an address."""

    name: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class AssociateBody(Body):
    """Lead an address to an instance."""

    instance: str
    allow_reassociation: bool = True


class ScaleUpBody(Body):
    """Replace an instance by a better one."""

    instance: str
    type: str
    image_name: str | None = None
    reboot: bool = True


class SettingsBody(Body):
    """Change the cloud's settings."""

    cpu_overcommit: float | None = None
    memory_overcommit: float | None = None
    address_limit: int | None = None
    region: str | None = None


class PurgeBody(Body):
    """Take the cloud away, and with ``images`` what was built for every cloud, too."""

    images: bool = False


class AdvanceBody(Body):
    """Move a simulated clock ahead, as by ``30d``."""

    by: str = Field(max_length=100)


class SpeedBody(Body):
    """Let a simulated clock go on so many times as fast as the real time."""

    speed: int


class EmptyBody(Body):
    """Nothing to say."""


B = TypeVar("B", bound=Body)


async def read_body(request: Request, model: type[B]) -> B:
    """The request's body, or ``InvalidRequest`` naming the field that is wrong."""
    raw = await request.body()
    try:
        return model.model_validate(_parsed(raw) if raw else {})
    except RecursionError as error:
        raise InvalidRequest(
            "MalformedRequest", "the body is nested too deeply", "send a flat JSON object"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the body"
        code = "MissingParameter" if first["type"] == "missing" else "InvalidParameterValue"
        raise InvalidRequest(
            code, f"{shown(field, 80)}: {_wrong_with(first)}", "see `minicloud --help`"
        ) from error


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError as error:
        # Not JSON, not UTF-8, or a number of thousands of digits.
        raise InvalidRequest(
            "MalformedRequest", "the body is not JSON", "send a JSON object"
        ) from error


def _wrong_with(error: ErrorDetails) -> str:
    if error["type"] != "union_tag_invalid":
        return error["msg"]
    # The usual message repeats what was sent, of whatever length.
    told = error["ctx"]
    return f"{told['discriminator'].strip(chr(39))} must be one of {told['expected_tags']}"
