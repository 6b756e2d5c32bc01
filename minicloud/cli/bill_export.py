"""``minicloud bill export``: a bill for another program, as CSV, JSON or FOCUS.

The CSV is for people's spreadsheets, which take a cell that begins with ``=``, ``+``, ``-`` or
``@`` for a formula; names and tags are what users wrote, so such a text gets an apostrophe before
it, as OWASP's "CSV Injection" advises. FOCUS is for programs, and forbids to change what users
wrote ("String Handling"): its cells stay as they are, and a note says so where it matters.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from minicloud.cli.money import period_options, prices_option, region_option, view_option
from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import note, visible
from minicloud.client.bills import BillRequest
from minicloud.domain.billing.focus_terms import COLUMNS
from minicloud.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import BillShape, LineShape

_STDOUT = "-"
_MODE = 0o666
# A tab or a line's end before the sign is skipped by some.
_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
# What users wrote and a row has as it is; tags are JSON and begin with a brace.
_FOCUS_TEXTS = ("ResourceName", "CommitmentDiscountName")
_ROWS_AT_ONCE = 1000
_OF_LINE = (
    *("resource_id", "name", "service", "rule", "subject", "part"),
    *("quantity", "unit", "rate", "amount"),
)
_OF_PRICE = ("item", "since", "source", "as_of")
_CSV_COLUMNS = (
    *("from", "to", *_OF_LINE),
    *("currency", "estimated", "estimated_because"),
    *(f"price_{name}" for name in _OF_PRICE),
)


@click.command()
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["csv", "json", "focus"]),
    required=True,
    help="One line an item; all of `bill show -o json`; or FOCUS 1.2 rows.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, allow_dash=True),
    default=_STDOUT,
    metavar="FILE",
    help="Where to; it is written whole or not at all. Standard output.",
)
@period_options
@view_option
@region_option
@prices_option
@pass_session
def export(session: Session, /, format_name: str, path: str, **options: Any) -> None:
    """Export the bill of a period, with every digit that it has.

    CSV is RFC 4180, for spreadsheets: a text that begins as a formula does (= + - @) gets an
    apostrophe before it. FOCUS is the FinOps Open Cost and Usage Specification, 1.2, as CSV: a
    row for each item and day (UTC), BilledCost adding up to the unblended bill and EffectiveCost
    to the amortised one. It has both views, and its texts are as they were written.

    \b
    Examples:
      minicloud bill export --format csv --from 2026-11-01 --to 2026-12-01 -o november.csv
      minicloud bill export --format focus --output focus.csv
      minicloud bill export --format json --view amortised | jq .total
    """
    if format_name == "focus" and options["view"]:
        raise click.UsageError("--format focus has both views: leave out --view")
    pieces = _FORMATS[format_name](session, BillRequest(**options))
    if path == _STDOUT:
        _write(sys.stdout.buffer, pieces)
        return
    try:
        _write_whole(Path(path), pieces)
    except OSError as error:
        raise InvalidRequest(
            "CannotWriteFile",
            f"{visible(path)} cannot be written ({error.strerror or error})",
            "choose a folder that is there and yours, on a disk that has room",
        ) from error


def _write_whole(path: Path, pieces: Iterator[str]) -> None:
    """Put the file there when all of it is written; what was there before stays until then."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            _write(file, pieces)
        # As a shell's redirection makes it: the temporary file is its owner's alone.
        Path(name).chmod(_MODE & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write(file: IO[bytes], pieces: Iterator[str]) -> None:
    for piece in pieces:
        file.write(piece.encode("utf-8", "backslashreplace"))
    file.flush()


def _json(session: Session, request: BillRequest) -> Iterator[str]:
    # As `-o json` prints it.
    yield json.dumps(session.client.bills.show(request), indent=2, ensure_ascii=False) + "\n"


def _csv(session: Session, request: BillRequest) -> Iterator[str]:
    found = session.client.bills.show(request)
    rows = ([_harmless(cell) for cell in _cells(found, line)] for line in found["lines"])
    return _csv_texts(_CSV_COLUMNS, rows)


def _cells(found: BillShape, line: LineShape) -> list[str]:
    fields: dict[str, Any] = {**line}
    estimated = "true" if line["estimated"] else "false"
    return [
        *(found["from"], found["to"]),
        *(str(fields[name]) for name in _OF_LINE),
        *(found["currency"], estimated, "; ".join(line["estimated_because"])),
        *(str({**line["price"]}[name]) for name in _OF_PRICE),
    ]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_BEGINS) else cell


def _focus(session: Session, request: BillRequest) -> Iterator[str]:
    found = session.client.bills.focus_rows(request)
    formula_count = 0

    def rows() -> Iterator[list[str]]:
        nonlocal formula_count
        for row in found:
            texts = [row[column] or "" for column in _FOCUS_TEXTS]
            formula_count += any(text.startswith(_FORMULA_BEGINS) for text in texts)
            # CSV has no null, and FOCUS no empty text: the one means the other.
            yield [row[column] or "" for column in COLUMNS]

    yield from _csv_texts(COLUMNS, rows())
    if formula_count:
        note(
            f"{formula_count} rows have a name that a spreadsheet may take for a formula: import"
            " the file as text"
        )


def _csv_texts(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """RFC 4180, some rows at a time."""
    lines = chain([columns], rows)
    while some := [*islice(lines, _ROWS_AT_ONCE)]:
        text = io.StringIO()
        csv.writer(text).writerows(some)
        yield text.getvalue()


_FORMATS: dict[str, Callable[[Session, BillRequest], Iterator[str]]] = {
    "csv": _csv,
    "json": _json,
    "focus": _focus,
}
