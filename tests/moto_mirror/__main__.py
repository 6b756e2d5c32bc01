"""Runs moto's tests against a simulated cloud, and holds them to what is written down."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Collection

from rich.console import Console
from rich.table import Table

from tests.moto_mirror import expectations, suite
from tests.moto_mirror.cloud import mirror_cloud
from tests.moto_mirror.expectations import Comparison, Verdicts
from tests.moto_mirror.sources import moto_suite
from tests.moto_mirror.verdicts import PASSED, verdict_of

_KINDS = ("passed", "operation", "parameter", "region", "internals", "differs")


def main(arguments: list[str]) -> int:
    """Run them all, or those named; 1 where something is not as it is written."""
    parser = argparse.ArgumentParser(prog="python -m tests.moto_mirror")
    parser.add_argument("--write", action="store_true", help="write down how they end")
    parser.add_argument("tests", nargs="*", help="node ids below moto's tests; all if none")
    given = parser.parse_args(arguments)
    if given.write and given.tests:
        parser.error("--write needs a run of them all")
    console = Console(width=110, highlight=False)
    try:
        moto = moto_suite()
    except subprocess.CalledProcessError as error:
        console.print(f"moto's tests are skipped: they cannot be fetched ({error})")
        return 0
    with mirror_cloud() as cloud:
        results = suite.run(moto, cloud, given.tests)
    found = {result["test"]: verdict_of(result) for result in results}
    console.print(_table(found))
    lent = sum(bool(r["stand_ins"]) for r in results if found[r["test"]] == PASSED)
    console.print(f"{lent} of those passed had the cloud's network lent for one of their own")
    if given.write:
        expectations.write(found)
    compared = expectations.compare(found)
    _tell(console, compared)
    return 0 if compared.is_clean else 1


def _table(found: Verdicts) -> Table:
    by_file: dict[str, Counter[str]] = defaultdict(Counter)
    for test, verdict in found.items():
        by_file[test.partition("::")[0]][verdict.kind] += 1
        by_file["all"][verdict.kind] += 1
    table = Table("file", *_KINDS, box=None, header_style="bold")
    for file, counts in sorted(by_file.items(), key=lambda item: (item[0] == "all", item[0])):
        table.add_row(file, *(str(counts[kind] or "") for kind in _KINDS))
    return table


def _tell(console: Console, compared: Comparison) -> None:
    _list(console, "written down as passing, and fail now", compared.fail_now)
    _list(console, "pass now, and are not written down as such (--write)", compared.pass_now)
    _list(console, "differ without a reason in differences.toml", compared.unexplained)


def _list(console: Console, what: str, tests: Collection[str]) -> None:
    if tests:
        console.print(f"\n{len(tests)} {what}:")
        for test in tests:
            console.print(f"  {test}", markup=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
