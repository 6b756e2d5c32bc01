"""Inputs of operations as a client might mean them: by the model, and by what is carried out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from botocore.model import OperationModel, Shape

from minicloud.aws.operation import Operation
from tests.fuzz.pool import Pool
from tests.fuzz.values import plausible

_DEPTH_MAX = 6
_CARRIED_SHARE, _OTHER_SHARE, _DRY_RUN_SHARE = 0.4, 0.01, 0.03
_WORD = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Inputs:
    """Makes inputs of one operation; ``declared`` is None where we do not carry it out."""

    model: OperationModel
    declared: Operation | None
    pool: Pool

    def make(self, random: Random) -> dict[str, Any]:
        """An input: every required member, and some of the others."""
        shape = self.model.input_shape
        if shape is None:
            return {}
        made: dict[str, Any] = self._structure(random, shape, "", 0)
        return made

    def _value(self, random: Random, shape: Shape, path: str, depth: int) -> Any:
        member = path.rpartition(".")[2]
        checked = {} if self.declared is None else self.declared.checked
        if path in checked and shape.type_name == "string" and random.random() < 0.7:
            return random.choice(_WORD.findall(checked[path]) or [""])
        match shape.type_name:
            case "structure":
                return self._structure(random, shape, path, depth + 1)
            case "list":
                count = random.choice((0, 1, 1, 1, 1, 2, 3)) if depth < _DEPTH_MAX else 0
                return [self._value(random, shape.member, path, depth + 1) for _ in range(count)]
            case "map":
                return {
                    str(plausible(random, shape.key, member, self.pool)): self._value(
                        random, shape.value, path, depth + 1
                    )
                }
            case _:
                return plausible(random, shape, member, self.pool)

    def _structure(self, random: Random, shape: Shape, path: str, depth: int) -> dict[str, Any]:
        made = {}
        for name, below in shape.members.items():
            inner = f"{path}.{name}" if path else name
            share = 1.0 if name in shape.required_members else self._share(inner)
            if random.random() < share and depth < _DEPTH_MAX:
                made[name] = self._value(random, below, inner, depth)
        return made

    def _share(self, path: str) -> float:
        if path == "DryRun":
            return _DRY_RUN_SHARE
        if self.declared is None:
            return 0.1
        known = self.declared.carried | self.declared.checked.keys()
        is_known = any(
            path == each or path.startswith(f"{each}.") or each.startswith(f"{path}.")
            for each in known
        )
        return _CARRIED_SHARE if is_known else _OTHER_SHARE
