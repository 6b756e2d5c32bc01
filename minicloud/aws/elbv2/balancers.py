"""Load balancers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.changing import settled
from minicloud.aws.elbv2 import network
from minicloud.aws.elbv2.paging import paging_of
from minicloud.aws.elbv2.records import Records
from minicloud.aws.elbv2.tags import tags_given
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.balancer import (
    IDLE_TIMEOUT_DEFAULT_S,
    TCP_IDLE_TIMEOUT_DEFAULT_S,
    Balancer,
    BalancerType,
)
from minicloud.domain.errors import Conflict
from minicloud.domain.tags import shown
from minicloud.services.balancers import CreateBalancer

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CreateLoadBalancerInputTypeDef,
        DeleteLoadBalancerInputTypeDef,
        DescribeLoadBalancersInputTypeDef,
        SetIpAddressTypeInputTypeDef,
        SetSecurityGroupsInputTypeDef,
        SetSubnetsInputTypeDef,
    )

_PAGING = paging_of("DescribeLoadBalancers")
_TYPES = {kind.value: kind for kind in BalancerType}


def create_load_balancer(backend: AwsBackend, request: CreateLoadBalancerInputTypeDef) -> Shape:
    """Begin to make a balancer, without a listener; what is there with these settings is told."""
    records = Records.of(backend)
    wanted = _wanted(records, request)
    try:
        balancer, _ = backend.balancers.create(wanted)
    except Conflict as error:
        balancer = _existing(Records.of(backend), wanted, error)
    return {"LoadBalancers": [balancer_shape(balancer, Records.of(backend))]}


def describe_load_balancers(
    backend: AwsBackend, request: DescribeLoadBalancersInputTypeDef
) -> Shape:
    """Balancers, by ARNs, by names, or all."""
    records = Records.of(backend)
    chosen = _chosen(records, request.get("LoadBalancerArns"), request.get("Names"))
    page = _PAGING.page(backend, request, chosen, lambda balancer: balancer.id)
    return {
        "LoadBalancers": [balancer_shape(balancer, records) for balancer in page.records],
        "NextMarker": page.next_token,
    }


def delete_load_balancer(backend: AwsBackend, request: DeleteLoadBalancerInputTypeDef) -> Shape:
    """Delete a balancer with its listeners; as on AWS, one that is gone already is no error."""
    arn = request["LoadBalancerArn"]
    try:
        balancer = Records.of(backend).balancer(arn)
    except AwsFailure as failure:
        if failure.code != "LoadBalancerNotFound":
            raise
        return {}
    if balancer.deletion_protection:
        raise AwsFailure(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    settled(backend, lambda: (None, backend.balancers.delete(balancer.id)))
    return {}


def set_subnets(backend: AwsBackend, request: SetSubnetsInputTypeDef) -> Shape:
    """There is one subnet: nothing else can be set."""
    records = Records.of(backend)
    records.balancer(request["LoadBalancerArn"])
    network.require_subnets(records, request.get("Subnets"), request.get("SubnetMappings"))
    network.require_ip_address_type(request.get("IpAddressType"))
    return {
        "AvailabilityZones": network.zones_shape(records),
        "IpAddressType": network.IP_ADDRESS_TYPE,
    }


def set_security_groups(backend: AwsBackend, request: SetSecurityGroupsInputTypeDef) -> Shape:
    """There is one security group: nothing else can be set."""
    records = Records.of(backend)
    balancer = records.balancer(request["LoadBalancerArn"])
    groups = request["SecurityGroups"]
    _require_security_groups(records, balancer.type, groups)
    if balancer.type is BalancerType.APPLICATION and not groups:
        raise AwsFailure("ValidationError", "At least one security group must be specified")
    return {"SecurityGroupIds": list(dict.fromkeys(groups))}


def set_ip_address_type(backend: AwsBackend, request: SetIpAddressTypeInputTypeDef) -> Shape:
    """There is IPv4 alone: nothing else can be set."""
    Records.of(backend).balancer(request["LoadBalancerArn"])
    network.require_ip_address_type(request["IpAddressType"])
    return {"IpAddressType": network.IP_ADDRESS_TYPE}


def balancer_shape(balancer: Balancer, records: Records) -> Shape:
    """A balancer as answers have it."""
    shape = {
        "LoadBalancerArn": records.balancer_arn(balancer),
        "DNSName": records.whereabouts.public_name(balancer.public_ip),
        "CreatedTime": balancer.created_at,
        "LoadBalancerName": balancer.name,
        "Scheme": network.SCHEME,
        "VpcId": records.ids.vpc,
        "State": {"Code": balancer.state.value},
        "Type": balancer.type.value,
        "AvailabilityZones": network.zones_shape(records),
        "IpAddressType": network.IP_ADDRESS_TYPE,
    }
    if balancer.type is BalancerType.APPLICATION:
        shape["SecurityGroups"] = [records.ids.security_group]
    return shape


def _wanted(records: Records, request: CreateLoadBalancerInputTypeDef) -> CreateBalancer:
    balancer_type = _type(request.get("Type", BalancerType.APPLICATION.value))
    network.require_subnets(records, request.get("Subnets"), request.get("SubnetMappings"))
    _require_security_groups(records, balancer_type, request.get("SecurityGroups"))
    network.require_ip_address_type(request.get("IpAddressType"))
    scheme = request.get("Scheme", network.SCHEME)
    if scheme != network.SCHEME:
        raise AwsFailure(
            "InvalidScheme", f"The scheme {shown(scheme)} is not supported by minicloud"
        )
    is_network = balancer_type is BalancerType.NETWORK
    return CreateBalancer(
        name=request["Name"],
        type=balancer_type,
        idle_timeout_s=TCP_IDLE_TIMEOUT_DEFAULT_S if is_network else IDLE_TIMEOUT_DEFAULT_S,
        tags=tags_given(request.get("Tags")),
    )


def _type(given: str) -> BalancerType:
    if given not in _TYPES:
        raise AwsFailure(
            "ValidationError", f"Load balancers of type {shown(given)} are not supported"
        )
    return _TYPES[given]


def _require_security_groups(
    records: Records, balancer_type: BalancerType, group_ids: Sequence[str] | None
) -> None:
    network.require_security_groups(records, group_ids)
    if group_ids and balancer_type is BalancerType.NETWORK:
        raise AwsFailure(
            "InvalidConfigurationRequest",
            "Security groups are not supported for load balancers with type 'network'",
        )


def _existing(records: Records, wanted: CreateBalancer, error: Conflict) -> Balancer:
    """The balancer that is there already, where a request asks for the very same."""
    found = next((each for each in records.balancers.values() if each.name == wanted.name), None)
    if error.code != "DuplicateLoadBalancerName" or found is None:
        raise error
    if (found.type, dict(found.tags)) != (wanted.type, dict(wanted.tags)):
        raise AwsFailure(
            error.code,
            f"A load balancer with the same name '{wanted.name}' exists, but with different"
            " settings",
        )
    return found


def _chosen(
    records: Records, arns: Sequence[str] | None, names: Sequence[str] | None
) -> list[Balancer]:
    if arns and names:
        raise AwsFailure(
            "ValidationError",
            "Load balancer names and load balancer ARNs cannot be specified at the same time",
        )
    if arns:
        return list({arn: records.balancer(arn) for arn in arns}.values())
    if not names:
        return list(records.balancers.values())
    by_name = {balancer.name: balancer for balancer in records.balancers.values()}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise AwsFailure(
            "LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found"
        )
    return [by_name[name] for name in dict.fromkeys(names)]


OPERATIONS = (
    Operation(
        "CreateLoadBalancer",
        create_load_balancer,
        carried=frozenset({"Name", "Tags"}),
        checked={
            "Subnets": "the default subnet, once or more often",
            "SubnetMappings.SubnetId": "the default subnet",
            "SecurityGroups": "the default group (application)",
            "Scheme": network.SCHEME,
            "Type": "application, network",
            "IpAddressType": network.IP_ADDRESS_TYPE,
        },
        changes=True,
    ),
    Operation(
        "DescribeLoadBalancers",
        describe_load_balancers,
        carried=frozenset({"LoadBalancerArns", "Names", "Marker", "PageSize"}),
    ),
    Operation(
        "DeleteLoadBalancer",
        delete_load_balancer,
        carried=frozenset({"LoadBalancerArn"}),
        changes=True,
    ),
    Operation(
        "SetSubnets",
        set_subnets,
        carried=frozenset({"LoadBalancerArn"}),
        checked={
            "Subnets": "the default subnet",
            "SubnetMappings.SubnetId": "the default subnet",
            "IpAddressType": network.IP_ADDRESS_TYPE,
        },
        changes=True,
    ),
    Operation(
        "SetSecurityGroups",
        set_security_groups,
        carried=frozenset({"LoadBalancerArn"}),
        checked={"SecurityGroups": "the default group (application), none (network)"},
        changes=True,
    ),
    Operation(
        "SetIpAddressType",
        set_ip_address_type,
        carried=frozenset({"LoadBalancerArn"}),
        checked={"IpAddressType": network.IP_ADDRESS_TYPE},
        changes=True,
    ),
)
