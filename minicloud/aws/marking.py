"""The mark of a simulated engine: a tag in every list of tags that an answer has.

Its key begins with ``aws:``, which nobody may set, and which clients leave alone where they compare
tags with what they want: Terraform's provider and Ansible's ``compare_aws_tags`` see no difference.
The lists are found by the model, so no handler can forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minicloud.aws.operation import Shape
from minicloud.aws.protocols.model import ServiceModel

ENGINE_KEY = "aws:minicloud:engine"
_TAG = "Tag"
_TAG_MEMBERS = {"Key", "Value"}

_Change = Callable[[Any], Any]


class EngineMark:
    """Marks the answers of one service's operations with the engine's name."""

    def __init__(self, model: ServiceModel, engine: str) -> None:
        self._shapes = model.shapes
        self._tag = {"Key": ENGINE_KEY, "Value": engine}
        self._changes = {
            name: self._change(operation.output, frozenset())
            for name, operation in model.operations.items()
            if operation.output is not None
        }

    def marked(self, operation_name: str, answer: Shape) -> Shape:
        """The answer, with the mark among the tags of each resource that it tells of."""
        change = self._changes.get(operation_name)
        marked: Shape = answer if change is None else change(answer)
        return marked

    def _change(self, name: str, around: frozenset[str]) -> _Change | None:
        """What to do with a value of this shape; None where no tags can be in it."""
        shape = self._shapes[name]
        if name in around:
            return None
        if shape["type"] == "structure":
            return self._change_of_structure(shape["members"], around | {name})
        if shape["type"] == "list":
            return self._change_of_list(shape["member"]["shape"], around | {name})
        return None

    def _change_of_structure(
        self, members: Mapping[str, Any], around: frozenset[str]
    ) -> _Change | None:
        found = {name: self._change(member["shape"], around) for name, member in members.items()}
        changes = {name: change for name, change in found.items() if change is not None}
        if not changes:
            return None

        def change(value: Any) -> Any:
            there = {name: value[name] for name in changes if value.get(name) is not None}
            return {**value, **{name: changes[name](part) for name, part in there.items()}}

        return change

    def _change_of_list(self, item: str, around: frozenset[str]) -> _Change | None:
        if item == _TAG and self._shapes[item].get("members", {}).keys() == _TAG_MEMBERS:
            return lambda tags: [*tags, self._tag]
        change = self._change(item, around)
        return None if change is None else lambda items: [change(each) for each in items]
