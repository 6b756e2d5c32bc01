"""A form's flat, dotted names as a tree: ``Filter.1.Name=x`` is ``{Filter: {1: {Name: x}}}``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Union

from minicloud.aws.failures import AwsFailure
from minicloud.domain.tags import shown

Node = Union[str, "dict[str, Node]"]
_DEPTH_MAX = 16


def tree_of(fields: Iterable[tuple[str, str]]) -> dict[str, Node]:
    """The tree of a form's fields; ``MalformedQueryString`` where they contradict each other."""
    root: dict[str, Node] = {}
    for name, value in fields:
        *outer, last = name.split(".", _DEPTH_MAX)
        if len(outer) >= _DEPTH_MAX:
            raise _malformed(name)
        branch = root
        for part in outer:
            below = branch.setdefault(part, {})
            if isinstance(below, str):
                raise _malformed(name)
            branch = below
        if last in branch:
            raise _malformed(name)
        branch[last] = value
    return root


def _malformed(name: str) -> AwsFailure:
    return AwsFailure(
        "MalformedQueryString", f"The parameter {shown(name, 80)} is malformed, or is given twice."
    )
