"""Runs the parts of the soak and prints the table of what was found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.load.cloud import BalancedCloud, balanced_cloud
from tests.soak import deaths, drains, millions
from tests.soak.rows import Finding

PARTS: dict[str, Callable[[BalancedCloud, float], list[Finding]]] = {
    "drains": drains.findings,
    "deaths": deaths.findings,
    "detection": deaths.detection,
    "millions": millions.findings,
}


def main(words: list[str]) -> int:
    """Run the named parts, or all; 1 where one does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="how much of each part")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    chosen = parser.parse_args(words)
    console = Console(width=110, highlight=False)
    unknown = set(chosen.names) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {[*PARTS]}")
    table = Table("what", "measured", "goal", box=None, header_style="bold")
    broken = []
    with balanced_cloud("soak") as cloud:
        for name in chosen.names or PARTS:
            console.print(f"soaking: {name} …")
            try:
                for finding in PARTS[name](cloud, chosen.share):
                    table.add_row(finding.what, finding.measured, finding.goal)
            except AssertionError as error:
                broken.append(name)
                console.print(f"{name} does not hold: {error}", style="bold red", markup=False)
    console.print(table)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
