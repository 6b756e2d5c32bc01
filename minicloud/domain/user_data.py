"""User data: what a launch gives to a machine, kept as it came.

Limits are EC2's: base 64, at most 16 KiB before it is encoded (the page "Run commands when you
launch an EC2 instance with user data input").
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from minicloud.domain.errors import InvalidRequest

_BYTES_MAX = 16 * 1024


@dataclass(frozen=True)
class UserData:
    """The user data of one machine, in base 64."""

    instance_id: str
    content_base64: str


def validate_user_data(content_base64: str) -> str:
    """Return the user data if EC2 would take it; ``InvalidParameterValue`` otherwise."""
    try:
        content = base64.b64decode(content_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(
            "InvalidParameterValue", "Invalid BASE64 encoding of user data.", "encode it in base 64"
        ) from error
    if len(content) > _BYTES_MAX:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"User data is limited to {_BYTES_MAX} bytes",
            "let it fetch what is longer",
        )
    return content_base64
