"""Numbers that AWS holds to a range."""

from __future__ import annotations

from minicloud.domain.errors import InvalidRequest


def require_range(what: str, value: int, least: int, most: int, unit: str = "") -> int:
    """Return ``value`` if it is a whole number in the range; ``InvalidParameterValue`` if not."""
    # A bool is an int to Python, and no number to a person.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        said = f"{value} {unit}".rstrip()
        raise InvalidRequest(
            "InvalidParameterValue",
            f"{what} is {said}; it must be between {least} and {most}",
            f"choose a whole number from {least} to {most}",
        )
    return value
