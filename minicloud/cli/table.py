"""Tables for a terminal: fitted to its width, wide characters counted as two.

A renderer of our own because importing rich takes half as long as all of ``minicloud instance
list`` may.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from minicloud.cli.text import coloured, visible

_GAP = "  "
_ELLIPSIS = "…"
_WIDTH_UNKNOWN = 80


class Column(NamedTuple):
    """One column. Where room is short, those with ``shrinks_to`` shrink first, down to that width;
    then those with the lowest ``drops_at`` above 0 go.
    """

    heading: str
    value: Callable[[Any], str]
    shrinks_to: int = 0
    drops_at: int = 0
    colour: Callable[[str], str | None] | None = None
    is_number: bool = False


def terminal_width() -> int | None:
    """How wide standard output is; None where it is not a terminal, and nothing may be cut."""
    if not sys.stdout.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _WIDTH_UNKNOWN
    except OSError:
        return _WIDTH_UNKNOWN


def display_width(text: str) -> int:
    """How many columns a terminal gives this printable text."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    width = 0
    for character in text:
        if not combining(character):
            width += 2 if east_asian_width(character) in {"W", "F"} else 1
    return width


def clipped(text: str, width: int) -> str:
    """The text, ended by … where it does not fit."""
    if display_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if display_width(kept + character) > width - 1:
            break
        kept += character
    return kept + _ELLIPSIS


def table_lines(columns: Sequence[Column], items: Iterable[Any], width: int | None) -> list[str]:
    """The table's lines, the headings first; ``width`` None: as wide as it needs to be."""
    cells = [[visible(column.value(item)) for column in columns] for item in items]
    widths = [
        max(map(display_width, [column.heading, *(row[i] for row in cells)]))
        for i, column in enumerate(columns)
    ]
    shown = [*range(len(columns))] if width is None else _fit(columns, widths, width)
    headings = [column.heading for column in columns]
    lines = [_line(headings, columns, shown, widths)]
    lines += [_line(row, columns, shown, widths, is_body=True) for row in cells]
    return lines


def detail_lines(pairs: Mapping[str, str | Sequence[str]]) -> list[str]:
    """Names and values, one a line; a value of several lines stands under itself."""
    width = max(map(len, pairs))
    lines = []
    for name, value in pairs.items():
        values = [value] if isinstance(value, str) else [*value] or ["-"]
        for i, text in enumerate(values):
            lines.append(f"{name if i == 0 else '':<{width}}{_GAP}{text}")
    return lines


def _fit(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    """Narrow ``widths`` and choose the columns to show so that a line is at most ``width``."""
    shown = [*range(len(columns))]

    def excess() -> int:
        text_width: int = sum(widths[i] for i in shown)
        return text_width + len(_GAP) * (len(shown) - 1) - width

    def shrink() -> None:
        can_shrink = [i for i in shown if columns[i].shrinks_to]
        while excess() > 0 and can_shrink:
            widest = max(can_shrink, key=lambda i: widths[i])
            if widths[widest] > max(columns[widest].shrinks_to, len(columns[widest].heading)):
                widths[widest] -= 1
            else:
                can_shrink.remove(widest)

    natural = [*widths]
    shrink()
    for i in sorted((i for i in shown if columns[i].drops_at), key=lambda i: columns[i].drops_at):
        if excess() <= 0:
            break
        # What goes makes room: the rest shrinks anew from its natural width.
        shown.remove(i)
        widths[:] = natural
        shrink()
    for i in reversed(shown):
        widths[i] = max(1, widths[i] - max(0, excess()))
    return shown


def _line(
    cells: Sequence[str],
    columns: Sequence[Column],
    shown: Sequence[int],
    widths: Sequence[int],
    *,
    is_body: bool = False,
) -> str:
    parts = []
    for i in shown:
        text = clipped(cells[i], widths[i])
        padding = " " * (widths[i] - display_width(text))
        colour = columns[i].colour
        if is_body and colour is not None:
            text = coloured(text, colour(cells[i]), sys.stdout)
        parts.append(padding + text if columns[i].is_number else text + padding)
    return _GAP.join(parts).rstrip()
