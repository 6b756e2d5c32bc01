"""A comparison of fleets as an SVG picture, for light and dark pages.

Written with the standard library's ElementTree, which escapes whatever text it is given: matplotlib
is 30 MB with what it needs, pygal's pictures load a script from its site, and drawsvg would save us
the names of five elements. Colours are Okabe and Ito's, told apart by colour-blind eyes; lines
differ by their dashes, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from minicloud.cli.demand_series import Moment, Series, round_step, slices, time_ticks
from minicloud.cli.money import usd_text
from minicloud.cli.table import clipped
from minicloud.cli.text import time_text, visible

if TYPE_CHECKING:
    from minicloud.client.comparison_shapes import OutcomeShape, ScalingComparisonShape

_WIDTH, _HEIGHT = 960, 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 884, 136, 430
_TICKS_X, _TICKS_Y = 8, 6
_MOMENTS_MAX = 1600
_TITLE_WIDTH = 70
_BAR_LEFT, _BAR_RIGHT, _BAR_TOP, _BAR_HEIGHT = 190, 560, 514, 40
_STYLE = """
svg { font-family: system-ui, 'DejaVu Sans', sans-serif; font-size: 13px; }
.page { fill: #ffffff; } text { fill: #24292f; } .soft { fill: #57606a; }
.title { font-size: 19px; font-weight: 600; }
.grid { stroke: #d0d7de; stroke-width: 1; } .axis { stroke: #57606a; stroke-width: 1; }
.visitors { fill: #56b4e9; fill-opacity: 0.55; } .unserved { fill: #d55e00; }
.elastic { fill: none; stroke: #009e73; stroke-width: 2; }
.peak { fill: none; stroke: #24292f; stroke-width: 2; stroke-dasharray: 8 4; }
.mean { fill: none; stroke: #b0558f; stroke-width: 2; stroke-dasharray: 2 4; }
.bar-used { fill: #56b4e9; } .bar-idle { fill: #56b4e9; fill-opacity: 0.3; }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117; } text { fill: #e6edf3; } .soft { fill: #9198a1; }
.grid { stroke: #30363d; } .axis { stroke: #9198a1; } .peak { stroke: #e6edf3; }
.mean { stroke: #cc79a7; }
}
"""


def scaling_svg(found: ScalingComparisonShape, series: Series, curve_name: str) -> str:
    """The picture as the text of an SVG file. ``curve_name``: where the visitors come from."""
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT}",
            "width": str(_WIDTH),
            "height": str(_HEIGHT),
            "role": "img",
        },
    )
    title = clipped(visible(f"Fixed or elastic: {curve_name}"), _TITLE_WIDTH)
    SubElement(root, "title").text = title
    SubElement(root, "style").text = _STYLE
    _add(root, "rect", "page", x=0, y=0, width=_WIDTH, height=_HEIGHT)
    _text(root, (_LEFT, 36), title, "title")
    _text(root, (_LEFT, 60), _subtitle(found), "soft")
    chart = _Chart(root, series)
    chart.draw_axes(found)
    chart.draw_visitors()
    chart.draw_fleets()
    _legend(root)
    _bars(root, found)
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


@dataclass(frozen=True)
class _Chart:
    """The upper panel: visitors an hour, and what each fleet can serve, over time."""

    root: Element
    series: Series

    @cached_property
    def _step(self) -> float:
        return round_step(self.series.top, _TICKS_Y)

    @cached_property
    def _top(self) -> float:
        step = self._step
        return step * -(-self.series.top // step)

    def _x(self, at_s: float) -> float:
        return round(_LEFT + at_s / self.series.length_s * (_RIGHT - _LEFT), 2)

    def _y(self, figure: float) -> float:
        return round(_BOTTOM - figure / self._top * (_BOTTOM - _TOP), 2)

    @cached_property
    def _moments(self) -> tuple[Moment, ...]:
        """What is drawn: the very moments, or means where there are more than a picture shows."""
        series = self.series
        if len(series.moments) <= _MOMENTS_MAX:
            return series.moments
        width_s = series.length_s / _MOMENTS_MAX
        return tuple(
            Moment(i * width_s, (i + 1) * width_s, part.served + part.unserved, part.capacity)
            for i, part in enumerate(slices(series, _MOMENTS_MAX))
        )

    def draw_axes(self, found: ScalingComparisonShape) -> None:
        """The grid, what stands at it, and the units."""
        for figure in _multiples(self._step, self._top):
            y = self._y(figure)
            _add(self.root, "line", "grid", x1=_LEFT, x2=_RIGHT, y1=y, y2=y)
            _text(self.root, (_LEFT - 8, y + 4), f"{figure:,.6g}", "soft", "end")
        per_machine = found["rules"]["capacity_per_hour"]
        machines_top = self._top / per_machine
        for count in _multiples(ceil(round_step(machines_top, _TICKS_Y)), machines_top):
            y = self._y(count * per_machine)
            _text(self.root, (_RIGHT + 8, y + 4), f"{count:,.0f}", "soft")
        _text(self.root, (_LEFT - 8, _TOP - 14), "visitors an hour", "soft", "middle")
        _text(self.root, (_RIGHT + 8, _TOP - 14), "machines", "soft", "middle")
        ticks, unit = time_ticks(self.series.length_s, _TICKS_X)
        for at_s, label in ticks:
            _add(
                self.root,
                "line",
                "axis",
                x1=self._x(at_s),
                x2=self._x(at_s),
                y1=_BOTTOM,
                y2=_BOTTOM + 5,
            )
            _text(self.root, (self._x(at_s), _BOTTOM + 20), label, "soft", "middle")
        said = f"{unit} since {time_text(found['from'])}"
        _text(self.root, ((_LEFT + _RIGHT) / 2, _BOTTOM + 40), said, "soft", "middle")

    def draw_visitors(self) -> None:
        """The visitors, and those of them whom the elastic fleet turns away."""
        moments = self._moments
        outline = f"M{_LEFT} {_BOTTOM}{self._steps((m, m.visitors) for m in moments)}V{_BOTTOM}Z"
        _add(self.root, "path", "visitors", d=outline)
        turned_away = "".join(
            f"M{self._x(m.begins_s)} {self._y(m.capacity)}V{self._y(m.visitors)}"
            f"H{self._x(m.ends_s)}V{self._y(m.capacity)}Z"
            for m in moments
            if m.visitors > m.capacity
        )
        if turned_away:
            _add(self.root, "path", "unserved", d=turned_away)

    def draw_fleets(self) -> None:
        """What each fleet can serve."""
        moments = self._moments
        first = f"M{_LEFT} {self._y(moments[0].capacity)}"
        outline = first + self._steps((m, m.capacity) for m in moments)
        _add(self.root, "path", "elastic", d=outline)
        for name, capacity in (
            ("peak", self.series.peak_capacity),
            ("mean", self.series.mean_capacity),
        ):
            _add(self.root, "path", name, d=f"M{_LEFT} {self._y(capacity)}H{_RIGHT}")

    def _steps(self, figures: Iterable[tuple[Moment, float]]) -> str:
        return "".join(f"V{self._y(figure)}H{self._x(m.ends_s)}" for m, figure in figures)


def _multiples(step: float, highest: float) -> list[float]:
    return [place * step for place in range(int(highest / step + 1e-9) + 1)]


def _subtitle(found: ScalingComparisonShape) -> str:
    count = float(found["visitors"])
    return (
        f"{count:,.0f} visitors; machines of type {found['type']}, each for"
        f" {found['rules']['capacity_per_hour']:,} visitors an hour; prices of {found['region']}"
    )


def _legend(root: Element) -> None:
    x = _LEFT
    for kind, words, width in (
        ("visitors", "visitors", 96),
        ("unserved", "turned away by the elastic fleet", 262),
        ("elastic", "elastic", 92),
        ("peak", "fixed for the peak", 160),
        ("mean", "fixed for the mean", 0),
    ):
        if kind in {"visitors", "unserved"}:
            _add(root, "rect", kind, x=x, y=78, width=22, height=12)
        else:
            _add(root, "path", kind, d=f"M{x} 84H{x + 22}")
        _text(root, (x + 28, 88), words)
        x += width


def _bars(root: Element, found: ScalingComparisonShape) -> None:
    """The lower panel: what each fleet costs, and how much of it serves anybody."""
    dearest = max(float(fleet["usd"]) for fleet in found["fleets"]) or 1.0
    _text(root, (_LEFT, _BAR_TOP - 16), f"Cost in {found['currency']}: used, and idle (pale)")
    for place, fleet in enumerate(found["fleets"]):
        y = _BAR_TOP + place * _BAR_HEIGHT
        length = float(fleet["usd"]) / dearest * (_BAR_RIGHT - _BAR_LEFT)
        used = length * (1 - fleet["idle_percent"] / 100)
        _text(root, (_BAR_LEFT - 8, y + 17), fleet["title"], "", "end")
        _add(root, "rect", "bar-used", x=_BAR_LEFT, y=y, width=round(used, 2), height=24)
        _add(
            root,
            "rect",
            "bar-idle",
            x=round(_BAR_LEFT + used, 2),
            y=y,
            width=round(length - used, 2),
            height=24,
        )
        _text(root, (_BAR_LEFT + length + 8, y + 17), _bar_says(fleet))


def _bar_says(fleet: OutcomeShape) -> str:
    return (
        f"{usd_text(fleet['usd'])} · {fleet['idle_percent']:.0f}% idle ·"
        f" {float(fleet['unserved']):,.0f} turned away"
    )


def _text(
    root: Element, at: tuple[float, float], words: str, kind: str = "", anchor: str = "start"
) -> None:
    shown = _add(root, "text", kind, x=at[0], y=at[1], text_anchor=anchor)
    shown.text = visible(words)


def _add(root: Element, tag: str, kind: str, **attributes: float | str) -> Element:
    named = {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    if kind:
        named["class"] = kind
    return SubElement(root, tag, named)
