"""Amazon Resource Names: how AWS's clients name a resource.

A resource's ARN follows from its record, and ends in the digits of its identifier: both ways are
pure. Forms: AWS's service authorization reference; the account is the one of AWS's own examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from minicloud.domain.balancer import Balancer, BalancerType
from minicloud.domain.certificate import Certificate
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ids import IdKind
from minicloud.domain.listener import Listener
from minicloud.domain.rule import Rule
from minicloud.domain.tags import shown
from minicloud.domain.target_group import TargetGroup

ACCOUNT_ID = "123456789012"
_BALANCING = "elasticloadbalancing"
_ARN = re.compile(r"arn:aws:([a-z0-9-]+):([a-z0-9-]*):([0-9]*):([!-~]+)")
_LENGTH_MAX = 2048
_TYPES = {BalancerType.APPLICATION: "app", BalancerType.NETWORK: "net"}
_HEX = "[0-9a-f]+"
_NAMED_BALANCER = "(?:app|net)/[A-Za-z0-9-]+"
_OF_BALANCER = rf"{_NAMED_BALANCER}/{_HEX}"
# What is behind the account, up to the digits of the identifier.
_RESOURCES = {
    IdKind.BALANCER: re.compile(rf"loadbalancer/{_NAMED_BALANCER}/({_HEX})"),
    IdKind.TARGET_GROUP: re.compile(rf"targetgroup/[A-Za-z0-9-]+/({_HEX})"),
    IdKind.LISTENER: re.compile(rf"listener/{_OF_BALANCER}/({_HEX})"),
    IdKind.RULE: re.compile(rf"listener-rule/{_OF_BALANCER}/{_HEX}/({_HEX})"),
    IdKind.CERTIFICATE: re.compile(rf"certificate/({_HEX})"),
}
_SERVICES = {IdKind.CERTIFICATE: "acm"}
_NOUNS = {
    IdKind.BALANCER: "load balancer",
    IdKind.TARGET_GROUP: "target group",
    IdKind.LISTENER: "listener",
    IdKind.RULE: "listener rule",
    IdKind.CERTIFICATE: "certificate",
}


@dataclass(frozen=True)
class Arn:
    """An ARN's parts. ``region`` is empty for what has none; the partition is always ``aws``."""

    service: str
    region: str
    resource: str
    account: str = ACCOUNT_ID

    def __str__(self) -> str:
        """The ARN as text."""
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """The parts of an ARN; None for what is none."""
    match = _ARN.fullmatch(text) if len(text) <= _LENGTH_MAX else None
    if match is None:
        return None
    service, region, account, resource = match.groups()
    return Arn(service, region, resource, account)


def balancer_arn(region: str, balancer: Balancer) -> str:
    """``…:loadbalancer/app/NAME/HEX``."""
    return _balancing(region, f"loadbalancer/{_of_balancer(balancer)}")


def target_group_arn(region: str, group: TargetGroup) -> str:
    """``…:targetgroup/NAME/HEX``."""
    return _balancing(region, f"targetgroup/{group.name}/{_digits(group.id)}")


def listener_arn(region: str, balancer: Balancer, listener: Listener) -> str:
    """``…:listener/app/NAME/HEX/HEX``."""
    return _balancing(region, f"listener/{_of_balancer(balancer)}/{_digits(listener.id)}")


def rule_arn(region: str, balancer: Balancer, rule: Rule) -> str:
    """``…:listener-rule/app/NAME/HEX/HEX/HEX``."""
    listener = f"{_of_balancer(balancer)}/{_digits(rule.listener_id)}"
    return _balancing(region, f"listener-rule/{listener}/{_digits(rule.id)}")


def default_rule_arn(region: str, balancer: Balancer, listener: Listener) -> str:
    """The ARN of a listener's default rule, which has no record: it has the listener's digits."""
    digits = _digits(listener.id)
    return _balancing(region, f"listener-rule/{_of_balancer(balancer)}/{digits}/{digits}")


def certificate_arn(region: str, certificate: Certificate) -> str:
    """``arn:aws:acm:…:certificate/HEX``."""
    return str(Arn("acm", region, f"certificate/{_digits(certificate.id)}"))


def id_of(kind: IdKind, text: str, region: str) -> str:
    """The identifier of the resource of this kind that an ARN names.

    ``ValidationError``, in ELBv2's words, for any other text, also where it is of another region
    or account. Whether there is such a resource, of that very name, is the caller's to ask.
    """
    arn = parse_arn(text)
    if arn is not None and (arn.region, arn.account) == (region, ACCOUNT_ID):
        match = _RESOURCES[kind].fullmatch(arn.resource)
        if match is not None and arn.service == _SERVICES.get(kind, _BALANCING):
            return f"{kind.value}-{match[1]}"
    raise InvalidRequest(
        "ValidationError",
        f"{shown(text, 200)} is not a valid {_NOUNS[kind]} ARN",
        "copy it from the answer of the call that made it, or of a Describe call",
    )


def kind_of(text: str) -> IdKind | None:
    """Which kind of load balancing's resource an ARN names; None where it is none of them."""
    arn = parse_arn(text)
    if arn is None or arn.service != _BALANCING:
        return None
    balancing = (kind for kind in _RESOURCES if kind not in _SERVICES)
    return next((kind for kind in balancing if _RESOURCES[kind].fullmatch(arn.resource)), None)


def _balancing(region: str, resource: str) -> str:
    return str(Arn(_BALANCING, region, resource))


def _of_balancer(balancer: Balancer) -> str:
    return f"{_TYPES[balancer.type]}/{balancer.name}/{_digits(balancer.id)}"


def _digits(resource_id: str) -> str:
    return resource_id.rpartition("-")[2]
