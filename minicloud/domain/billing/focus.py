"""A bill as FOCUS 1.2 rows: one for each line and day (UTC), what is paid beside what is consumed.

``BilledCost`` is the unblended bill, ``EffectiveCost`` the amortised one; each adds up to its bill
to the last digit. What is paid for a reservation is a ``Purchase`` that has no effective cost; its
hours are ``Usage`` that is not billed, ``Used`` on the machine's row or ``Unused``, at an hour's
share of all that it costs ("Discount Handling"). An exchange is the purchase of what was got for
all that it is worth, and what is left of the other taken back, so that for each reservation what
is billed is what will have been consumed. List and contracted prices are the price book's: nobody
negotiates here. Rounding leaves quantity times price at most 10^-12 dollars off a cost, a price
that is no finite decimal not more than its twelfth place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from minicloud.domain.billing.bill import Bill
from minicloud.domain.billing.focus_charge import (
    OWED_HOURLY,
    Charge,
    at_price,
    bounds,
    charges,
    owed_hourly,
)
from minicloud.domain.billing.focus_terms import (
    COLUMNS,
    PROVIDER,
    naming_of,
    region_title,
    resource_type_of,
    sku_details,
    sku_of,
    unit_of,
)
from minicloud.domain.billing.forecast import month_period
from minicloud.domain.billing.line import Rule
from minicloud.domain.billing.money import divided, exact_text, usd_of
from minicloud.domain.billing.offering import HOUR_S
from minicloud.domain.billing.period import Period
from minicloud.domain.billing.price_book import CURRENCY, PriceBook
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.billing.run import FACTOR_OF_ONE, factor_of
from minicloud.domain.catalog import instance_type

Row = dict[str, str | None]
_PER_NORMALIZED_HOUR = HOUR_S * FACTOR_OF_ONE
_QUANTITY_PLACES = 18
_CONSUMED = frozenset({Rule.RESERVED, Rule.RESERVATION_UNUSED})


@dataclass(frozen=True)
class FocusSource:
    """What rows are made of: the bills of one period in both views, both cut into days of UTC.

    ``reservations`` by their id, of the ledger; ``names`` and ``tags`` of resources that have a
    record still; the account is the cloud.
    """

    unblended: Bill
    amortised: Bill
    book: PriceBook
    reservations: Mapping[str, Reservation]
    names: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]]
    account_id: str
    account_name: str
    is_simulated: bool


@dataclass(frozen=True)
class _Costs:
    """What a row costs, and the price of one that is listed."""

    billed: Decimal
    effective: Decimal
    listed: Decimal
    price: Decimal


def focus_rows(source: FocusSource) -> Iterator[Row]:
    """The rows: what is used, what is bought, and what is consumed of it; each has every column.

    ``PriceNotFound`` where the book has no price on demand of what a reservation covers.
    """
    for charge in charges(source.unblended):
        rule = charge.line.what.rule
        if rule is Rule.UPFRONT:
            yield _purchase(source, charge, _reserved_s(source, charge))
        elif rule is Rule.TRUE_UP:
            yield from _exchange(source, charge)
        elif rule is not Rule.RESERVED and rule not in OWED_HOURLY:
            costs = _Costs(charge.amount, charge.amount, charge.amount, charge.line.price.usd)
            yield _row(source, charge, {**_costs(costs), **_usage(charge)})
    for charge in owed_hourly(source.unblended):
        yield _purchase(source, charge, charge.measure)
    for charge in charges(source.amortised):
        if charge.line.what.rule in _CONSUMED:
            yield _consumed(source, charge)


def _purchase(source: FocusSource, charge: Charge, reserved: int) -> Row:
    """What is paid for a reservation; ``reserved`` size-seconds may be consumed for it."""
    price, is_hourly = charge.line.price, charge.line.what.rule in OWED_HOURLY
    given = {
        **_costs(_Costs(charge.amount, Decimal(0), charge.amount, price.usd)),
        "ChargeCategory": "Purchase",
        "ChargeDescription": f"{price.item}, owed for every hour" if is_hourly else price.item,
        "ChargeFrequency": "Recurring" if is_hourly else "One-Time",
        "PricingCategory": "Standard",
        "SkuPriceId": f"{_sku(source, charge)}/{price.item}",
        **_commitment(source, charge.line.what.resource_id, reserved),
    }
    return _row(source, charge, given)


def _exchange(source: FocusSource, charge: Charge) -> Iterator[Row]:
    """What was got, for all that it is worth, and what was left of the other, taken back."""
    got = source.reservations[charge.line.what.resource_id]
    exchange = got.exchange
    other = None if exchange is None else source.reservations.get(exchange.given_id)
    if exchange is None or other is None or not exchange.carried_usd:
        yield _purchase(source, charge, _reserved_s(source, charge))
        return
    worth = at_price(charge, charge.amount + exchange.carried_usd, charge.measure)
    yield _purchase(source, worth, _reserved_s(source, charge))
    what = charge.line.what._replace(resource_id=other.id, subject=other.type_name)
    given_in = replace(charge, line=replace(charge.line, what=what))
    back = at_price(given_in, -exchange.carried_usd, -charge.measure)
    left_s = got.term_s * other.count * factor_of(instance_type(other.type_name))
    yield _purchase(source, back, -left_s)


def _reserved_s(source: FocusSource, charge: Charge) -> int:
    """The size-seconds of the whole term of a reservation."""
    bought = source.reservations[charge.line.what.resource_id]
    return bought.term_s * bought.count * factor_of(instance_type(bought.type_name))


def _consumed(source: FocusSource, charge: Charge) -> Row:
    """A day of a reservation, on the machine that used it, or on itself where none did."""
    what = charge.line.what
    is_used = what.rule is Rule.RESERVED
    begins_s, _ends_s = bounds(source.unblended.period, charge)
    price = source.book.of_type(what.subject).at(begins_s)
    listed = usd_of(divided(charge.measure * price.units, what.per * price.divisor))
    given = {
        **_costs(_Costs(Decimal(0), charge.amount, listed, price.usd)),
        **_usage(charge),
        "PricingCategory": "Committed",
        **_commitment(source, what.part if is_used else what.resource_id, charge.measure),
        "CommitmentDiscountStatus": "Used" if is_used else "Unused",
    }
    if not is_used:
        given |= {"ConsumedQuantity": None, "ConsumedUnit": None}
    return _row(source, charge, given)


def _costs(costs: _Costs) -> Row:
    return {
        "BilledCost": exact_text(costs.billed),
        "ContractedCost": exact_text(costs.listed),
        "ContractedUnitPrice": exact_text(costs.price),
        "EffectiveCost": exact_text(costs.effective),
        "ListCost": exact_text(costs.listed),
        "ListUnitPrice": exact_text(costs.price),
        "PricingCurrencyContractedUnitPrice": exact_text(costs.price),
        "PricingCurrencyEffectiveCost": exact_text(costs.effective),
        "PricingCurrencyListUnitPrice": exact_text(costs.price),
    }


def _usage(charge: Charge) -> Row:
    what = charge.line.what
    return {
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": _quantity(charge.measure, what.per),
        "ConsumedUnit": unit_of(what.rule),
        "PricingCategory": "Standard",
    }


def _commitment(source: FocusSource, reservation_id: str, size_seconds: int) -> Row:
    return {
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": reservation_id,
        "CommitmentDiscountName": source.names.get(reservation_id) or None,
        "CommitmentDiscountQuantity": _quantity(size_seconds, _PER_NORMALIZED_HOUR),
        "CommitmentDiscountType": "Reserved Instance",
        "CommitmentDiscountUnit": "Normalized Hours",
    }


def _row(source: FocusSource, charge: Charge, given: Row) -> Row:
    """A row of what is given and of what every row says."""
    line, what = charge.line, charge.line.what
    naming, region = naming_of(what.rule.service), source.book.region
    tags = source.tags.get(what.resource_id)
    row: Row = {
        **_times(source.unblended.period, charge),
        "BillingAccountId": source.account_id,
        "BillingAccountName": source.account_name,
        "BillingCurrency": CURRENCY,
        "PricingCurrency": CURRENCY,
        "ChargeDescription": f"{line.price.item}: {what.rule.words}",
        "InvoiceIssuerName": PROVIDER,
        "PricingQuantity": _quantity(charge.measure, what.per),
        "PricingUnit": unit_of(what.rule),
        "ProviderName": PROVIDER,
        "PublisherName": PROVIDER,
        "RegionId": region,
        "RegionName": region_title(region),
        "ResourceId": what.resource_id,
        "ResourceName": source.names.get(what.resource_id) or None,
        "ResourceType": resource_type_of(what.rule),
        "ServiceCategory": naming.category,
        "ServiceName": naming.name,
        "ServiceSubcategory": naming.subcategory,
        "SkuId": _sku(source, charge),
        "SkuMeter": naming.meter,
        "SkuPriceDetails": sku_details(what),
        "SkuPriceId": f"{_sku(source, charge)}/on-demand",
        "Tags": json.dumps(dict(tags), ensure_ascii=False, sort_keys=True) if tags else None,
        "x_EstimateReason": "; ".join(line.reasons) or None,
        "x_Rule": what.rule.title,
        "x_Simulated": "true" if source.is_simulated else "false",
        **given,
    }
    return {column: row.get(column) for column in COLUMNS}


def _sku(source: FocusSource, charge: Charge) -> str:
    return sku_of(source.book.region, charge.line.what)


def _times(period: Period, charge: Charge) -> Row:
    begins_s, ends_s = bounds(period, charge)
    month = month_period(charge.day.strftime("%Y-%m"), period.now_s)
    return {
        "BillingPeriodStart": _time(month.from_s),
        "BillingPeriodEnd": _time(month.to_s),
        "ChargePeriodStart": _time(begins_s),
        "ChargePeriodEnd": _time(ends_s),
    }


def _quantity(measure: int, per: int) -> str:
    """Eighteen places, so that what is multiplied by a price is right to twelve."""
    sign = -1 if measure < 0 else 1
    units = sign * divided(abs(measure) * 10**_QUANTITY_PLACES, per)
    return exact_text(Decimal(f"{units}E-{_QUANTITY_PLACES}"))


def _time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
