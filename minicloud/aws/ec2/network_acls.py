"""The subnet's network ACL: the default one, which lets everything pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, at
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeNetworkAclsRequestTypeDef

# EC2's: every ACL ends with a rule that cannot be taken away and refuses what none has let pass.
_ALLOW_RULE_NUMBER, _LAST_RULE_NUMBER = 100, 32767


def describe_network_acls(backend: AwsBackend, request: DescribeNetworkAclsRequestTypeDef) -> Shape:
    """The default ACL."""
    return _LISTING.answer(backend, request, [_acl_shape(Surroundings.of(backend))])


def _acl_shape(around: Surroundings) -> Shape:
    ids = around.ids
    return {
        "NetworkAclId": ids.network_acl,
        "VpcId": ids.vpc,
        "OwnerId": ACCOUNT_ID,
        "IsDefault": True,
        "Associations": [
            {
                "NetworkAclAssociationId": ids.network_acl_association,
                "NetworkAclId": ids.network_acl,
                "SubnetId": ids.subnet,
            }
        ],
        "Entries": [
            {
                "CidrBlock": "0.0.0.0/0",
                "Egress": is_egress,
                "Protocol": "-1",
                "RuleAction": action,
                "RuleNumber": number,
            }
            for is_egress in (True, False)
            for action, number in (("allow", _ALLOW_RULE_NUMBER), ("deny", _LAST_RULE_NUMBER))
        ],
        "Tags": tag_list(around.resource_tags.get(ids.network_acl, {})),
    }


_LISTING = Listing(
    kind=resource_kind.NETWORK_ACL,
    answers="NetworkAcls",
    id_member="NetworkAclId",
    ids_member="NetworkAclIds",
    paging=Paging("DescribeNetworkAcls", 5, 1000),
    filters={
        "association.association-id": at("Associations.NetworkAclAssociationId"),
        "association.network-acl-id": at("Associations.NetworkAclId"),
        "association.subnet-id": at("Associations.SubnetId"),
        "default": at("IsDefault"),
        "entry.cidr": at("Entries.CidrBlock"),
        "entry.egress": at("Entries.Egress"),
        "entry.icmp.code": at("Entries.IcmpTypeCode.Code"),
        "entry.icmp.type": at("Entries.IcmpTypeCode.Type"),
        "entry.ipv6-cidr": at("Entries.Ipv6CidrBlock"),
        "entry.port-range.from": at("Entries.PortRange.From"),
        "entry.port-range.to": at("Entries.PortRange.To"),
        "entry.protocol": at("Entries.Protocol"),
        "entry.rule-action": at("Entries.RuleAction"),
        "entry.rule-number": at("Entries.RuleNumber"),
        "network-acl-id": at("NetworkAclId"),
        "owner-id": at("OwnerId"),
        "vpc-id": at("VpcId"),
    },
)
OPERATIONS = (Operation("DescribeNetworkAcls", describe_network_acls, carried=_LISTING.carried),)
