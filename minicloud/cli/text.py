"""Text for terminals: colours that mean something, nothing that moves a cursor, plain figures."""

from __future__ import annotations

import os
from typing import IO, Any

import click

_STATE_COLOURS = {
    "running": "green",
    "available": "green",
    "succeeded": "green",
    "done": "green",
    "active": "green",
    "healthy": "green",
    "pending": "yellow",
    "provisioning": "yellow",
    "deleting": "yellow",
    "initial": "yellow",
    "draining": "yellow",
    "stopping": "yellow",
    "stopped": "yellow",
    "shutting-down": "yellow",
    "unwinding": "yellow",
    "undone": "yellow",
    "started": "yellow",
    "terminated": "red",
    "failed": "red",
    "deregistered": "red",
    "unhealthy": "red",
    "unused": "bright_black",
}
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_MIB = 1024
_SIZE_STEP = 1000


def has_colour(stream: IO[Any]) -> bool:
    """Whether colours may be written to this stream (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def state_colour(state: str) -> str | None:
    """Green: as it should be; yellow: at rest or on the way; red: gone or failed; grey: unused."""
    return _STATE_COLOURS.get(state)


def coloured(text: str, colour: str | None, stream: IO[Any]) -> str:
    """The text in this colour, where the stream may have colours."""
    return click.style(text, fg=colour) if colour and has_colour(stream) else text


def visible(text: str) -> str:
    """The text with everything that is not printed as itself escaped: what others wrote may be
    hostile, and a control character or a change of direction would lie about what stands there.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def one_line(text: str, length_max: int = 1000) -> str:
    """The text on one line, printable, and no longer than ``length_max``."""
    joined = " | ".join(line.strip() for line in text.splitlines() if line.strip())
    clipped = joined if len(joined) <= length_max else joined[: length_max - 1] + "…"
    return visible(clipped)


def note(message: str) -> None:
    """Say something to the person at the terminal; it is no data."""
    click.echo(one_line(message), err=True)


def time_text(iso: str | None) -> str:
    """``2026-11-23 20:21:34Z`` of an ISO 8601 time in UTC."""
    return "-" if iso is None else iso[:19].replace("T", " ") + "Z"


def short_time_text(iso: str | None) -> str:
    """``11-23 20:21:34`` of an ISO 8601 time in UTC, for tables."""
    return "-" if iso is None else iso[5:19].replace("T", " ")


def duration_text(duration_s: float) -> str:
    """``0.4 s``, ``3 min 20 s``, ``2 h 05 min``, ``3 d 04 h``."""
    if duration_s < _MINUTE_S:
        return f"{duration_s:.1f} s"
    whole_s = int(duration_s)
    if whole_s < _HOUR_S:
        return f"{whole_s // _MINUTE_S} min {whole_s % _MINUTE_S:02} s"
    if whole_s < _DAY_S:
        return f"{whole_s // _HOUR_S} h {whole_s % _HOUR_S // _MINUTE_S:02} min"
    return f"{whole_s // _DAY_S} d {whole_s % _DAY_S // _HOUR_S:02} h"


def age_text(age_s: float) -> str:
    """``12 s``, ``3 min``, ``2 h``, ``4 d``: for tables that are looked at again."""
    whole_s = int(max(0.0, age_s))
    for unit_s, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if whole_s >= unit_s:
            return f"{whole_s // unit_s} {unit}"
    return f"{whole_s} s"


def memory_text(memory_mib: int) -> str:
    """``512 MiB``, ``8 GiB``."""
    if memory_mib < _MIB:
        return f"{memory_mib} MiB"
    return f"{memory_mib / _MIB:g} GiB" if memory_mib % 64 == 0 else f"{memory_mib / _MIB:.1f} GiB"


def size_text(size_bytes: int) -> str:
    """``128.4 MB``: decimal, as Docker says it."""
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < _SIZE_STEP:
            break
        size, unit = size / _SIZE_STEP, larger
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 image``, ``3 images``."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
