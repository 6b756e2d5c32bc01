"""What AWS's bills and price lists call what is billed: services, and types of usage.

Source: the page "Understanding your usage reports" of the Cost and Usage guide, and the price list
of EC2. A usage type begins with a code of its region; us-east-1, the oldest, has none.
"""

from __future__ import annotations

from datetime import date

from minicloud.domain.billing.line import Rule, Service, What

COMPUTE = "Amazon Elastic Compute Cloud - Compute"
_OTHER, _NETWORK = "EC2 - Other", "Amazon Virtual Private Cloud"
_BALANCING = "Amazon Elastic Load Balancing"
# Since that day an address is the network's, whether it is in use or not; before it was EC2's.
_ADDRESSES_OF_NETWORK_SINCE = date(2024, 2, 1)
_REGION_CODES = {"us-east-1": "", "ap-northeast-2": "APN2-"}
_SERVICES = {
    Service.INSTANCES: COMPUTE,
    Service.RESERVATIONS: COMPUTE,
    Service.IMAGES: _OTHER,
    Service.BALANCERS: _BALANCING,
}
_IDLE = frozenset({Rule.ADDRESS_IDLE, Rule.ADDRESS_STOPPED})
_UNITS = {"hour": "Hrs", "GB-month": "GB-Mo", "LCU-hour": "LCU-Hrs"}


def service_name(what: What, day: date) -> str:
    """The service that it is billed by."""
    if what.rule.service is Service.ADDRESSES:
        return _NETWORK if day >= _ADDRESSES_OF_NETWORK_SINCE else _OTHER
    return _SERVICES[what.rule.service]


def usage_type(region: str, what: What, day: date) -> str:
    """The type of usage: ``BoxUsage:t3.micro``, ``APN2-PublicIPv4:IdleAddress``."""
    return _REGION_CODES[region] + _usage(what, day)


def machine_usage_type(region: str, type_name: str) -> str:
    """The type of usage of a running machine of this type."""
    return f"{_REGION_CODES[region]}BoxUsage:{type_name}"


def unit_name(rule: Rule) -> str:
    """The unit that a rule's usage is counted in."""
    return _UNITS.get(rule.unit, "Quantity")


def _usage(what: What, day: date) -> str:
    rule = what.rule
    if rule.service is Service.INSTANCES:
        return f"BoxUsage:{what.subject}"
    if rule.service is Service.RESERVATIONS:
        return f"HeavyUsage:{what.subject}"
    if rule.service is Service.ADDRESSES:
        return _address_usage(rule, day)
    if rule is Rule.IMAGE_STORAGE:
        return "EBS:SnapshotUsage"
    return "LCUUsage" if rule is Rule.BALANCER_CAPACITY else "LoadBalancerUsage"


def _address_usage(rule: Rule, day: date) -> str:
    if day >= _ADDRESSES_OF_NETWORK_SINCE:
        return "PublicIPv4:IdleAddress" if rule in _IDLE else "PublicIPv4:InUseAddress"
    if rule is Rule.ADDRESS_ADDITIONAL:
        return "ElasticIP:AdditionalAddress"
    return "ElasticIP:IdleAddress" if rule in _IDLE else "ElasticIP:InUseAddress"
