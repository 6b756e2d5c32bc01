"""Images on the wire: which there are, made of machines, copied, and deregistered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import begun, settled
from minicloud.aws.ec2.fixed_members import require_fixed, told
from minicloud.aws.ec2.image_filters import IMAGE_FILTERS
from minicloud.aws.ec2.image_shapes import image_shape, named_image, named_images, own_image
from minicloud.aws.ec2.instance_filters import tags_of
from minicloud.aws.ec2.named_instances import named_instance
from minicloud.aws.ec2.owners import SELF
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import select
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import specified_tags
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.derived_ids import snapshot_id
from minicloud.domain.tags import shown
from minicloud.services.images import CopyRequest, ImageRequest

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CopyImageRequestTypeDef,
        CreateImageRequestTypeDef,
        DeregisterImageRequestTypeDef,
        DescribeImagesRequestTypeDef,
    )

_PAGING = Paging("DescribeImages", 1, 1000)
_EVERYBODY = "all"
_UNENCRYPTED = {"Encrypted": False}


def describe_images(backend: AwsBackend, request: DescribeImagesRequestTypeDef) -> Shape:
    """The account's own images, and those that ship with minicloud."""
    around, now = Surroundings.of(backend), backend.clock.now()
    ids = list(dict.fromkeys(request.get("ImageIds") or ()))
    if ids:
        images = named_images(around, ids, now)
    else:
        images = [image for image in around.images.values() if image.is_told_of(now)]
    shapes = [image_shape(image, around) for image in images]
    shapes = _owned(shapes, request.get("Owners"))
    shapes = _launchable_by(shapes, request.get("ExecutableUsers"))
    chosen = select(shapes, request.get("Filters"), IMAGE_FILTERS, tags_of)
    page = _PAGING.page(backend, request, chosen, lambda shape: str(shape["ImageId"]))
    return {"Images": page.records, "NextToken": page.next_token}


def create_image(backend: AwsBackend, request: CreateImageRequestTypeDef) -> Shape:
    """Freeze a machine's disk; the machine is shut down meanwhile unless ``NoReboot``."""
    machine = named_instance(backend, Surroundings.of(backend), request["InstanceId"])
    given = request.get("TagSpecifications") or ()
    wanted = ImageRequest(
        instance=machine.id,
        name=request["Name"],
        description=request.get("Description", ""),
        reboot=not request.get("NoReboot", False),
        tags=_tags(given, "image"),
        snapshot_tags=_tags(given, "snapshot"),
    )
    image, _ = begun(backend, lambda: backend.images.create(wanted))
    return {"ImageId": image.id}


def copy_image(backend: AwsBackend, request: CopyImageRequestTypeDef) -> Shape:
    """Copy an image within the region."""
    require_fixed(request, _UNENCRYPTED)
    around = Surroundings.of(backend)
    region = request["SourceRegion"]
    if region != around.region.name:
        raise AwsFailure(
            "InvalidParameterValue",
            f"Invalid source region {shown(region)}: this cloud has {around.region.name} alone",
        )
    source = named_image(around, request["SourceImageId"], backend.clock.now())
    given = request.get("TagSpecifications") or ()
    copied = dict(source.tags) if request.get("CopyImageTags") else {}
    wanted = CopyRequest(
        image=source.id,
        name=request["Name"],
        description=request.get("Description", ""),
        tags={**copied, **_tags(given, "image")},
        snapshot_tags=_tags(given, "snapshot"),
        client_token=request.get("ClientToken") or None,
    )
    image, _ = begun(backend, lambda: backend.images.copy(wanted))
    return {"ImageId": image.id}


def deregister_image(backend: AwsBackend, request: DeregisterImageRequestTypeDef) -> Shape:
    """Deregister an image; its snapshot, which is nothing of its own, goes with it."""
    image = own_image(Surroundings.of(backend), request["ImageId"], backend.clock.now())
    settled(backend, lambda: (None, backend.images.delete(image.id)))
    if not request.get("DeleteAssociatedSnapshots"):
        return {"Return": True}
    gone = {"SnapshotId": snapshot_id(image.id), "ReturnCode": "success"}
    return {"Return": True, "DeleteSnapshotResults": [gone]}


def _owned(shapes: list[Shape], owners: Sequence[str] | None) -> list[Shape]:
    if not owners:
        return shapes
    wanted = {ACCOUNT_ID if owner == SELF else owner for owner in owners}
    return [s for s in shapes if not wanted.isdisjoint({s["OwnerId"], s["ImageOwnerAlias"]})]


def _launchable_by(shapes: list[Shape], users: Sequence[str] | None) -> list[Shape]:
    """The images that these may launch without owning them: everybody the public ones."""
    if not users:
        return shapes
    return [shape for shape in shapes if shape["Public"] and _EVERYBODY in users]


def _tags(given: Sequence[object], kind: str) -> dict[str, str]:
    """The tags for one of the two kinds; any other kind is refused."""
    other = "snapshot" if kind == "image" else "image"
    of_kind = [s for s in given if not (isinstance(s, dict) and s.get("ResourceType") == other)]
    return specified_tags(of_kind, kind)


_CREATED = frozenset({"Name", "Description", "TagSpecifications"})
OPERATIONS = (
    Operation(
        "DescribeImages",
        describe_images,
        carried=frozenset(
            {"ImageIds", "Owners", "ExecutableUsers", "Filters", "MaxResults", "NextToken"}
        ),
        checked={
            "IncludeDeprecated": "either: no image is deprecated",
            "IncludeDisabled": "either: no image is disabled",
        },
    ),
    Operation(
        "CreateImage",
        create_image,
        carried=_CREATED | {"InstanceId", "NoReboot"},
        changes=True,
    ),
    Operation(
        "CopyImage",
        copy_image,
        carried=_CREATED | {"SourceImageId", "SourceRegion", "CopyImageTags", "ClientToken"},
        checked=told(_UNENCRYPTED),
        changes=True,
    ),
    Operation(
        "DeregisterImage",
        deregister_image,
        carried=frozenset({"ImageId", "DeleteAssociatedSnapshots"}),
        changes=True,
    ),
)
