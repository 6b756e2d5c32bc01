"""The options that say how many visitors come, and what is sent of them.

A file is only read here, and held to a size; what is in it the server reads, and judges.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from minicloud.cli.text import visible
from minicloud.client.comparisons import GivenCurve, ShapedCurve
from minicloud.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SHAPES = ("daily", "spike", "growth")
_SHAPE_OPTIONS = ("low", "high", "days", "peak_hour", "spike_hours")
_FILE_BYTES_MAX = 4 * 1024 * 1024


class Demand(NamedTuple):
    """What is sent: one of the two."""

    given: GivenCurve | None
    shape: ShapedCurve | None


def _complete(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    shapes = [CompletionItem(shape) for shape in _SHAPES if shape.startswith(incomplete)]
    return shapes or [CompletionItem(incomplete, type="file")]


def demand_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a curve of visitors."""
    options = (
        click.option(
            "--visitors",
            required=True,
            metavar="FILE.csv|daily|spike|growth",
            shell_complete=_complete,
            help="How many come, and when.",
        ),
        click.option("--low", type=int, metavar="N", help="A shape's fewest in an hour; 500."),
        click.option("--high", type=int, metavar="N", help="A shape's most in an hour; 10000."),
        click.option("--days", type=int, metavar="N", help="How long a shape is; 7."),
        click.option(
            "--peak-hour",
            type=int,
            metavar="HOUR",
            help="When daily is highest (14), or the spike begins (12).",
        ),
        click.option("--spike-hours", type=int, metavar="N", help="How long the spike lasts; 2."),
        click.option(
            "--time-unit",
            type=click.Choice(["hours", "minutes", "seconds"]),
            help="What a file's times count that are numbers.",
        ),
        click.option(
            "--timezone",
            metavar="ZONE",
            help="Of a file's times, and of the midnight that others begin with; UTC.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def demand_request(options: dict[str, Any]) -> tuple[str, Demand]:
    """What the curve is called, and what to send of it; takes its options out of ``options``."""
    visitors, unit = options.pop("visitors"), options.pop("time_unit")
    shape_options = {name: options.pop(name) for name in _SHAPE_OPTIONS}
    if visitors in _SHAPES:
        if unit is not None:
            raise _refused("--time-unit is of a file's times", "leave it out with a shape")
        return visitors, Demand(None, ShapedCurve(visitors, **shape_options))
    if given := [name for name, value in shape_options.items() if value is not None]:
        option = "--" + given[0].replace("_", "-")
        raise _refused(f"{option} is of a shape", "leave it out with a file")
    return Path(visitors).name, Demand(_read(Path(visitors), unit), None)


def _read(path: Path, unit: str | None) -> GivenCurve:
    name = visible(path.name)
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file can be called so"
        raise _refused(
            f"{visible(str(path))[:80]} cannot be read: {why}",
            f"name a CSV file, or one of the shapes {', '.join(_SHAPES)}",
        ) from error
    if len(data) > _FILE_BYTES_MAX:
        raise _refused(f"{name} is larger than 4 MiB", "give fewer rows: 50,000 are read at most")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            f"{name}, line {line}: is not UTF-8 text", "save it as CSV in UTF-8"
        ) from error
    return GivenCurve(name[:255], text, unit)


def _refused(message: str, resolution: str) -> InvalidRequest:
    return InvalidRequest("InvalidParameterValue", message, resolution)
