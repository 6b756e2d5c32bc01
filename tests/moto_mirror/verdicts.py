"""Why one of moto's tests does not pass: told by what it was refused, where that says it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NO_OPERATION = frozenset({"InvalidAction", "UnknownOperationException", "NoSuchVersion"})
# AWS takes these without keys; minicloud has no roles to assume.
_UNSIGNED = re.compile(r"sts:AssumeRole\w+")
_OF_ANOTHER_REGION = "this cloud is in"
_ON_PURPOSE = re.compile(r"minicloud|not supported|cannot be tagged|which is the limit")
_MEMBER = re.compile(r"(?:parameter |attribute key '|of '|protocol '|policy ')([\w.-]+)")


@dataclass(frozen=True, order=True)
class Verdict:
    """How a test ended: ``passed``, ``differs``, or a kind of refusal and what was refused.

    The kinds: ``operation`` and ``parameter`` are not carried out; ``region``, the test needs two;
    ``internals``, moto itself skips it where the server may not be moto. One that ``differs`` was
    refused nothing on purpose: a person says why.
    """

    kind: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.what}".strip()


PASSED = Verdict("passed")
DIFFERS = Verdict("differs")
_INTERNALS = Verdict("internals", "of moto's server")
_REGION = Verdict("region", "another one is needed")


def verdict_of(result: Mapping[str, Any]) -> Verdict:
    """The verdict on a line of the plugin's results.

    A test that ended in an error that it did not expect has its last refusal as the reason; of one
    that was told another error than it expects, any refusal on purpose is.
    """
    if result["outcome"] == "passed":
        return PASSED
    if result["outcome"] == "skipped":
        return _INTERNALS
    refusals: Sequence[Mapping[str, str]] = result["refusals"]
    telling = refusals[-1:] if result["raised"] else tuple(reversed(refusals))
    return next((found for found in map(_on_purpose, telling) if found is not None), DIFFERS)


def _on_purpose(refusal: Mapping[str, str]) -> Verdict | None:
    operation, message = refusal["operation"], refusal["message"]
    if refusal["code"] in _NO_OPERATION or _UNSIGNED.fullmatch(operation):
        return Verdict("operation", operation)
    if _OF_ANOTHER_REGION in message:
        return _REGION
    if not _ON_PURPOSE.search(message):
        return None
    member = _MEMBER.search(message)
    return Verdict("parameter", f"{operation} {member[1] if member else message.split(';')[0]}")
