"""What minicloud's things are called in FOCUS: columns, services, units, stock-keeping units.

The words are those of FOCUS 1.2 (the FinOps Open Cost and Usage Specification, tag ``v1.2`` of
github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec; "ServiceSubcategory", "Unit Format").
"""

from __future__ import annotations

import json
from typing import NamedTuple

from minicloud.domain.billing.line import Rule, Service, What
from minicloud.domain.catalog import instance_type
from minicloud.domain.region import regions

VERSION = "1.2"
PROVIDER = "minicloud"
_MIB_PER_GIB = 1024

# In the order of the alphabet, and ours behind them, as "Column Handling" has it.
COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_EstimateReason",
    "x_Rule",
    "x_Simulated",
)


class Naming(NamedTuple):
    """What the lines of a service are called."""

    category: str
    name: str
    subcategory: str
    resource_type: str
    meter: str


_COMPUTE = ("Compute", "Elastic Compute Cloud", "Virtual Machines")
_NAMES = {
    Service.INSTANCES: Naming(*_COMPUTE, "Instance", "Instance hours"),
    Service.RESERVATIONS: Naming(*_COMPUTE, "Reserved Instance", "Reserved Instances"),
    Service.ADDRESSES: Naming(
        "Networking",
        "Virtual Private Cloud",
        "Network Infrastructure",
        "Elastic IP",
        "Public IPv4 address hours",
    ),
    Service.IMAGES: Naming(
        "Storage", "Elastic Block Store", "Block Storage", "Image", "Image storage"
    ),
    Service.BALANCERS: Naming(
        "Networking",
        "Elastic Load Balancing",
        "Application Networking",
        "Load Balancer",
        "Load balancer hours and capacity",
    ),
}
# A public address that is not allocated is billed on what has it.
_OWNERS = {
    Rule.ADDRESS_AUTOMATIC: _NAMES[Service.INSTANCES].resource_type,
    Rule.ADDRESS_BALANCER: _NAMES[Service.BALANCERS].resource_type,
}
_OF_MACHINES = frozenset({Service.INSTANCES, Service.RESERVATIONS})
# A bill's GB is 2^30 bytes, which FOCUS calls a GiB.
_UNITS = {
    "hour": "Hours",
    "GB-month": "GiB-Months",
    "LCU-hour": "LCU-Hours",
    "reservation": "Reservations",
    "exchange": "Exchanges",
}


def naming_of(service: Service) -> Naming:
    """What the lines of a service are called."""
    return _NAMES[service]


def resource_type_of(rule: Rule) -> str:
    """What kind of thing a line of a rule is on."""
    return _OWNERS.get(rule) or _NAMES[rule.service].resource_type


def unit_of(rule: Rule) -> str:
    """The unit that a rule counts in, in FOCUS' "Unit Format"."""
    return _UNITS[rule.unit]


def region_title(region: str) -> str:
    """What a region is called; its own name where it is none that is known."""
    titles = {each.name: each.title for each in regions()}
    return titles.get(region, region)


def sku_of(region: str, what: What) -> str:
    """What is sold, whatever it costs: ``us-east-1/t3.micro``, ``us-east-1/image-storage``."""
    is_machine = what.rule.service in _OF_MACHINES
    return f"{region}/{what.subject if is_machine else what.rule.title}"


def sku_details(what: What) -> str | None:
    """The size of an instance type, as JSON; None for what has none."""
    if what.rule.service not in _OF_MACHINES:
        return None
    its_type = instance_type(what.subject)
    details = {
        "CoreCount": its_type.vcpus,
        "InstanceSeries": its_type.family,
        "InstanceType": its_type.name,
        "MemorySize": its_type.memory_mib / _MIB_PER_GIB,
        "OperatingSystem": "Linux",
    }
    return json.dumps(details)
