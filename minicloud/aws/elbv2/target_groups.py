"""Target groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import begun, settled
from minicloud.aws.elbv2 import health_checks
from minicloud.aws.elbv2.network import IP_ADDRESS_TYPE, require_ip_address_type
from minicloud.aws.elbv2.paging import paging_of
from minicloud.aws.elbv2.records import Records
from minicloud.aws.elbv2.tags import tags_given
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.errors import Conflict
from minicloud.domain.tags import shown
from minicloud.domain.target_group import GroupProtocol, TargetGroup
from minicloud.services.target_groups import (
    CreateTargetGroup,
    GroupSettings,
    HealthCheckChange,
    ModifyTargetGroup,
)

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CreateTargetGroupInputTypeDef,
        DeleteTargetGroupInputTypeDef,
        DescribeTargetGroupsInputTypeDef,
        ModifyTargetGroupInputTypeDef,
    )

_PAGING = paging_of("DescribeTargetGroups")
_TARGET_TYPE = "instance"
_PROTOCOL_VERSION = "HTTP1"
_PROTOCOLS = {protocol.value: protocol for protocol in GroupProtocol}


def create_target_group(backend: AwsBackend, request: CreateTargetGroupInputTypeDef) -> Shape:
    """Make a group; one that is there with these settings is told."""
    records = Records.of(backend)
    wanted = _wanted(records, request)
    try:
        group = backend.target_groups.create(wanted)
    except Conflict as error:
        group = _existing(Records.of(backend), wanted, error)
    return {"TargetGroups": [target_group_shape(group, records)]}


def describe_target_groups(backend: AwsBackend, request: DescribeTargetGroupsInputTypeDef) -> Shape:
    """Groups, by ARNs, by names, by the balancer that sends to them, or all."""
    records = Records.of(backend)
    page = _PAGING.page(backend, request, _chosen(records, request), lambda group: group.id)
    return {
        "TargetGroups": [target_group_shape(group, records) for group in page.records],
        "NextMarker": page.next_token,
    }


def modify_target_group(backend: AwsBackend, request: ModifyTargetGroupInputTypeDef) -> Shape:
    """Change how a group checks its targets."""
    group = Records.of(backend).group(request["TargetGroupArn"])
    settings = GroupSettings(health_checks.change_of(group.health_check.protocol, request))
    changes = ModifyTargetGroup(settings)
    changed = settled(backend, lambda: backend.target_groups.modify(group.id, changes))
    return {"TargetGroups": [target_group_shape(changed, Records.of(backend))]}


def delete_target_group(backend: AwsBackend, request: DeleteTargetGroupInputTypeDef) -> Shape:
    """Delete a group that nothing sends to; one that is gone already is no error, as on AWS."""
    arn = request["TargetGroupArn"]
    try:
        group = Records.of(backend).group(arn)
        begun(backend, lambda: backend.target_groups.delete(group.id))
    except AwsFailure as failure:
        if failure.code != "TargetGroupNotFound":
            raise
    except Conflict as error:
        if error.code != "ResourceInUse":
            raise
        # Terraform knows these very words, and tries again.
        raise AwsFailure(
            error.code, f"Target group '{arn}' is currently in use by a listener or a rule"
        ) from error
    return {}


def target_group_shape(group: TargetGroup, records: Records) -> Shape:
    """A group as answers have it."""
    user = records.user(group)
    is_http = group.protocol is GroupProtocol.HTTP
    return {
        "TargetGroupArn": records.group_arn(group),
        "TargetGroupName": group.name,
        "Protocol": group.protocol.value,
        "Port": group.port,
        "VpcId": records.ids.vpc,
        **health_checks.shape_of(group.health_check),
        "LoadBalancerArns": [] if user is None else [records.balancer_arn(user)],
        "TargetType": _TARGET_TYPE,
        "ProtocolVersion": _PROTOCOL_VERSION if is_http else None,
        "IpAddressType": IP_ADDRESS_TYPE,
    }


def _wanted(records: Records, request: CreateTargetGroupInputTypeDef) -> CreateTargetGroup:
    target_type = request.get("TargetType", _TARGET_TYPE)
    if target_type != _TARGET_TYPE:
        raise AwsFailure(
            "ValidationError", f"The target type {shown(target_type)} is not supported by minicloud"
        )
    for member, noun in (("Protocol", "protocol"), ("Port", "port"), ("VpcId", "VPC ID")):
        if member not in request:
            raise AwsFailure("ValidationError", f"A {noun} must be specified")
    if request["VpcId"] != records.ids.vpc:
        raise AwsFailure("ValidationError", f"The VPC ID {shown(request['VpcId'])} is not found")
    require_ip_address_type(request.get("IpAddressType"))
    # Terraform sends an empty version where its user named none, and AWS takes it.
    protocol = _protocol(request["Protocol"], request.get("ProtocolVersion") or None)
    check = health_checks.new_check(protocol, request)
    return CreateTargetGroup(
        name=request["Name"],
        protocol=protocol,
        port=request["Port"],
        settings=GroupSettings(HealthCheckChange.to(check)),
        tags=tags_given(request.get("Tags")),
    )


def _protocol(given: str, version: str | None) -> GroupProtocol:
    if given not in _PROTOCOLS:
        raise AwsFailure(
            "UnsupportedProtocol", f"The protocol {shown(given)} is not supported by minicloud"
        )
    protocol = _PROTOCOLS[given]
    if version is None or (version == _PROTOCOL_VERSION and protocol is GroupProtocol.HTTP):
        return protocol
    raise AwsFailure(
        "InvalidConfigurationRequest",
        f"The protocol version {shown(version)} of {given} is not supported by minicloud",
    )


def _existing(records: Records, wanted: CreateTargetGroup, error: Conflict) -> TargetGroup:
    """The group that is there already, where a request asks for the very same."""
    found = next((group for group in records.groups.values() if group.name == wanted.name), None)
    if error.code != "DuplicateTargetGroupName" or found is None:
        raise error
    is_same = (
        (found.protocol, found.port, dict(found.tags))
        == (wanted.protocol, wanted.port, dict(wanted.tags))
    ) and wanted.settings.health.applied_to(found.health_check) == found.health_check
    if not is_same:
        raise AwsFailure(
            error.code,
            f"A target group with the same name '{wanted.name}' exists, but with different"
            " settings",
        )
    return found


def _chosen(records: Records, request: DescribeTargetGroupsInputTypeDef) -> list[TargetGroup]:
    balancer_arn = request.get("LoadBalancerArn")
    arns, names = request.get("TargetGroupArns"), request.get("Names")
    if sum(map(bool, (balancer_arn, arns, names))) > 1:
        raise AwsFailure(
            "ValidationError",
            "Only one of a load balancer ARN, target group ARNs and target group names can be"
            " specified",
        )
    if balancer_arn:
        balancer_id = records.balancer(balancer_arn).id
        return [
            each for each in records.groups.values() if records.user_of.get(each.id) == balancer_id
        ]
    if arns:
        return list({arn: records.group(arn) for arn in arns}.values())
    return list(records.groups.values()) if not names else _named(records, names)


def _named(records: Records, names: Sequence[str]) -> list[TargetGroup]:
    by_name = {group.name: group for group in records.groups.values()}
    if any(name not in by_name for name in names):
        raise AwsFailure("TargetGroupNotFound", "One or more target groups not found")
    return [by_name[name] for name in dict.fromkeys(names)]


OPERATIONS = (
    Operation(
        "CreateTargetGroup",
        create_target_group,
        carried=frozenset({"Name", "Port", "Tags", *health_checks.CARRIED}),
        checked={
            "Protocol": ", ".join(_PROTOCOLS),
            "ProtocolVersion": f"{_PROTOCOL_VERSION}, of HTTP",
            "VpcId": "the default VPC",
            "TargetType": _TARGET_TYPE,
            "IpAddressType": IP_ADDRESS_TYPE,
            **health_checks.CHECKED,
        },
        changes=True,
    ),
    Operation(
        "DescribeTargetGroups",
        describe_target_groups,
        carried=frozenset({"LoadBalancerArn", "TargetGroupArns", "Names", "Marker", "PageSize"}),
    ),
    Operation(
        "ModifyTargetGroup",
        modify_target_group,
        carried=frozenset({"TargetGroupArn", *health_checks.CARRIED}),
        checked=health_checks.CHECKED,
        changes=True,
    ),
    Operation(
        "DeleteTargetGroup",
        delete_target_group,
        carried=frozenset({"TargetGroupArn"}),
        changes=True,
    ),
)
