"""Tags of balancers, target groups, listeners and rules: added and removed, on several at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minicloud.domain.tags import validate_plain_tags
from minicloud.operations.configure_balancer import RecordKind
from minicloud.ports.store import Transaction
from minicloud.services.configuring import Change, Configuring
from minicloud.services.resolve import (
    find_balancer,
    find_listener,
    find_rule,
    find_target_group,
)

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Tagged:
    """What has tags: its kind, and its identifier."""

    kind: RecordKind
    id: str


class BalancingTagService:
    """Changes of tags, all or none of a request. No balancer need be told of them."""

    def __init__(self, configuring: Configuring) -> None:
        self._configuring = configuring

    def add(self, resources: Sequence[Tagged], tags: Tags) -> None:
        """Give each of the resources these tags, in place of those of the same keys."""
        self._change(resources, lambda before: {**before, **tags})

    def remove(self, resources: Sequence[Tagged], keys: Sequence[str]) -> None:
        """Take the tags of these keys from each of the resources; one may not have them."""
        gone = frozenset(keys)
        self._change(
            resources,
            lambda before: {key: value for key, value in before.items() if key not in gone},
        )

    def _change(self, resources: Sequence[Tagged], changed: Callable[[Tags], Tags]) -> None:
        def edit(change: Change) -> None:
            for resource in resources:
                record = _found(change.transaction, resource)
                tags = validate_plain_tags(changed(record.tags))
                change.save(resource.kind, replace(record, tags=tags))

        self._configuring.change(lambda _transaction: None, edit)


def _found(transaction: Transaction, resource: Tagged) -> Any:
    find: dict[RecordKind, Callable[[Transaction, str], Any]] = {
        RecordKind.BALANCER: find_balancer,
        RecordKind.TARGET_GROUP: find_target_group,
        RecordKind.LISTENER: find_listener,
        RecordKind.RULE: find_rule,
    }
    return find[resource.kind](transaction, resource.id)
