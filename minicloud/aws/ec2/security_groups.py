"""The security group of every machine: the default one, told as it is.

Nothing filters a machine's traffic yet: whoever can connect to its address (its neighbours, and
this computer, whose loopback address it is) reaches every port of it. So the group tells of a rule
that lets everything in, where a new account's lets in the group's own machines alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, at
from minicloud.aws.ec2.surroundings import Surroundings
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.arn import ACCOUNT_ID, Arn
from minicloud.domain.tags import shown

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeSecurityGroupRulesRequestTypeDef,
        DescribeSecurityGroupsRequestTypeDef,
    )

DEFAULT_GROUP_NAME = "default"
_ANYWHERE = "0.0.0.0/0"
_ANY_PROTOCOL, _ANY_PORT = "-1", -1


def describe_security_groups(
    backend: AwsBackend, request: DescribeSecurityGroupsRequestTypeDef
) -> Shape:
    """The default group."""
    around = Surroundings.of(backend)
    _require_names(request.get("GroupNames"), around)
    return _GROUPS.answer(backend, request, [_group_shape(around)])


def describe_security_group_rules(
    backend: AwsBackend, request: DescribeSecurityGroupRulesRequestTypeDef
) -> Shape:
    """Its two rules."""
    around = Surroundings.of(backend)
    rules = [
        _rule_shape(around, around.ids.ingress_rule, is_egress=False),
        _rule_shape(around, around.ids.egress_rule, is_egress=True),
    ]
    return _RULES.answer(backend, request, rules)


def _group_shape(around: Surroundings) -> Shape:
    group_id = around.ids.security_group
    everything = {
        "IpProtocol": _ANY_PROTOCOL,
        "IpRanges": [{"CidrIp": _ANYWHERE}],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
        "UserIdGroupPairs": [],
    }
    return {
        "GroupId": group_id,
        "GroupName": DEFAULT_GROUP_NAME,
        "Description": "default VPC security group",
        "SecurityGroupArn": str(Arn("ec2", around.region.name, f"security-group/{group_id}")),
        "OwnerId": ACCOUNT_ID,
        "VpcId": around.ids.vpc,
        "IpPermissions": [everything],
        "IpPermissionsEgress": [everything],
        "Tags": tag_list(around.resource_tags.get(group_id, {})),
    }


def _rule_shape(around: Surroundings, rule_id: str, *, is_egress: bool) -> Shape:
    return {
        "SecurityGroupRuleId": rule_id,
        "SecurityGroupRuleArn": str(
            Arn("ec2", around.region.name, f"security-group-rule/{rule_id}")
        ),
        "GroupId": around.ids.security_group,
        "GroupOwnerId": ACCOUNT_ID,
        "IsEgress": is_egress,
        "IpProtocol": _ANY_PROTOCOL,
        "FromPort": _ANY_PORT,
        "ToPort": _ANY_PORT,
        "CidrIpv4": _ANYWHERE,
        "Tags": tag_list(around.resource_tags.get(rule_id, {})),
    }


def _require_names(names: Sequence[str] | None, around: Surroundings) -> None:
    for name in names or ():
        if name != DEFAULT_GROUP_NAME:
            raise AwsFailure(
                "InvalidGroup.NotFound",
                f"The security group {shown(name)} does not exist in default VPC"
                f" '{around.ids.vpc}'",
            )


_GROUPS = Listing(
    kind=resource_kind.SECURITY_GROUP,
    answers="SecurityGroups",
    id_member="GroupId",
    ids_member="GroupIds",
    paging=Paging("DescribeSecurityGroups", 5, 1000),
    filters={
        "description": at("Description"),
        "group-id": at("GroupId"),
        "group-name": at("GroupName"),
        "owner-id": at("OwnerId"),
        "vpc-id": at("VpcId"),
        **{
            f"{prefix}ip-permission.{name}": at(f"{member}.{path}")
            for prefix, member in (("", "IpPermissions"), ("egress.", "IpPermissionsEgress"))
            for name, path in (
                ("cidr", "IpRanges.CidrIp"),
                ("from-port", "FromPort"),
                ("group-id", "UserIdGroupPairs.GroupId"),
                ("group-name", "UserIdGroupPairs.GroupName"),
                ("ipv6-cidr", "Ipv6Ranges.CidrIpv6"),
                ("prefix-list-id", "PrefixListIds.PrefixListId"),
                ("protocol", "IpProtocol"),
                ("to-port", "ToPort"),
                ("user-id", "UserIdGroupPairs.UserId"),
            )
        },
    },
)
_RULES = Listing(
    kind=resource_kind.SECURITY_GROUP_RULE,
    answers="SecurityGroupRules",
    id_member="SecurityGroupRuleId",
    ids_member="SecurityGroupRuleIds",
    paging=Paging("DescribeSecurityGroupRules", 5, 1000),
    filters={"group-id": at("GroupId"), "security-group-rule-id": at("SecurityGroupRuleId")},
)
OPERATIONS = (
    Operation(
        "DescribeSecurityGroups", describe_security_groups, carried=_GROUPS.carried | {"GroupNames"}
    ),
    Operation("DescribeSecurityGroupRules", describe_security_group_rules, carried=_RULES.carried),
)
