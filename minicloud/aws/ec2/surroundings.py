"""What is around a resource at one moment: an answer is made of one read of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minicloud.aws.backend import AwsBackend
from minicloud.aws.whereabouts import Whereabouts
from minicloud.domain.address import Address
from minicloud.domain.derived_ids import CloudIds, cloud_ids
from minicloud.domain.image import Image
from minicloud.domain.instance import Instance
from minicloud.domain.region import Region, region_named
from minicloud.ports.store import Transaction


@dataclass(frozen=True)
class Surroundings:
    """Records by identifier, oldest first, gone ones too.

    ``addresses`` are by allocation id, ``elastic`` by the instance they lead to (the one that was
    associated first). ``resource_tags`` are those of resources without a record.
    """

    region: Region
    ids: CloudIds
    whereabouts: Whereabouts
    instances: Mapping[str, Instance]
    images: Mapping[str, Image]
    addresses: Mapping[str, Address]
    elastic: Mapping[str, Address]
    resource_tags: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, backend: AwsBackend) -> Surroundings:
        """What there is now."""
        with backend.store.read() as transaction:
            return cls.read(transaction)

    @classmethod
    def read(cls, transaction: Transaction) -> Surroundings:
        """What there is in this transaction."""
        addresses = {each.allocation_id: each for each in transaction.addresses.all()}
        cloud = transaction.cloud()
        return cls(
            region=region_named(transaction.settings().region),
            ids=cloud_ids(cloud.id),
            whereabouts=Whereabouts.of(cloud),
            instances={each.id: each for each in transaction.instances.all()},
            images={each.id: each for each in transaction.images.all()},
            addresses=addresses,
            elastic=_by_instance(addresses),
            resource_tags={each.resource_id: each.tags for each in transaction.resource_tags.all()},
        )


def _by_instance(addresses: Mapping[str, Address]) -> dict[str, Address]:
    held = [address for address in addresses.values() if address.instance_id is not None]
    last_first = sorted(held, key=lambda a: (a.associated_at, a.allocation_id), reverse=True)
    return {address.instance_id or "": address for address in last_first}
