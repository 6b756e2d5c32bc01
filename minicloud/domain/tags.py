"""Names and tags: which text a person may attach to a resource.

A name is the value of the tag ``Name``. Limits are AWS's (50 tags, keys of 128 characters, values
of 256); names are held to what is safe to type in a shell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ids import IdKind, looks_like_id

NAME_KEY = "Name"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TAGS_MAX = 50
_KEY_LENGTH_MAX = 128
_VALUE_LENGTH_MAX = 256


def shown(text: str, length_max: int = 40) -> str:
    """Quote hostile text for an error message: short, and with nothing that moves a cursor."""
    clipped = text if len(text) <= length_max else text[:length_max] + "…"
    return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in clipped) + "'"


def is_name(text: str) -> bool:
    """Whether a person can type ``text`` as a name; what AWS's clients call things need not be."""
    return _NAME.fullmatch(text) is not None and not any(
        looks_like_id(kind, text) for kind in IdKind
    )


def validate_name(name: str) -> str:
    """Return ``name`` if a resource may carry it; ``InvalidParameterValue`` otherwise."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(name)} cannot be a name",
            "use 1 to 63 letters, digits, dots, underscores and hyphens, the first a letter or"
            " digit",
        )
    if any(looks_like_id(kind, name) for kind in IdKind):
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{shown(name)} looks like an identifier",
            "choose a name that does not begin like one (i-…, ami-…, eipalloc-…)",
        )
    return name


def validate_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags if AWS would take them, and ``Name`` could be a name."""
    if NAME_KEY in tags:
        validate_name(tags[NAME_KEY])
    return validate_plain_tags(tags)


def validate_plain_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags if AWS would take them; for what has a name apart from its tags."""
    if len(tags) > _TAGS_MAX:
        raise InvalidRequest("TagLimitExceeded", f"{len(tags)} tags, {_TAGS_MAX} are allowed", "")
    for key, value in tags.items():
        if not key or len(key) > _KEY_LENGTH_MAX or len(value) > _VALUE_LENGTH_MAX:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"tag {shown(key)} is too long or has no key",
                f"keys have 1 to {_KEY_LENGTH_MAX} characters, values up to {_VALUE_LENGTH_MAX}",
            )
        if key.lower().startswith("aws:"):
            raise InvalidRequest(
                "InvalidParameterValue", f"tag {shown(key)}: 'aws:' is reserved", "rename the tag"
            )
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in key + value):
            raise InvalidRequest(
                "InvalidParameterValue",
                f"tag {shown(key)} holds control characters",
                "remove them",
            )
    return dict(tags)
