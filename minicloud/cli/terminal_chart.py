"""A comparison of fleets, drawn in a terminal.

plotext (2.9 MB, drawn through a module's global state) and plotille (axes that count 8, 12, 17, 21)
were looked at; neither fills areas, and here the areas are the argument. Each area has a character
of its own, so that nothing depends on colours.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from minicloud.cli.demand_series import Series, Slice, round_step, slices, time_ticks
from minicloud.cli.text import coloured

_ROWS = 12
_ROWS_A_TICK = 3
_COLUMNS_MAX = 100
_COLUMNS_MIN = 10
_COLUMNS_A_LABEL = 8


class _Area(NamedTuple):
    block: str
    letter: str
    colour: str
    title: str


_SERVED = _Area("█", "#", "blue", "visitors served")
_UNSERVED = _Area("▓", "x", "red", "visitors turned away by the elastic fleet")
_ELASTIC_IDLE = _Area("░", "-", "yellow", "idle in the elastic fleet")
_FIXED_IDLE = _Area("·", ".", "cyan", "idle besides in the fleet for the peak")
_AREAS = (_SERVED, _UNSERVED, _ELASTIC_IDLE, _FIXED_IDLE)


def chart_lines(series: Series, width: int) -> list[str]:
    """The picture: at most ``width`` columns wide, in blocks if standard output can write them."""
    step = round_step(series.top, _ROWS // _ROWS_A_TICK)
    top = step * (_ROWS // _ROWS_A_TICK)
    labels = [f"{tick * step:,.6g}" for tick in range(_ROWS // _ROWS_A_TICK + 1)]
    ticks, unit = time_ticks(series.length_s, max(1, width // _COLUMNS_A_LABEL))
    label_width = max(map(len, [*labels, unit]))
    column_count = max(_COLUMNS_MIN, min(width, _COLUMNS_MAX) - label_width - 3)
    columns = slices(series, column_count)
    row_height = top / _ROWS
    is_unicode = _can_draw()
    edge, corner, floor = ("│", "└", "─") if is_unicode else ("|", "+", "-")
    lines = ["visitors an hour"]
    for row in reversed(range(_ROWS)):
        tick, rest = divmod(row + 1, _ROWS_A_TICK)
        label = "" if rest else labels[tick]
        middle = (row + 0.5) * row_height
        cells = [_area_at(column, series.peak_capacity, middle, row_height) for column in columns]
        lines.append(
            f"{label:>{label_width}} {edge}{_drawn(cells, is_unicode=is_unicode)}".rstrip()
        )
    lines.append(f"{'0':>{label_width}} {corner}{floor * column_count}")
    lines.append(f"{unit:>{label_width}}  {_time_labels(ticks, series.length_s, column_count)}")
    for area in _AREAS:
        lines.append(f"{_drawn([area] * 2, is_unicode=is_unicode)}  {area.title}")
    return lines


def _can_draw() -> bool:
    """Whether standard output takes blocks."""
    try:
        "".join(area.block for area in _AREAS).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _area_at(column: Slice, peak_capacity: float, height: float, row_height: float) -> _Area | None:
    """What there is at a height of a column. Whoever is turned away is seen, if it is only one."""
    unserved = max(column.unserved, row_height) if column.unserved > 0 else 0.0
    visitors = column.served + unserved
    for area, top in (
        (_SERVED, column.served),
        (_UNSERVED, visitors),
        (_ELASTIC_IDLE, column.capacity),
        (_FIXED_IDLE, peak_capacity),
    ):
        if height < top:
            return area
    return None


def _drawn(cells: list[_Area | None], *, is_unicode: bool) -> str:
    """A row, with one change of colour wherever the area changes."""
    text = ""
    place = 0
    while place < len(cells):
        area, begin = cells[place], place
        while place < len(cells) and cells[place] is area:
            place += 1
        if area is None:
            text += " " * (place - begin)
        else:
            mark = area.block if is_unicode else area.letter
            text += coloured(mark * (place - begin), area.colour, sys.stdout)
    return text


def _time_labels(ticks: list[tuple[float, str]], length_s: float, column_count: int) -> str:
    line = ""
    for at_s, label in ticks:
        place = round(at_s / length_s * column_count)
        if place + len(label) > column_count:
            break
        line = line.ljust(place) + label
    return line
