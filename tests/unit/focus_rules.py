"""FOCUS 1.2's rules of a dataset, column by column, as far as they bind what minicloud exports.

Derived from the specification's column pages, ``specification/columns/*.md`` at the tag ``v1.2``
of github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec (CC BY 4.0, the FOCUS Project of the
FinOps Foundation), and its ``attributes/{numeric_format,datetime_format,null_handling,
key_value_format,discount_handling}.md``. The official validator (PyPI ``focus-validator``) needs
Python 3.12, NumPy 1 and 640 MB, so that it is no dependency of ours.

Columns of what a provider may support and minicloud does not (capacity reservations, several
account types, availability zones on charges) are not asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

Row = dict[str, str | None]
_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)(E-?\d+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# "The product of ListUnitPrice and PricingQuantity MUST match the ListCost": to the last place
# that costs have.
_MATCH = Decimal("0.000000000002")


@dataclass(frozen=True)
class Column:
    """The type of a column, whether it may be null, and its allowed values, if they are fixed."""

    type: str
    nullable: bool = False
    allowed: frozenset[str] = frozenset()


_D, _S, _T, _J = "Decimal", "String", "Date/Time", "JSON"
_SUBCATEGORIES = {
    "Virtual Machines": "Compute",
    "Application Networking": "Networking",
    "Network Infrastructure": "Networking",
    "Block Storage": "Storage",
}
COLUMNS = {
    "BilledCost": Column(_D),
    "BillingAccountId": Column(_S),
    "BillingAccountName": Column(_S, nullable=True),
    "BillingCurrency": Column(_S, allowed=frozenset({"USD"})),
    "BillingPeriodEnd": Column(_T),
    "BillingPeriodStart": Column(_T),
    "ChargeCategory": Column(
        _S, allowed=frozenset({"Usage", "Purchase", "Tax", "Credit", "Adjustment"})
    ),
    "ChargeClass": Column(_S, nullable=True, allowed=frozenset({"Correction"})),
    "ChargeDescription": Column(_S, nullable=True),
    "ChargeFrequency": Column(_S, allowed=frozenset({"One-Time", "Recurring", "Usage-Based"})),
    "ChargePeriodEnd": Column(_T),
    "ChargePeriodStart": Column(_T),
    "CommitmentDiscountCategory": Column(_S, nullable=True, allowed=frozenset({"Spend", "Usage"})),
    "CommitmentDiscountId": Column(_S, nullable=True),
    "CommitmentDiscountName": Column(_S, nullable=True),
    "CommitmentDiscountQuantity": Column(_D, nullable=True),
    "CommitmentDiscountStatus": Column(_S, nullable=True, allowed=frozenset({"Used", "Unused"})),
    "CommitmentDiscountType": Column(_S, nullable=True),
    "CommitmentDiscountUnit": Column(_S, nullable=True),
    "ConsumedQuantity": Column(_D, nullable=True),
    "ConsumedUnit": Column(_S, nullable=True),
    "ContractedCost": Column(_D),
    "ContractedUnitPrice": Column(_D, nullable=True),
    "EffectiveCost": Column(_D),
    "InvoiceId": Column(_S, nullable=True),
    "InvoiceIssuerName": Column(_S),
    "ListCost": Column(_D),
    "ListUnitPrice": Column(_D, nullable=True),
    "PricingCategory": Column(
        _S, nullable=True, allowed=frozenset({"Standard", "Dynamic", "Committed", "Other"})
    ),
    "PricingCurrency": Column(_S, allowed=frozenset({"USD"})),
    "PricingCurrencyContractedUnitPrice": Column(_D, nullable=True),
    "PricingCurrencyEffectiveCost": Column(_D),
    "PricingCurrencyListUnitPrice": Column(_D, nullable=True),
    "PricingQuantity": Column(_D, nullable=True),
    "PricingUnit": Column(_S, nullable=True),
    "ProviderName": Column(_S),
    "PublisherName": Column(_S),
    "RegionId": Column(_S, nullable=True),
    "RegionName": Column(_S, nullable=True),
    "ResourceId": Column(_S, nullable=True),
    "ResourceName": Column(_S, nullable=True),
    "ResourceType": Column(_S, nullable=True),
    "ServiceCategory": Column(_S, allowed=frozenset({"Compute", "Networking", "Storage"})),
    "ServiceName": Column(_S),
    "ServiceSubcategory": Column(_S, allowed=frozenset(_SUBCATEGORIES)),
    "SkuId": Column(_S, nullable=True),
    "SkuMeter": Column(_S, nullable=True),
    "SkuPriceDetails": Column(_J, nullable=True),
    "SkuPriceId": Column(_S, nullable=True),
    "SubAccountId": Column(_S, nullable=True),
    "SubAccountName": Column(_S, nullable=True),
    "Tags": Column(_J, nullable=True),
}
# What must be null together, or not.
_TOGETHER = (
    ("CommitmentDiscountId", "CommitmentDiscountCategory"),
    ("CommitmentDiscountId", "CommitmentDiscountType"),
    ("CommitmentDiscountQuantity", "CommitmentDiscountUnit"),
    ("ConsumedQuantity", "ConsumedUnit"),
    ("PricingQuantity", "PricingUnit"),
    ("RegionId", "RegionName"),
    ("ResourceId", "ResourceType"),
    ("SubAccountId", "SubAccountName"),
)
_NOT_NULL_WHEN_CHARGED = (
    *("ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "PricingQuantity"),
    *("SkuId", "SkuPriceId", "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice"),
)


def broken_rules(columns: Iterable[str], rows: Iterable[Row]) -> list[str]:
    """What of the specification a dataset breaks, in words; nothing where it is valid."""
    given = [*columns]
    broken = [f"{name} is not there" for name in COLUMNS if name not in given]
    broken += [f"{name} is no column of FOCUS" for name in given if not _is_column(name)]
    if len(set(given)) < len(given):
        broken.append("a column is there twice")
    first_custom = next((i for i, name in enumerate(given) if name.startswith("x_")), len(given))
    if not all(name.startswith("x_") for name in given[first_custom:]):
        broken.append("custom columns are intermixed")
    categories: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        broken += [f"row {number}: {words}" for words in _row(row, categories)]
    return broken


def _is_column(name: str) -> bool:
    return name in COLUMNS or re.fullmatch(r"x_[A-Z][A-Za-z]+", name) is not None


def _row(row: Row, categories: dict[str, str]) -> list[str]:
    cells = [words for name in COLUMNS for words in _cell(name, row[name])]
    if cells:
        return cells
    service = row["ServiceName"] or ""
    rules = [words for words, is_broken in _RULES.items() if is_broken(row)]
    if categories.setdefault(service, row["ServiceCategory"] or "") != row["ServiceCategory"]:
        rules.append(f"{service} has more than one category")
    return rules


def _cell(name: str, value: str | None) -> list[str]:
    column = COLUMNS[name]
    if value is None:
        return [] if column.nullable else [f"{name} is null"]
    if not value.strip():
        return [f"{name} is empty"]
    if column.allowed and value not in column.allowed:
        return [f"{name} is {value}"]
    checks: dict[str, Callable[[str], bool]] = {
        _D: lambda text: _NUMBER.fullmatch(text) is not None,
        _S: lambda _text: True,
        _T: lambda text: _MOMENT.fullmatch(text) is not None,
        _J: _is_key_value,
    }
    return [] if checks[column.type](value) else [f"{name} is {value}: no {column.type}"]


def _is_key_value(text: str) -> bool:
    pairs: list[tuple[str, object]] = json.loads(text, object_pairs_hook=list)
    names = [name for name, _value in pairs]
    plain = all(value is None or isinstance(value, str | int | float) for _name, value in pairs)
    return plain and len(set(names)) == len(names)


def _is(row: Row, name: str) -> bool:
    return row[name] is not None


def _number(row: Row, name: str) -> Decimal:
    return Decimal(row[name] or 0)


def _charged(row: Row) -> bool:
    return row["ChargeCategory"] in {"Usage", "Purchase"}


def _product(row: Row, price: str, cost: str) -> bool:
    product = _number(row, price) * _number(row, "PricingQuantity")
    return abs(product - _number(row, cost)) > _MATCH


def _month_after(text: str) -> str:
    begins = datetime.fromisoformat(text)
    year, month = begins.year + begins.month // 12, begins.month % 12 + 1
    return f"{year:04}-{month:02}-01T00:00:00Z"


def _committed(row: Row) -> bool:
    return row["ChargeCategory"] == "Usage" and _is(row, "CommitmentDiscountId")


_RULES: dict[str, Callable[[Row], bool]] = {
    **{
        f"{one} and {other} are not null together": (
            lambda row, one=one, other=other: _is(row, one) != _is(row, other)  # type: ignore[misc]
        )
        for one, other in _TOGETHER
    },
    **{
        f"{name} is null": (lambda row, name=name: _charged(row) and not _is(row, name))  # type: ignore[misc]
        for name in _NOT_NULL_WHEN_CHARGED
    },
    **{
        f"{name} is negative": (lambda row, name=name: _number(row, name) < 0)  # type: ignore[misc]
        for name in ("ContractedUnitPrice", "ListUnitPrice")
    },
    "the charge's period ends before it begins": lambda row: (
        (row["ChargePeriodStart"] or "") >= (row["ChargePeriodEnd"] or "")
    ),
    "the billing period is no month": lambda row: (
        _month_after(row["BillingPeriodStart"] or "") != row["BillingPeriodEnd"]
    ),
    "the charge's period is not in the billing period": lambda row: (
        not (
            (row["BillingPeriodStart"] or "") <= (row["ChargePeriodStart"] or "")
            and (row["ChargePeriodEnd"] or "") <= (row["BillingPeriodEnd"] or "")
        )
    ),
    "a purchase is usage-based": lambda row: (
        row["ChargeCategory"] == "Purchase" and row["ChargeFrequency"] == "Usage-Based"
    ),
    "a purchase of a commitment has an effective cost": lambda row: (
        row["ChargeCategory"] == "Purchase" and _number(row, "EffectiveCost") != 0
    ),
    "a purchase of a commitment is not on it": lambda row: (
        row["ChargeCategory"] == "Purchase" and row["ResourceId"] != row["CommitmentDiscountId"]
    ),
    "a covered charge is billed": lambda row: _committed(row) and _number(row, "BilledCost") != 0,
    "a covered charge has no status": lambda row: (
        _committed(row) != _is(row, "CommitmentDiscountStatus")
    ),
    "a covered charge is not priced as committed": lambda row: (
        _committed(row) != (row["PricingCategory"] == "Committed")
    ),
    "an unused commitment is not on itself": lambda row: (
        row["CommitmentDiscountStatus"] == "Unused"
        and row["ResourceId"] != row["CommitmentDiscountId"]
    ),
    "the quantity of a commitment is missing, or should be": lambda row: (
        _is(row, "CommitmentDiscountQuantity")
        != (_charged(row) and _is(row, "CommitmentDiscountId"))
    ),
    "what is consumed is missing, or should be": lambda row: (
        _is(row, "ConsumedQuantity")
        != (row["ChargeCategory"] == "Usage" and row["CommitmentDiscountStatus"] != "Unused")
    ),
    "a name without a resource": lambda row: (
        _is(row, "ResourceName") and not _is(row, "ResourceId")
    ),
    "a name of no commitment": lambda row: (
        _is(row, "CommitmentDiscountName") and not _is(row, "CommitmentDiscountId")
    ),
    "a subcategory of another category": lambda row: (
        _SUBCATEGORIES[row["ServiceSubcategory"] or ""] != row["ServiceCategory"]
    ),
    "list price x quantity is not the list cost": lambda row: _product(
        row, "ListUnitPrice", "ListCost"
    ),
    "contracted price x quantity is not the contracted cost": lambda row: _product(
        row, "ContractedUnitPrice", "ContractedCost"
    ),
}
