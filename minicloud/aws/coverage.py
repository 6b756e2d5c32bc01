"""What of AWS is carried out: a table made of the declarations and botocore's models.

``python -m minicloud.aws.coverage --write`` makes ``coverage.md`` beside this file, ``--check``
fails where it would be another, and where a declaration names a member that the model has not.
``--show SERVICE OPERATION`` prints the shapes of an operation, for those who write its handler.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from minicloud.aws.operation import Operation
from minicloud.aws.protocols.model import ServiceModel, load_model, references
from minicloud.aws.registry import OPERATIONS

TABLE = Path(__file__).with_name("coverage.md")
_DRY_RUN = "DryRun"
_HEAD = """\
# What of AWS is carried out

Made by `python -m minicloud.aws.coverage --write`, of the handlers' own declarations and botocore's
models: do not edit. What is refused is refused with AWS's own error before anything happens, and so
is every operation that is not here; nothing is accepted and ignored.
"""
_COLUMNS = "| operation | carried out | with some values alone | refused |\n|---|---|---|---|\n"


def table() -> str:
    """The table, as the declarations and the installed botocore have it."""
    parts = [_HEAD]
    for service, operations in OPERATIONS.items():
        model = load_model(service, frozenset(operation.name for operation in operations))
        total = len(model.known)
        parts.append(f"\n## {service}: {len(operations)} of {total} operations\n\n{_COLUMNS}")
        parts += [_row(o, model) for o in sorted(operations, key=lambda o: o.name)]
    return "".join(parts)


def misnamed() -> list[str]:
    """Declared members that the model has not, and operations that are declared twice."""
    found = []
    for service, operations in OPERATIONS.items():
        names = [operation.name for operation in operations]
        found += [f"{service}: {n} twice" for n in sorted({n for n in names if names.count(n) > 1})]
        model = load_model(service, frozenset(names))
        for operation in operations:
            shape = model.operations[operation.name].input
            for path in sorted(operation.carried | operation.checked.keys()):
                if shape is None or not _has(model, shape, path.split(".")):
                    found.append(f"{service}: {operation.name} has no {path}")
    return found


def is_up_to_date(kept: str) -> bool:
    """Whether a kept table is of today's declarations.

    What is refused is left out: a newer botocore knows more of it, and nothing here has changed.
    """
    return _declared(kept) == _declared(table())


def _declared(text: str) -> list[str]:
    rows = (line.rpartition(" | ")[0] for line in text.splitlines() if line.startswith("| `"))
    return [*rows]


def _row(operation: Operation, model: ServiceModel) -> str:
    shape = model.operations[operation.name].input
    members = [] if shape is None else [*model.shapes[shape]["members"]]
    known = operation.carried | operation.checked.keys()
    refused = [
        name
        for name in members
        if name != _DRY_RUN
        and name not in known
        and not any(k.startswith(f"{name}.") for k in known)
    ]
    checked = [f"{name}: {values}" for name, values in sorted(operation.checked.items())]
    columns = (
        f"`{operation.name}`",
        ", ".join(sorted(operation.carried)) or "—",
        "; ".join(checked) or "—",
        ", ".join(sorted(refused)) or "—",
    )
    return f"| {' | '.join(column.replace('|', chr(92) + '|') for column in columns)} |\n"


def _has(model: ServiceModel, shape_name: str, parts: list[str]) -> bool:
    if not parts:
        return True
    shape = model.shapes[shape_name]
    if shape["type"] == "list":
        return _has(model, shape["member"]["shape"], parts)
    below = shape.get("members", {}).get(parts[0])
    return below is not None and _has(model, below["shape"], parts[1:])


def _shown(service: str, operation: str) -> Iterator[str]:
    model = load_model(service, frozenset({operation}))
    its_model = model.operations[operation]
    for title, name in (("input", its_model.input), ("output", its_model.output)):
        yield f"{title}:"
        if name is not None:
            yield json.dumps(_outline(model, name, ()), indent=2)


def _outline(model: ServiceModel, name: str, above: tuple[str, ...]) -> Any:
    shape: Mapping[str, Any] = model.shapes[name]
    if name in above:
        return f"({name} again)"
    inside = (*above, name)
    if shape["type"] == "structure":
        members = shape["members"].items()
        return {key: _outline(model, below["shape"], inside) for key, below in members}
    if references(shape):
        return [_outline(model, below, inside) for below in references(shape)]
    return shape["type"]


def main() -> int:
    """Write, check or show; 1 where a check fails."""
    parser = argparse.ArgumentParser(prog="minicloud.aws.coverage", description=__doc__)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--write", action="store_true", help="write the table")
    chosen.add_argument("--check", action="store_true", help="fail where the table is not of today")
    chosen.add_argument("--show", nargs=2, metavar=("SERVICE", "OPERATION"), help="print shapes")
    arguments = parser.parse_args()
    if arguments.show:
        sys.stdout.writelines(f"{line}\n" for line in _shown(*arguments.show))
        return 0
    wrong = misnamed()
    if not wrong and arguments.write:
        TABLE.write_text(table(), "utf-8")
    elif not wrong and not (TABLE.exists() and is_up_to_date(TABLE.read_text("utf-8"))):
        wrong = ["coverage.md is not of today: run python -m minicloud.aws.coverage --write"]
    sys.stderr.writelines(f"error: {line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
