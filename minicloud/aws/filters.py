"""EC2's filters: which records a ``Filters`` parameter leaves.

Filters are joined by *and*, the values of one by *or*; ``*`` stands for any text, ``?`` for one
character, a backslash before either for itself; letters' case counts. Source: the page "Filter and
list your resources" of the EC2 user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from minicloud.aws.failures import AwsFailure
from minicloud.domain.tags import shown

T = TypeVar("T")
Values = Callable[[T], Iterable[str]]
_VALUES_MAX = 200
_REMEMBERED_PATTERNS = 256


def select(
    records: Sequence[T],
    filters: Sequence[Any] | None,
    values_of: Mapping[str, Values[T]],
    tags_of: Callable[[T], Mapping[str, str]] | None = None,
) -> list[T]:
    """The records that pass every filter, in their order.

    ``filters`` is the ``Filters`` member (``Name``, ``Values``). ``values_of`` says what a record
    has under each filter's name: several for what it has several of, none for what it has not;
    booleans are ``true`` and ``false``, numbers decimal. With ``tags_of``, ``tag:KEY``, ``tag-key``
    and ``tag-value`` are known, too. ``InvalidParameterValue`` for a name that is not known.
    """
    chosen = list(records)
    for given in filters or ():
        name, patterns = given.get("Name") or "", given.get("Values") or []
        if not patterns:
            raise AwsFailure("InvalidParameterValue", f"The filter {shown(name)} has no values")
        if len(patterns) > _VALUES_MAX:
            raise AwsFailure(
                "FilterLimitExceeded",
                "The maximum number of filter values specified on a single call is 200",
            )
        values = _values(name, values_of, tags_of)
        wanted = [_pattern(pattern) for pattern in patterns]
        chosen = [
            record
            for record in chosen
            if any(match(value) for value in values(record) for match in wanted)
        ]
    return chosen


def flag(value: bool) -> tuple[str]:
    """A boolean as filters write it."""
    return ("true",) if value else ("false",)


def _values(
    name: str,
    values_of: Mapping[str, Values[T]],
    tags_of: Callable[[T], Mapping[str, str]] | None,
) -> Values[T]:
    if name in values_of:
        return values_of[name]
    if tags_of is not None:
        tags = tags_of
        if name == "tag-key":
            return lambda record: tags(record).keys()
        if name == "tag-value":
            return lambda record: tags(record).values()
        if name.startswith("tag:") and len(name) > len("tag:"):
            key = name.removeprefix("tag:")
            return lambda record: [tags(record)[key]] if key in tags(record) else []
    raise AwsFailure("InvalidParameterValue", f"The filter {shown(name)} is invalid")


@lru_cache(_REMEMBERED_PATTERNS)
def _pattern(text: str) -> Callable[[str], object]:
    if not any(character in text for character in "*?\\"):
        return text.__eq__
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    joined = "".join(wild.get(p) or re.escape(p[1:] if len(p) > 1 else p) for p in parts)
    return re.compile(joined, re.DOTALL).fullmatch
