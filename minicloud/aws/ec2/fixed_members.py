"""Members of which one value is carried out: what is so anyway.

Clients send some of them with every request. Any other value is refused, since a machine would not
be as it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from minicloud.aws.failures import AwsFailure
from minicloud.domain.tags import shown

Fixed = Mapping[str, object]
"""A value by the dotted path of its member; a list on the path stands for each of its items."""


def require_fixed(request: Mapping[str, Any], fixed: Fixed) -> None:
    """Refuse a request that has another value for one of these members."""
    for path, value in fixed.items():
        for given in _given(request, path.split(".")):
            if given != value:
                raise AwsFailure(
                    "UnsupportedOperation",
                    f"The value {shown(_text(given))} of the parameter {path} is not supported by"
                    f" minicloud; here it is always {_text(value)!r}.",
                )


def told(fixed: Fixed) -> dict[str, str]:
    """The members and their values, for an operation's declaration."""
    return {path: _text(value) for path, value in fixed.items()}


def _given(value: Any, members: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _given(item, members)
    elif not members:
        yield value
    elif members[0] in value:
        yield from _given(value[members[0]], members[1:])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
