"""Runs the benches and prints the table of ratios."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.bench import addresses, balancer, bill, launch, listing, scale_up, start_up, wire
from tests.bench.rows import Row
from tests.bench.world import BenchWorld, bench_world

BENCHES: dict[str, Callable[[BenchWorld], list[Row]]] = {
    "launch": launch.rows,
    "addresses": addresses.rows,
    "scale-up": scale_up.rows,
    "listing": listing.rows,
    "start-up": start_up.rows,
    "balancer": balancer.rows,
    "wire": wire.rows,
    "bill": bill.rows,
}


def main(names: list[str]) -> int:
    """Run the named benches, or all."""
    console = Console(width=110, highlight=False)
    unknown = set(names) - set(BENCHES)
    if unknown:
        console.print(f"there is no bench {', '.join(sorted(unknown))}; there are: {[*BENCHES]}")
        return 2
    table = Table("what", "ours", "floor", "ratio", "goal", box=None, header_style="bold")
    with bench_world() as world:
        for name in names or BENCHES:
            console.print(f"measuring {name} …")
            for row in BENCHES[name](world):
                ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
                table.add_row(row.what, row.ours, row.floor, ratio, row.goal)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
