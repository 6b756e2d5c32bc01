"""What is changed in the text of moto's tests, where it is not what they test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

REGION = "us-east-1"
_REGION_NAME = re.compile(r"\b(?:af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[0-9](?=[a-f]?\b)")
# minicloud's balancers are reached from outside: it refuses the other scheme.
_SCHEME = ('"internal"', '"internet-facing"')
_BALANCING = "test_elbv2"


def adapt(path: Path) -> None:
    """Adapt a file of tests in place; nothing changes where it has been adapted before."""
    text = path.read_text(encoding="utf-8")
    adapted = in_one_region(text)
    if path.parent.name == _BALANCING:
        adapted = adapted.replace(*_SCHEME)
    if adapted != text:
        path.write_text(adapted, encoding="utf-8")


def in_one_region(text: str) -> str:
    """Let each function that names one other region alone name the cloud's.

    Those that name several need them.
    """
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
            its_lines = lines[first : node.end_lineno]
            if len(set(_REGION_NAME.findall("".join(its_lines)))) == 1:
                lines[first : node.end_lineno] = [
                    _REGION_NAME.sub(REGION, line) for line in its_lines
                ]
    return "".join(lines)
