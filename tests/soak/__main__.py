"""Runs the parts of the soak and prints the table of what was found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from rich.console import Console
from rich.table import Table

from tests.load.cloud import BalancedCloud, balanced_cloud
from tests.soak import deaths, drains, millions, wire
from tests.soak.rows import Finding

WITHOUT_CLOUD: dict[str, Callable[[float], list[Finding]]] = {"wire": wire.findings}
ON_CLOUD: dict[str, Callable[[BalancedCloud, float], list[Finding]]] = {
    "drains": drains.findings,
    "deaths": deaths.findings,
    "detection": deaths.detection,
    "millions": millions.findings,
}
NAMES = (*WITHOUT_CLOUD, *ON_CLOUD)


def main(words: list[str]) -> int:
    """Run the named parts, or all; 1 where one does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="how much of each part")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    chosen = parser.parse_args(words)
    console = Console(width=110, highlight=False)
    unknown = set(chosen.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {[*NAMES]}")
    table = Table("what", "measured", "goal", box=None, header_style="bold")
    broken = []
    with ExitStack() as stack:
        for name, part in _parts(chosen.names or NAMES, chosen.share, stack):
            console.print(f"soaking: {name} …")
            try:
                for finding in part():
                    table.add_row(finding.what, finding.measured, finding.goal)
            except AssertionError as error:
                broken.append(name)
                console.print(f"{name} does not hold: {error}", style="bold red", markup=False)
    console.print(table)
    return 1 if broken else 0


def _parts(
    names: Sequence[str], share: float, stack: ExitStack
) -> Iterator[tuple[str, Callable[[], list[Finding]]]]:
    """Each part, ready to run; the balanced cloud is made for the first that needs it."""
    cloud: BalancedCloud | None = None
    for name in names:
        if name in WITHOUT_CLOUD:
            yield name, partial(WITHOUT_CLOUD[name], share)
            continue
        cloud = cloud or stack.enter_context(balanced_cloud("soak"))
        yield name, partial(ON_CLOUD[name], cloud, share)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
