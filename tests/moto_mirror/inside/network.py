"""The cloud's own network in the place of those that tests make before they come to their subject.

minicloud has one VPC, subnet and security group, and makes no others (``InvalidAction``): nearly
every test of load balancers would end in its set-up. Where the network is not the subject, a test
is given the one that there is, and its line in the results says so.
"""

from __future__ import annotations

import importlib
from typing import Any

# Files whose subject the network is: there a refusal is the answer.
_SUBJECTS = (
    "test_vpcs",
    "test_subnets",
    "test_security_groups",
    "test_elastic_network_interfaces",
    "test_network_acls",
    "test_route_tables",
    "test_internet_gateways",
    "test_elbv2_set_subnets",
)
_FORGOTTEN = frozenset({"DeleteVpc", "DeleteSubnet", "DeleteSecurityGroup"})


class _Fine:
    status_code = 200


class StandIns:
    """Answers for the makers of networks. ``used`` names those that this test has asked."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self._applies = False

    def begin(self, node_id: str) -> None:
        """A test begins."""
        self.used = []
        self._applies = not any(subject in node_id for subject in _SUBJECTS)

    def answer(self, model: Any, params: Any, **_rest: Any) -> Any:
        """What a call that makes or removes a part of a network is answered, else None."""
        if not self._applies or "DryRun=true" in str(params.get("body")):
            return None
        shape = _answer_to(model.name)
        if shape is None:
            return None
        self.used.append(model.name)
        return _Fine(), {**shape, "ResponseMetadata": {"HTTPStatusCode": _Fine.status_code}}


def _answer_to(operation: str) -> dict[str, Any] | None:
    if operation in _FORGOTTEN:
        return {"Return": True}
    if operation == "CreateVpc":
        return {"Vpc": _own("describe_vpcs", "Vpcs")}
    if operation == "CreateSubnet":
        return {"Subnet": _own("describe_subnets", "Subnets")}
    if operation == "CreateSecurityGroup":
        return {"GroupId": _own("describe_security_groups", "SecurityGroups")["GroupId"]}
    return None


def _own(describe: str, answers: str) -> Any:
    ec2 = importlib.import_module("boto3").client("ec2")
    return getattr(ec2, describe)()[answers][0]
