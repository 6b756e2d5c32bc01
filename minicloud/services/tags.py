"""Tags of whatever EC2 lets be tagged: put on, taken off, and all of them.

What has a record keeps its tags there. What only follows from a record (a root volume, a network
interface, the network itself) keeps them apart, for as long as that record's thing exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minicloud.domain.resource_kind import kind_of
from minicloud.domain.tags import validate_plain_tags
from minicloud.ports.clock import Clock
from minicloud.ports.store import Store
from minicloud.services.taggable import find_tags, keep_tags, tagged_resources


@dataclass(frozen=True)
class Tag:
    """One tag of one resource; ``resource_type`` is AWS's name for its kind."""

    resource_id: str
    resource_type: str
    key: str
    value: str


class TagService:
    """Everything that can be asked of tags."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Put these tags on each of the resources, or on none: a key that is there is overwritten.

        ``TagLimitExceeded`` where one would have more than 50.
        """
        given = validate_plain_tags(tags)
        with self._store.write() as transaction:
            for resource_id in resource_ids:
                before = find_tags(transaction, resource_id)
                keep_tags(transaction, resource_id, validate_plain_tags({**before, **given}))

    def delete(self, resource_ids: Sequence[str], tags: Mapping[str, str | None] | None) -> None:
        """Take these tags off each of the resources, or off none of them.

        A key with a value goes only where it has that value; None: all tags go, whatever they are.
        """
        with self._store.write() as transaction:
            for resource_id in resource_ids:
                before = find_tags(transaction, resource_id)
                after = {k: v for k, v in before.items() if not _goes(tags, k, v)}
                keep_tags(transaction, resource_id, after)

    def list_all(self) -> list[Tag]:
        """Every tag of what AWS's clients are told of, resource by resource."""
        with self._store.read() as transaction:
            tagged = tagged_resources(transaction, self._clock.now())
        return [
            Tag(resource_id, kind_of(resource_id).type, key, value)
            for resource_id, tags in tagged.items()
            for key, value in tags.items()
        ]


def _goes(tags: Mapping[str, str | None] | None, key: str, value: str) -> bool:
    if tags is None:
        return True
    return key in tags and tags[key] in {None, value}
