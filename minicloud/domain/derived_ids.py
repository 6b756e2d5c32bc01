"""Identifiers of what has no record of its own, and follows from one that is there.

AWS's clients ask of a machine's network interface and root volume, of an image's snapshot, and of
the network that they lie in. A cloud has each of them truly, one for each machine, image or cloud,
so its identifier has the digits of that record's: both ways are pure, and need no look-up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from minicloud.domain.ids import IdKind

_DIGITS = 17


class DerivedKind(StrEnum):
    """The kinds of resource that follow from a record; the value is the prefix, as AWS's."""

    LAUNCH = "r"
    INTERFACE = "eni"
    INTERFACE_ATTACHMENT = "eni-attach"
    VOLUME = "vol"
    SNAPSHOT = "snap"
    VPC = "vpc"
    VPC_CIDR_ASSOCIATION = "vpc-cidr-assoc"
    SUBNET = "subnet"
    SECURITY_GROUP = "sg"
    SECURITY_GROUP_RULE = "sgr"
    ROUTE_TABLE = "rtb"
    ROUTE_TABLE_ASSOCIATION = "rtbassoc"
    INTERNET_GATEWAY = "igw"
    NETWORK_ACL = "acl"
    NETWORK_ACL_ASSOCIATION = "aclassoc"


@dataclass(frozen=True)
class CloudIds:
    """The identifiers of a cloud's default network: one of each, as a new AWS account has."""

    vpc: str
    vpc_cidr_association: str
    subnet: str
    security_group: str
    ingress_rule: str
    egress_rule: str
    route_table: str
    route_table_association: str
    internet_gateway: str
    network_acl: str
    network_acl_association: str


def cloud_ids(cloud_id: str) -> CloudIds:
    """What the network of this cloud is called."""
    return CloudIds(
        vpc=_same_digits(DerivedKind.VPC, cloud_id),
        vpc_cidr_association=_same_digits(DerivedKind.VPC_CIDR_ASSOCIATION, cloud_id),
        subnet=_same_digits(DerivedKind.SUBNET, cloud_id),
        security_group=_same_digits(DerivedKind.SECURITY_GROUP, cloud_id),
        ingress_rule=_rule_id(cloud_id, "ingress"),
        egress_rule=_rule_id(cloud_id, "egress"),
        route_table=_same_digits(DerivedKind.ROUTE_TABLE, cloud_id),
        route_table_association=_same_digits(DerivedKind.ROUTE_TABLE_ASSOCIATION, cloud_id),
        internet_gateway=_same_digits(DerivedKind.INTERNET_GATEWAY, cloud_id),
        network_acl=_same_digits(DerivedKind.NETWORK_ACL, cloud_id),
        network_acl_association=_same_digits(DerivedKind.NETWORK_ACL_ASSOCIATION, cloud_id),
    )


def reservation_id(first_instance_id: str) -> str:
    """What AWS calls a reservation: one launch, named after the first of its machines."""
    return _same_digits(DerivedKind.LAUNCH, first_instance_id)


def interface_id(instance_id: str) -> str:
    """A machine's only network interface."""
    return _same_digits(DerivedKind.INTERFACE, instance_id)


def interface_attachment_id(instance_id: str) -> str:
    """How that interface is attached."""
    return _same_digits(DerivedKind.INTERFACE_ATTACHMENT, instance_id)


def volume_id(instance_id: str) -> str:
    """A machine's root volume."""
    return _same_digits(DerivedKind.VOLUME, instance_id)


def snapshot_id(image_id: str) -> str:
    """The snapshot behind an image."""
    return _same_digits(DerivedKind.SNAPSHOT, image_id)


def instance_of(derived_id: str) -> str:
    """The identifier of the machine that an interface, attachment or volume belongs to.

    Whether there is such a machine is the caller's to ask.
    """
    return _same_digits(IdKind.INSTANCE, derived_id)


def image_of(its_snapshot_id: str) -> str:
    """The identifier of the image that a snapshot belongs to."""
    return _same_digits(IdKind.IMAGE, its_snapshot_id)


def _same_digits(kind: IdKind | DerivedKind, other_id: str) -> str:
    return f"{kind.value}-{other_id.rpartition('-')[2]}"


def _rule_id(cloud_id: str, direction: str) -> str:
    # A group has two rules, so the cloud's digits alone would not tell them apart.
    digits = hashlib.sha256(f"{cloud_id} {direction}".encode()).hexdigest()
    return f"{DerivedKind.SECURITY_GROUP_RULE.value}-{digits[:_DIGITS]}"
