"""One attribute of a machine: looked at, or changed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import begun, settled
from minicloud.aws.ec2.fixed_members import require_fixed, told
from minicloud.aws.ec2.instance_shapes import SHUTDOWN_BEHAVIOR, instance_shape
from minicloud.aws.ec2.launch_network import require_groups
from minicloud.aws.ec2.named_instances import named_instance, require_states
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.ec2.volumes import ROOT_DEVICE
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.instance import Instance, InstanceState

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeInstanceAttributeRequestTypeDef,
        ModifyInstanceAttributeRequestTypeDef,
    )

_LIVE = frozenset(InstanceState) - {InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN}
_FIXED = {
    "BlockDeviceMappings.DeviceName": ROOT_DEVICE,
    "BlockDeviceMappings.Ebs.DeleteOnTermination": True,
    "DisableApiStop.Value": False,
    "EbsOptimized.Value": False,
    "InstanceInitiatedShutdownBehavior.Value": SHUTDOWN_BEHAVIOR,
    "SourceDestCheck.Value": True,
}
# The older form, ``Attribute=instanceType&Value=t3.small``, by the member of the newer one.
_MEMBERS = {
    "disableApiStop": "DisableApiStop",
    "disableApiTermination": "DisableApiTermination",
    "ebsOptimized": "EbsOptimized",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "instanceType": "InstanceType",
    "sourceDestCheck": "SourceDestCheck",
    "userData": "UserData",
}
_FLAGS = frozenset({"DisableApiStop", "DisableApiTermination", "EbsOptimized", "SourceDestCheck"})


def describe_instance_attribute(
    backend: AwsBackend, request: DescribeInstanceAttributeRequestTypeDef
) -> Shape:
    """One attribute; the two that say nothing here (kernel, ramdisk) are there, and empty."""
    around = Surroundings.of(backend)
    instance = named_instance(backend, around, request["InstanceId"])
    attribute: str = request["Attribute"]
    if attribute == "userData":
        content = backend.instances.user_data(instance.id)
        found: Shape = {"UserData": _value(content)}
    elif attribute in _SHOWN:
        found = _SHOWN[attribute](instance, instance_shape(instance, around))
    else:
        raise AwsFailure(
            "InvalidParameterValue",
            f"Value ( {attribute} ) for parameter attribute is invalid. Unknown attribute.",
        )
    return {"InstanceId": instance.id, **found}


def modify_instance_attribute(
    backend: AwsBackend, request: ModifyInstanceAttributeRequestTypeDef
) -> Shape:
    """Change one attribute, and answer when it is changed."""
    around = Surroundings.of(backend)
    instance = named_instance(backend, around, request["InstanceId"])
    member, value = _change(request)
    require_fixed({member: value}, _FIXED)
    require_states([instance], _LIVE, "modified")
    if member == "Groups":
        require_groups(value, around)
    elif member in _CHANGES:
        _CHANGES[member](backend, instance.id, value.get("Value"))
    return {}


def _change(request: Mapping[str, Any]) -> tuple[str, Any]:
    """The member that a request has for what it changes, and that one's value."""
    given = {
        name: value
        for name, value in request.items()
        if name not in {"InstanceId", "DryRun", "Attribute", "Value"}
    }
    attribute, text = request.get("Attribute"), request.get("Value")
    if (attribute is None) is not (text is None):
        raise AwsFailure(
            "InvalidParameterCombination", "The parameters attribute and value go together."
        )
    if attribute is not None:
        if attribute not in _MEMBERS:
            raise AwsFailure(
                "InvalidParameterValue",
                f"Value ( {attribute} ) for parameter attribute is invalid: it cannot be changed.",
            )
        member = _MEMBERS[attribute]
        given[member] = {"Value": _typed(member, text or "")}
    if len(given) > 1:
        raise AwsFailure(
            "InvalidParameterCombination", "Fields for multiple attribute types specified"
        )
    if not given:
        raise AwsFailure("InvalidParameterCombination", "No attributes specified.")
    return given.popitem()


def _typed(member: str, text: str) -> Any:
    if member in _FLAGS:
        if text not in {"true", "false"}:
            raise AwsFailure("InvalidParameterValue", f"{member} must be true or false")
        return text == "true"
    if member == "UserData":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise AwsFailure(
                "InvalidParameterValue", "Invalid BASE64 encoding of user data."
            ) from error
    return text


def _change_type(backend: AwsBackend, instance_id: str, type_name: str) -> None:
    settled(backend, lambda: (None, backend.instances.resize(instance_id, type_name)))


def _change_protection(backend: AwsBackend, instance_id: str, is_on: bool) -> None:
    backend.instances.modify(instance_id, termination_protection=is_on, tags=None)


def _change_user_data(backend: AwsBackend, instance_id: str, content: bytes | None) -> None:
    encoded = base64.b64encode(content or b"").decode()
    begun(backend, lambda: backend.instances.set_user_data(instance_id, encoded))


def _value(value: object) -> Shape:
    return {"Value": value}


def _of_shape(member: str) -> Callable[[Instance, Shape], Shape]:
    return lambda _instance, shape: {member: shape[member]}


def _always(member: str, value: Shape | list[Shape]) -> Callable[[Instance, Shape], Shape]:
    return lambda _instance, _shape: {member: value}


_CHANGES: Mapping[str, Callable[[AwsBackend, str, Any], None]] = {
    "DisableApiTermination": _change_protection,
    "InstanceType": _change_type,
    "UserData": _change_user_data,
}
_SHOWN: Mapping[str, Callable[[Instance, Shape], Shape]] = {
    "blockDeviceMapping": _of_shape("BlockDeviceMappings"),
    "disableApiStop": _always("DisableApiStop", _value(False)),
    "disableApiTermination": lambda instance, _shape: {
        "DisableApiTermination": _value(instance.termination_protection)
    },
    "ebsOptimized": _always("EbsOptimized", _value(False)),
    "enaSupport": _always("EnaSupport", _value(False)),
    "enclaveOptions": _of_shape("EnclaveOptions"),
    "groupSet": lambda _instance, shape: {"Groups": shape["SecurityGroups"]},
    "instanceInitiatedShutdownBehavior": _always(
        "InstanceInitiatedShutdownBehavior", _value(SHUTDOWN_BEHAVIOR)
    ),
    "instanceType": lambda instance, _shape: {"InstanceType": _value(instance.type_name)},
    "kernel": _always("KernelId", {}),
    "productCodes": _always("ProductCodes", []),
    "ramdisk": _always("RamdiskId", {}),
    "rootDeviceName": _always("RootDeviceName", _value(ROOT_DEVICE)),
    "sourceDestCheck": _always("SourceDestCheck", _value(True)),
    "sriovNetSupport": _always("SriovNetSupport", {}),
}
OPERATIONS = (
    Operation(
        "DescribeInstanceAttribute",
        describe_instance_attribute,
        carried=frozenset({"InstanceId", "Attribute"}),
    ),
    Operation(
        "ModifyInstanceAttribute",
        modify_instance_attribute,
        carried=frozenset(
            {
                "InstanceId",
                "Attribute",
                "Value",
                "DisableApiTermination",
                "Groups",
                "InstanceType",
                "UserData",
            }
        ),
        checked=told(_FIXED),
        changes=True,
    ),
)
