"""Where the tags of each kind of resource are kept, and whether there is such a resource at all.

What follows from a record (see ``domain.derived_ids``) is there as long as that record's thing is;
the operations that end it forget the tags, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from typing import TypeVar

from minicloud.domain import resource_kind
from minicloud.domain.address import Address
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.derived_ids import cloud_ids, image_of, instance_of
from minicloud.domain.image import Image
from minicloud.domain.instance import Instance
from minicloud.domain.resource_kind import kind_of
from minicloud.domain.resource_tags import ResourceTags
from minicloud.ports.store import Repository, Transaction

Tags = Mapping[str, str]
R = TypeVar("R", Instance, Image, Address, Reservation)


@dataclass(frozen=True)
class _Shelf:
    """How tags of one kind are found (None: there is no such resource), and kept."""

    find: Callable[[Transaction, str], Tags | None]
    keep: Callable[[Transaction, str, Tags], None]


def find_tags(transaction: Transaction, resource_id: str) -> Tags:
    """The tags of a resource; AWS's error of its kind where there is no such resource."""
    kind = kind_of(resource_id)
    kind.require_well_formed(resource_id)
    found = _SHELVES[kind].find(transaction, resource_id)
    if found is None:
        raise kind.missing(resource_id)
    return found


def keep_tags(transaction: Transaction, resource_id: str, tags: Tags) -> None:
    """Let a resource that ``find_tags`` has found have these tags and no others."""
    _SHELVES[kind_of(resource_id)].keep(transaction, resource_id, tags)


def tagged_resources(transaction: Transaction, now: datetime) -> dict[str, Tags]:
    """The tags of everything that is there or told of for a while after its end, by identifier."""
    return {
        **{each.id: each.tags for each in transaction.instances.all() if each.is_told_of(now)},
        **{each.id: each.tags for each in transaction.images.all() if each.is_live},
        **{each.allocation_id: each.tags for each in transaction.addresses.all()},
        **{each.id: each.tags for each in transaction.reservations.all()},
        **{each.resource_id: each.tags for each in transaction.resource_tags.all()},
    }


def _on_record(
    records: Callable[[Transaction], Repository[R]], is_there: Callable[[R], bool]
) -> _Shelf:
    """Tags that are a field of the resource's own record."""

    def find(transaction: Transaction, resource_id: str) -> Tags | None:
        record = records(transaction).get(resource_id)
        return record.tags if record is not None and is_there(record) else None

    def keep(transaction: Transaction, resource_id: str, tags: Tags) -> None:
        record = records(transaction).get(resource_id)
        if record is None:
            raise LookupError(f"there is no record of {resource_id}")
        records(transaction).save(replace(record, tags=tags))

    return _Shelf(find, keep)


def _apart(is_there: Callable[[Transaction, str], bool]) -> _Shelf:
    """Tags of what has no record."""

    def find(transaction: Transaction, resource_id: str) -> Tags | None:
        if not is_there(transaction, resource_id):
            return None
        kept = transaction.resource_tags.get(resource_id)
        return {} if kept is None else kept.tags

    def keep(transaction: Transaction, resource_id: str, tags: Tags) -> None:
        transaction.resource_tags.remove(resource_id)
        if tags:
            transaction.resource_tags.add(ResourceTags(resource_id, tags))

    return _Shelf(find, keep)


def _of_live_instance(transaction: Transaction, resource_id: str) -> bool:
    instance = transaction.instances.get(instance_of(resource_id))
    return instance is not None and instance.is_live


def _of_live_image(transaction: Transaction, resource_id: str) -> bool:
    image = transaction.images.get(image_of(resource_id))
    return image is not None and image.is_live


def _of_this_cloud(transaction: Transaction, resource_id: str) -> bool:
    return resource_id in astuple(cloud_ids(transaction.cloud().id))


_NETWORK_KINDS = (
    resource_kind.VPC,
    resource_kind.SUBNET,
    resource_kind.SECURITY_GROUP,
    resource_kind.SECURITY_GROUP_RULE,
    resource_kind.ROUTE_TABLE,
    resource_kind.INTERNET_GATEWAY,
    resource_kind.NETWORK_ACL,
)
_SHELVES = {
    # As on EC2, a machine that has just gone can be tagged for as long as it is told of.
    resource_kind.INSTANCE: _on_record(lambda t: t.instances, lambda _instance: True),
    resource_kind.IMAGE: _on_record(lambda t: t.images, lambda image: image.is_live),
    resource_kind.ADDRESS: _on_record(lambda t: t.addresses, lambda _address: True),
    resource_kind.RESERVATION: _on_record(lambda t: t.reservations, lambda _reservation: True),
    resource_kind.VOLUME: _apart(_of_live_instance),
    resource_kind.INTERFACE: _apart(_of_live_instance),
    resource_kind.SNAPSHOT: _apart(_of_live_image),
    **{kind: _apart(_of_this_cloud) for kind in _NETWORK_KINDS},
}
