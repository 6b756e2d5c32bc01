"""RunInstances: from what a client asks for to a launch, and what it is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.fixed_members import require_fixed, told
from minicloud.aws.ec2.instance_credits import CPU_CREDITS
from minicloud.aws.ec2.instance_shapes import (
    METADATA_OPTIONS,
    SHUTDOWN_BEHAVIOR,
    TENANCY,
    instance_shape,
    reservation_shape,
)
from minicloud.aws.ec2.launch_network import NETWORK_CARRIED, NETWORK_FIXED, require_network
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.ec2.volumes import ROOT_DEVICE, VOLUME_TYPE
from minicloud.aws.failures import AwsFailure, unsupported
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.tags import specified_tags
from minicloud.domain import resource_kind
from minicloud.domain.image import Image
from minicloud.domain.tags import shown
from minicloud.services.launching import LaunchRequest

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import RunInstancesRequestTypeDef

_TOKEN_LENGTH_MAX = 64
_FIXED = {
    **NETWORK_FIXED,
    "BlockDeviceMappings.DeviceName": ROOT_DEVICE,
    "BlockDeviceMappings.Ebs.DeleteOnTermination": True,
    "BlockDeviceMappings.Ebs.Encrypted": False,
    "BlockDeviceMappings.Ebs.VolumeType": VOLUME_TYPE,
    "CreditSpecification.CpuCredits": CPU_CREDITS,
    "DisableApiStop": False,
    "EbsOptimized": False,
    "EnclaveOptions.Enabled": False,
    "HibernationOptions.Configured": False,
    "InstanceInitiatedShutdownBehavior": SHUTDOWN_BEHAVIOR,
    **{
        f"MetadataOptions.{name}": value
        for name, value in METADATA_OPTIONS.items()
        if name != "State"
    },
    "Monitoring.Enabled": False,
    "Placement.Tenancy": TENANCY,
}


def run_instances(backend: AwsBackend, request: RunInstancesRequestTypeDef) -> Shape:
    """Launch machines: ``MaxCount`` where the host holds them, no fewer than ``MinCount``."""
    around = Surroundings.of(backend)
    require_fixed(request, _FIXED)
    require_network(request, around)
    image = _image(request, around)
    _require_disk(request, image)
    machines, _ = backend.instances.launch(_launch_request(request, image))
    after = Surroundings.of(backend)
    shapes = [instance_shape(machine, after) for machine in machines]
    return reservation_shape(machines[0].reservation_id, shapes)


def _launch_request(request: RunInstancesRequestTypeDef, image: Image) -> LaunchRequest:
    smallest, largest = request["MinCount"], request["MaxCount"]
    if not 1 <= smallest <= largest:
        raise AwsFailure(
            "InvalidParameterValue",
            f"Value ( {smallest} ) for parameter minCount is invalid."
            f" Expecting a value from 1 to maxCount, {largest}.",
        )
    type_name = request.get("InstanceType")
    if not type_name:
        # EC2 takes m1.small then, which no cloud of today has.
        raise AwsFailure("MissingParameter", "The request must contain the parameter InstanceType")
    if request.get("KeyName"):
        raise AwsFailure(
            "InvalidKeyPair.NotFound", f"The key pair {shown(request['KeyName'])} does not exist"
        )
    token = request.get("ClientToken") or None
    if token is not None and len(token) > _TOKEN_LENGTH_MAX:
        raise AwsFailure(
            "InvalidParameterValue",
            f"The client token has {len(token)} characters; {_TOKEN_LENGTH_MAX} are allowed",
        )
    specified = _specified(request)
    return LaunchRequest(
        image=image.id,
        type_name=type_name,
        count=largest,
        count_min=smallest,
        any_name=True,
        tags=specified["instance"],
        volume_tags=specified["volume"],
        interface_tags=specified["network-interface"],
        client_token=token,
        termination_protection=request.get("DisableApiTermination", False),
        user_data_base64=request.get("UserData") or None,
    )


def _specified(request: RunInstancesRequestTypeDef) -> dict[str, dict[str, str]]:
    """The tags by the type of what they are for."""
    given = request.get("TagSpecifications") or ()
    for specification in given:
        if specification.get("ResourceType") not in _TAGGED:
            # Its own refusal, in the words for a type that cannot be tagged here.
            specified_tags([specification], "instance")
    return {
        kind: specified_tags([s for s in given if s.get("ResourceType") == kind], kind)
        for kind in _TAGGED
    }


def _image(request: RunInstancesRequestTypeDef, around: Surroundings) -> Image:
    image_id = request.get("ImageId")
    if not image_id:
        raise AwsFailure("MissingParameter", "The request must contain the parameter ImageId")
    resource_kind.IMAGE.require_well_formed(image_id)
    image = around.images.get(image_id)
    if image is None or not image.is_live:
        raise resource_kind.IMAGE.missing(image_id)
    return image


def _require_disk(request: Mapping[str, Any], image: Image) -> None:
    """Refuse a disk of another size than the image's: nothing would hold the machine to it."""
    for mapping in request.get("BlockDeviceMappings") or ():
        size_gib = mapping.get("Ebs", {}).get("VolumeSize", image.disk_gib)
        if size_gib != image.disk_gib:
            raise unsupported(
                f"A root volume of {size_gib} GiB, only {image.disk_gib} as of the image,"
            )


_TAGGED = ("instance", "volume", "network-interface")
OPERATIONS = (
    Operation(
        "RunInstances",
        run_instances,
        carried=NETWORK_CARRIED
        | {
            "ClientToken",
            "DisableApiTermination",
            "ImageId",
            "InstanceType",
            "MaxCount",
            "MinCount",
            "TagSpecifications",
            "UserData",
        },
        checked={
            **told(_FIXED),
            "BlockDeviceMappings.Ebs.VolumeSize": "the image's",
            "KeyName": "none: there are no key pairs",
        },
        changes=True,
    ),
)
