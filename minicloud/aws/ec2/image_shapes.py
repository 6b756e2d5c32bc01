"""How EC2 tells of an image, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from minicloud.aws.ec2.instance_shapes import HYPERVISOR, PLATFORM, USAGE_OPERATION, VIRTUALIZATION
from minicloud.aws.ec2.listing import timestamp
from minicloud.aws.ec2.owners import AMAZON, AMAZON_ID
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.ec2.volumes import ROOT_DEVICE, VOLUME_TYPE
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Shape
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.derived_ids import snapshot_id
from minicloud.domain.image import Image
from minicloud.domain.tags import shown

ARCHITECTURE = "x86_64"
# What AWS says of an image that anybody may deregister who owns it.
UNPROTECTED = "disabled"


def image_shape(image: Image, around: Surroundings) -> Shape:
    """An image. Those that ship with minicloud are public, as Amazon's are."""
    ships = image.recipe is not None
    owner_id = AMAZON_ID if ships else ACCOUNT_ID
    source_id = image.source_image_id
    return {
        "ImageId": image.id,
        "Name": image.name,
        "Description": image.description,
        "ImageLocation": f"{AMAZON if ships else owner_id}/{image.name}",
        "ImageOwnerAlias": AMAZON if ships else None,
        "OwnerId": owner_id,
        "Public": ships,
        "State": image.state.value,
        "CreationDate": timestamp(image.created_at),
        "Architecture": ARCHITECTURE,
        "ImageType": "machine",
        "Hypervisor": HYPERVISOR,
        "VirtualizationType": VIRTUALIZATION,
        "PlatformDetails": PLATFORM,
        "UsageOperation": USAGE_OPERATION,
        "ProductCodes": [],
        "RootDeviceName": ROOT_DEVICE,
        "RootDeviceType": "ebs",
        "BlockDeviceMappings": image_mappings(image),
        "DeregistrationProtection": UNPROTECTED,
        "SourceInstanceId": image.source_instance_id,
        "SourceImageId": source_id,
        "SourceImageRegion": None if source_id is None else around.region.name,
        "Tags": tag_list(image.tags),
    }


def image_mappings(image: Image) -> list[Shape]:
    """The disk of a machine that is launched from the image."""
    return [
        {
            "DeviceName": ROOT_DEVICE,
            "Ebs": {
                "SnapshotId": snapshot_id(image.id),
                "VolumeSize": image.disk_gib,
                "VolumeType": VOLUME_TYPE,
                "DeleteOnTermination": True,
                "Encrypted": False,
            },
        }
    ]


def named_image(around: Surroundings, image_id: str, now: datetime) -> Image:
    """The image of this identifier; AWS's error where clients hear of none."""
    resource_kind.IMAGE.require_well_formed(image_id)
    image = around.images.get(image_id)
    if image is None or not image.is_told_of(now):
        raise resource_kind.IMAGE.missing(image_id)
    return image


def named_images(around: Surroundings, ids: Sequence[str], now: datetime) -> list[Image]:
    """The images of these identifiers; AWS's error for all of which clients hear of none."""
    for image_id in ids:
        resource_kind.IMAGE.require_well_formed(image_id)
    told = {image.id: image for image in around.images.values() if image.is_told_of(now)}
    missing = [image_id for image_id in ids if image_id not in told]
    if len(missing) > 1:
        listed = f"[{', '.join(missing)}]"
        raise AwsFailure(
            resource_kind.IMAGE.not_found_code, f"The image ids {shown(listed, 400)} do not exist"
        )
    return [named_image(around, image_id, now) for image_id in ids]


def own_image(around: Surroundings, image_id: str, now: datetime) -> Image:
    """The image of this identifier, if it is the account's own to change."""
    image = named_image(around, image_id, now)
    if image.recipe is not None:
        raise AwsFailure("AuthFailure", f"Not authorized for images: [{image.id}]")
    return image
