"""Which Elastic IPs, and which machine, a request is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.domain import resource_kind
from minicloud.domain.address import Address
from minicloud.domain.derived_ids import instance_of
from minicloud.domain.instance import InstanceState
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import AssociateAddressRequestTypeDef


def named_addresses(
    around: Surroundings, allocation_ids: Sequence[str] | None, public_ips: Sequence[str] | None
) -> list[Address]:
    """The addresses that a request names, by either; all where it names none."""
    if not allocation_ids and not public_ips:
        return list(around.addresses.values())
    chosen = [_allocated(around, allocation_id) for allocation_id in allocation_ids or ()]
    chosen += [_at(around, public_ip) for public_ip in public_ips or ()]
    return list({address.allocation_id: address for address in chosen}.values())


def chosen_address(
    around: Surroundings, allocation_id: str | None, public_ip: str | None
) -> Address:
    """The one address that a request is about."""
    if allocation_id and public_ip:
        raise AwsFailure(
            "InvalidParameterCombination",
            "You may specify public IP or allocation id, but not both in the same call",
        )
    if allocation_id:
        return _allocated(around, allocation_id)
    if not public_ip:
        raise AwsFailure("MissingParameter", "Either public IP or allocation id must be specified")
    if any(instance.public_ip == public_ip for instance in around.instances.values()):
        raise AwsFailure("AuthFailure", f"The address {shown(public_ip)} does not belong to you.")
    return _at(around, public_ip)


def _allocated(around: Surroundings, allocation_id: str) -> Address:
    if allocation_id not in around.addresses:
        raise resource_kind.ADDRESS.missing(allocation_id)
    return around.addresses[allocation_id]


def _at(around: Surroundings, public_ip: str) -> Address:
    for address in around.addresses.values():
        if address.public_ip == public_ip:
            return address
    raise AwsFailure("InvalidAddress.NotFound", f"Address {shown(public_ip)} not found.")


def associated_address(around: Surroundings, association_id: str) -> Address:
    """The address of this association."""
    for address in around.addresses.values():
        if address.association_id == association_id:
            return address
    raise AwsFailure(
        "InvalidAssociationID.NotFound",
        f"The association ID {shown(association_id)} does not exist",
    )


def target_instance(around: Surroundings, request: AssociateAddressRequestTypeDef) -> str:
    """The machine that the address is to lead to, named by itself or by its interface."""
    named, its_interface = request.get("InstanceId"), request.get("NetworkInterfaceId")
    if bool(named) == bool(its_interface):
        raise AwsFailure(
            "InvalidParameterCombination" if named else "MissingParameter",
            "Either instance ID or network interface ID must be specified, and not both",
        )
    kind = resource_kind.INSTANCE if named else resource_kind.INTERFACE
    resource_id = named or its_interface or ""
    kind.require_well_formed(resource_id)
    instance = around.instances.get(instance_of(resource_id))
    if instance is None or not (instance.is_live or named):
        raise kind.missing(resource_id)
    if instance.state is InstanceState.PENDING:
        raise AwsFailure(
            "InvalidInstanceID",
            f"The pending instance {shown(instance.id)} is not in a valid state"
            " for this operation.",
        )
    private_ip = request.get("PrivateIpAddress", instance.private_ip)
    if private_ip != instance.private_ip:
        raise AwsFailure(
            "InvalidParameterValue",
            f"The private IP address {shown(private_ip)} is not of {instance.id}",
        )
    return instance.id
