"""Snapshots: the one behind each image, there as long as the image is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, at
from minicloud.aws.ec2.owners import SELF, owner_shape
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.derived_ids import image_of, snapshot_id, volume_id
from minicloud.domain.image import Image, ImageState

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DeleteSnapshotRequestTypeDef,
        DescribeSnapshotsRequestTypeDef,
    )

# What EC2 tells for a snapshot that was made of no volume.
_NO_VOLUME = "vol-ffffffff"


def describe_snapshots(backend: AwsBackend, request: DescribeSnapshotsRequestTypeDef) -> Shape:
    """The images' snapshots; ``self`` and ``amazon`` are names of owners, too."""
    around = Surroundings.of(backend)
    shapes = [_snapshot_shape(each, around) for each in around.images.values() if each.is_live]
    owners = request.get("OwnerIds")
    if owners:
        wanted = {ACCOUNT_ID if owner == SELF else owner for owner in owners}
        shapes = [s for s in shapes if not wanted.isdisjoint({s["OwnerId"], s.get("OwnerAlias")})]
    return _LISTING.answer(backend, request, shapes)


def delete_snapshot(backend: AwsBackend, request: DeleteSnapshotRequestTypeDef) -> Shape:
    """Nothing is left to be done: a snapshot goes with its image.

    Clients that deregister an image delete its snapshots next, and are told that they are gone;
    ``InvalidSnapshot.InUse`` while the image is there, as on EC2.
    """
    around, own_id = Surroundings.of(backend), request["SnapshotId"]
    image = around.images.get(image_of(own_id))
    if image is None or snapshot_id(image.id) != own_id:
        raise resource_kind.SNAPSHOT.missing(own_id)
    if image.is_live:
        raise AwsFailure(
            "InvalidSnapshot.InUse", f"The snapshot {own_id} is currently in use by {image.id}"
        )
    return {}


def _snapshot_shape(image: Image, around: Surroundings) -> Shape:
    own_id, source = snapshot_id(image.id), image.source_instance_id
    is_done = image.state is ImageState.AVAILABLE
    made_of = "minicloud image build" if source is None else f"CreateImage({source})"
    return {
        "SnapshotId": own_id,
        **owner_shape(image),
        "State": "completed" if is_done else "pending",
        "Progress": "100%" if is_done else "0%",
        "StartTime": image.created_at,
        "Description": f"Created by {made_of} for {image.id}",
        "VolumeId": _NO_VOLUME if source is None else volume_id(source),
        "VolumeSize": image.disk_gib,
        "Encrypted": False,
        "StorageTier": "standard",
        "TransferType": "standard",
        "Tags": tag_list(around.resource_tags.get(own_id, {})),
    }


_LISTING = Listing(
    kind=resource_kind.SNAPSHOT,
    answers="Snapshots",
    id_member="SnapshotId",
    ids_member="SnapshotIds",
    paging=Paging("DescribeSnapshots", 5, 1000),
    filters={
        "description": at("Description"),
        "encrypted": at("Encrypted"),
        "owner-alias": at("OwnerAlias"),
        "owner-id": at("OwnerId"),
        "progress": at("Progress"),
        "snapshot-id": at("SnapshotId"),
        "start-time": at("StartTime"),
        "status": at("State"),
        "storage-tier": at("StorageTier"),
        "transfer-type": at("TransferType"),
        "volume-id": at("VolumeId"),
        "volume-size": at("VolumeSize"),
    },
)
OPERATIONS = (
    Operation("DescribeSnapshots", describe_snapshots, carried=_LISTING.carried | {"OwnerIds"}),
    Operation("DeleteSnapshot", delete_snapshot, carried=frozenset({"SnapshotId"}), changes=True),
)
