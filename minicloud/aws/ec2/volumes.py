"""Volumes: a machine's disk, as the root volume that AWS's clients look for.

It is made and gone with the machine, from the snapshot of its image, and can neither be detached
nor grow to a limit: its size is that of the image, and the engine's disk is what holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, always, at
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.derived_ids import snapshot_id, volume_id
from minicloud.domain.instance import Instance

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeVolumesRequestTypeDef

ROOT_DEVICE = "/dev/xvda"
# AWS's default where a request says nothing; it promises nothing of a speed.
VOLUME_TYPE = "gp2"


def describe_volumes(backend: AwsBackend, request: DescribeVolumesRequestTypeDef) -> Shape:
    """The machines' root volumes."""
    around = Surroundings.of(backend)
    machines = [instance for instance in around.instances.values() if instance.is_live]
    return _LISTING.answer(backend, request, [_volume_shape(m, around) for m in machines])


def _volume_shape(instance: Instance, around: Surroundings) -> Shape:
    own_id = volume_id(instance.id)
    return {
        "VolumeId": own_id,
        "State": "in-use",
        "Size": around.images[instance.image_id].disk_gib,
        "SnapshotId": snapshot_id(instance.image_id),
        "VolumeType": VOLUME_TYPE,
        "Encrypted": False,
        "MultiAttachEnabled": False,
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": around.region.zone_id,
        "CreateTime": instance.launched_at,
        "Attachments": [
            {
                "VolumeId": own_id,
                "InstanceId": instance.id,
                "Device": ROOT_DEVICE,
                "State": "attached",
                "AttachTime": instance.launched_at,
                "DeleteOnTermination": True,
            }
        ],
        "Tags": tag_list(around.resource_tags.get(own_id, {})),
    }


_LISTING = Listing(
    kind=resource_kind.VOLUME,
    answers="Volumes",
    id_member="VolumeId",
    ids_member="VolumeIds",
    paging=Paging("DescribeVolumes", 5, 1000),
    filters={
        "attachment.attach-time": at("Attachments.AttachTime"),
        "attachment.delete-on-termination": at("Attachments.DeleteOnTermination"),
        "attachment.device": at("Attachments.Device"),
        "attachment.instance-id": at("Attachments.InstanceId"),
        "attachment.status": at("Attachments.State"),
        "availability-zone": at("AvailabilityZone"),
        "availability-zone-id": at("AvailabilityZoneId"),
        "create-time": at("CreateTime"),
        "encrypted": at("Encrypted"),
        "fast-restored": always("false"),
        "multi-attach-enabled": at("MultiAttachEnabled"),
        "operator.managed": always("false"),
        "operator.principal": at("Operator.Principal"),
        "size": at("Size"),
        "snapshot-id": at("SnapshotId"),
        "status": at("State"),
        "volume-id": at("VolumeId"),
        "volume-type": at("VolumeType"),
    },
)
OPERATIONS = (Operation("DescribeVolumes", describe_volumes, carried=_LISTING.carried),)
