"""How a Describe call chooses among what there is: by identifiers, filters and pages.

What there is comes as the answer's own shapes, so that a filter finds what the answer tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from minicloud.aws.backend import AwsBackend
from minicloud.aws.filters import Values, flag, select
from minicloud.aws.operation import Shape
from minicloud.aws.paging import Paging
from minicloud.domain.resource_kind import ResourceKind

Filters = Mapping[str, Values[Shape]]


def at(path: str) -> Values[Shape]:
    """A filter's values: what a shape has at this dotted path, of each item of the lists on it."""
    members = path.split(".")
    return lambda shape: map(_as_text, _found(shape, members))


def always(value: str) -> Values[Shape]:
    """A filter's value where all that there is has the same, and no member tells it."""
    return lambda _shape: (value,)


@dataclass(frozen=True)
class Listing:
    """One Describe call.

    ``answers`` is the output's member; each of its shapes has its identifier in ``id_member``, and
    the request names some of them in ``ids_member``. ``tags_member`` holds a shape's tags. Without
    ``paging`` all that passes is answered at once.
    """

    kind: ResourceKind
    answers: str
    id_member: str
    ids_member: str
    filters: Filters
    paging: Paging | None = None
    tags_member: str = "Tags"

    @property
    def carried(self) -> frozenset[str]:
        """The members that it carries out."""
        members = {self.ids_member, "Filters"}
        if self.paging is not None:
            members |= {self.paging.size_member, self.paging.token_member}
        return frozenset(members)

    def answer(
        self, backend: AwsBackend, request: Mapping[str, Any], shapes: Sequence[Shape]
    ) -> Shape:
        """The output: the page of those that are named and pass; AWS's error for an unknown one."""
        named = self.named(request.get(self.ids_member), shapes)
        chosen = select(named, request.get("Filters"), self.filters, self._tags)
        if self.paging is None:
            return {self.answers: chosen}
        page = self.paging.page(backend, request, chosen, self._id)
        return {self.answers: page.records, self.paging.token_member: page.next_token}

    def named(self, ids: Sequence[str] | None, shapes: Sequence[Shape]) -> Sequence[Shape]:
        """The shapes of these identifiers, or all where none are given."""
        if not ids:
            return shapes
        there = {self._id(shape) for shape in shapes}
        for resource_id in ids:
            self.kind.require_well_formed(resource_id)
            if resource_id not in there:
                raise self.kind.missing(resource_id)
        return [shape for shape in shapes if self._id(shape) in ids]

    def _id(self, shape: Shape) -> str:
        resource_id: str = shape[self.id_member]
        return resource_id

    def _tags(self, shape: Shape) -> Mapping[str, str]:
        return {tag["Key"]: tag["Value"] for tag in shape[self.tags_member]}


def timestamp(moment: datetime) -> str:
    """A time as EC2's filters and texts have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + "000Z"


def _found(value: Any, members: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _found(item, members)
    elif not members:
        yield value
    elif value is not None and value.get(members[0]) is not None:
        yield from _found(value[members[0]], members[1:])


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return flag(value)[0]
    return timestamp(value) if isinstance(value, datetime) else str(value)
