"""What is written down of how moto's tests end, and how a run compares with it."""

from __future__ import annotations

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.moto_mirror.verdicts import DIFFERS, PASSED, Verdict

_FOLDER = Path(__file__).parent
EXPECTED = _FOLDER / "expected.toml"
_DIFFERENCES = _FOLDER / "differences.toml"
_HEAD = """\
# Made by `python -m tests.moto_mirror --write`: do not edit. Every test of moto's that does not
# pass against minicloud, by file and by why; all others pass. Why those differ that "differ" is
# in differences.toml, by hand.
"""
Verdicts = Mapping[str, Verdict]
"""By a test's node id below moto's ``tests``."""


@dataclass(frozen=True)
class Comparison:
    """What a run shows that is not written down."""

    fail_now: Collection[str]
    pass_now: Collection[str]
    unexplained: Collection[str]

    @property
    def is_clean(self) -> bool:
        """Whether all is as it is written."""
        return not (self.fail_now or self.pass_now or self.unexplained)


def compare(found: Verdicts) -> Comparison:
    """Hold the tests that were run to what is written of them."""
    failing = _written_as_failing()
    explained = tuple(test for reason in _load(_DIFFERENCES)["reason"] for test in reason["tests"])
    passed = {test for test, verdict in found.items() if verdict == PASSED}
    return Comparison(
        fail_now=sorted(found.keys() - passed - failing),
        pass_now=sorted(passed & failing),
        unexplained=sorted(
            test
            for test, verdict in found.items()
            # A name without its parameters stands for all of them.
            if verdict == DIFFERS and not {test, test.partition("[")[0]} & {*explained}
        ),
    )


def write(found: Verdicts) -> None:
    """Write down how all tests have ended."""
    by_file: dict[str, dict[Verdict, list[str]]] = defaultdict(lambda: defaultdict(list))
    for test, verdict in found.items():
        file, _, name = test.partition("::")
        by_file[file][verdict].append(name)
    lines = [_HEAD, "[counts]", *_counted(found.values())]
    for file, by_verdict in sorted(by_file.items()):
        lines += ["", f"[{json.dumps(file)}]", f"passed = {len(by_verdict.pop(PASSED, []))}"]
        for verdict, names in sorted(by_verdict.items()):
            lines += [f"{json.dumps(str(verdict))} = ["]
            lines += [f"    {json.dumps(name)}," for name in sorted(names)]
            lines += ["]"]
    EXPECTED.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _counted(verdicts: Collection[Verdict]) -> list[str]:
    counts = Counter(verdict.kind for verdict in verdicts)
    return [f"{kind} = {count}" for kind, count in counts.most_common()]


def _written_as_failing() -> frozenset[str]:
    written = _load(EXPECTED)
    return frozenset(
        f"{file}::{name}"
        for file, by_verdict in written.items()
        for names in by_verdict.values()
        if isinstance(names, list)
        for name in names
    )


def _load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))
