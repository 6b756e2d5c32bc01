"""Time zones by their names in the IANA database, as the host has it."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown


def zone_of(name: str | None) -> tzinfo:
    """The zone of this name, UTC if there is none; ``InvalidParameterValue`` if it is unknown."""
    if name is None or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(name)} is not a time zone that this computer knows",
            "write it as Asia/Seoul or America/New_York (Debian: apt-get install tzdata)",
        ) from error
