"""One attribute of an image: looked at, or changed.

An image is its account's alone, or (what ships with minicloud) everybody's; there is nobody else to
whom it could be given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.image_shapes import UNPROTECTED, image_mappings, named_image, own_image
from minicloud.aws.ec2.listing import timestamp
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.image import Image

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeImageAttributeRequestTypeDef,
        ModifyImageAttributeRequestTypeDef,
    )


def describe_image_attribute(
    backend: AwsBackend, request: DescribeImageAttributeRequestTypeDef
) -> Shape:
    """One attribute."""
    around = Surroundings.of(backend)
    image = named_image(around, request["ImageId"], backend.clock.now())
    attribute: str = request["Attribute"]
    if attribute not in _SHOWN:
        raise AwsFailure(
            "InvalidParameterValue",
            f"Value ( {attribute} ) for parameter attribute is invalid. Unknown attribute.",
        )
    return {"ImageId": image.id, **_SHOWN[attribute](image, around)}


def modify_image_attribute(
    backend: AwsBackend, request: ModifyImageAttributeRequestTypeDef
) -> Shape:
    """Give an image another description."""
    image = own_image(Surroundings.of(backend), request["ImageId"], backend.clock.now())
    attribute = request.get("Attribute", "description")
    if attribute != "description":
        raise AwsFailure(
            "UnsupportedOperation",
            f"The attribute {attribute} of an image cannot be changed here: there is no other"
            " account to which it could be given.",
        )
    given = [request["Value"]] if "Value" in request else []
    if "Description" in request:
        given.append(request["Description"].get("Value", ""))
    if len(given) != 1:
        raise AwsFailure("InvalidParameterCombination", "Give one description, and nothing else.")
    backend.images.describe(image.id, given[0])
    return {}


def _launch_permissions(image: Image, _around: Surroundings) -> Shape:
    everybody: list[Shape] = [{"Group": "all"}]
    return {"LaunchPermissions": [] if image.recipe is None else everybody}


def _last_launched(image: Image, around: Surroundings) -> Shape:
    launches = [i.launched_at for i in around.instances.values() if i.image_id == image.id]
    return {"LastLaunchedTime": {"Value": timestamp(max(launches))} if launches else {}}


_SHOWN: Mapping[str, Callable[[Image, Surroundings], Shape]] = {
    "blockDeviceMapping": lambda image, _around: {"BlockDeviceMappings": image_mappings(image)},
    "bootMode": lambda _image, _around: {"BootMode": {}},
    "deregistrationProtection": lambda _image, _around: {
        "DeregistrationProtection": {"Value": UNPROTECTED}
    },
    "description": lambda image, _around: {"Description": {"Value": image.description}},
    "imdsSupport": lambda _image, _around: {"ImdsSupport": {}},
    "kernel": lambda _image, _around: {"KernelId": {}},
    "lastLaunchedTime": _last_launched,
    "launchPermission": _launch_permissions,
    "productCodes": lambda _image, _around: {"ProductCodes": []},
    "ramdisk": lambda _image, _around: {"RamdiskId": {}},
    "sriovNetSupport": lambda _image, _around: {"SriovNetSupport": {}},
    "tpmSupport": lambda _image, _around: {"TpmSupport": {}},
    "uefiData": lambda _image, _around: {"UefiData": {}},
}
OPERATIONS = (
    Operation(
        "DescribeImageAttribute",
        describe_image_attribute,
        carried=frozenset({"ImageId", "Attribute"}),
    ),
    Operation(
        "ModifyImageAttribute",
        modify_image_attribute,
        carried=frozenset({"ImageId", "Description", "Value"}),
        checked={"Attribute": "description"},
        changes=True,
    ),
)
