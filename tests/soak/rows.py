"""What a part of the soak returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One figure; ``goal`` is what the issue asks for, as text."""

    what: str
    measured: str
    goal: str = ""


def figures(values: list[float], unit: str) -> str:
    """Least, median and most of a few values."""
    ordered = sorted(values)
    least, median, most = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    return f"{least:.1f}, {median:.1f}, {most:.1f} {unit}"
