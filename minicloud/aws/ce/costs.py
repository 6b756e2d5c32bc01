"""What a bill comes to, day by day, under the names that Cost Explorer has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure
from minicloud.aws.usage_types import service_name, unit_name, usage_type
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.billing.bill import Bill
from minicloud.domain.billing.focus import FocusSource
from minicloud.domain.billing.focus_charge import Charge, charges
from minicloud.domain.billing.line import Service
from minicloud.domain.errors import NotFound
from minicloud.services.bills import BillRequest
from minicloud.services.prices import BookChoice

_OF_MACHINES = frozenset({Service.INSTANCES, Service.RESERVATIONS})
_NO_TYPE = "NoInstanceType"


@dataclass(frozen=True)
class Cost:
    """One day of a line of the bill, of one view of it. ``usage`` is in ``unit``.

    ``dimensions`` are Cost Explorer's; a line counts in the view that ``unblended_usd`` or
    ``amortised_usd`` is of, and is nothing in the other. Usage is the unblended view's.
    """

    day: date
    dimensions: Mapping[str, str]
    tags: Mapping[str, str]
    unit: str
    unblended_usd: Decimal = Decimal(0)
    amortised_usd: Decimal = Decimal(0)
    usage: Fraction = field(default_factory=Fraction)
    is_estimated: bool = False


def costs_between(
    backend: AwsBackend, start: date, end: date, is_wanted: Callable[[Charge], bool]
) -> list[Cost]:
    """The costs from one day (UTC) up to but without another, of the charges that are wanted.

    ``DataUnavailableException`` where the price book has no price of something of those days.
    """
    region = backend.region.name
    request = BillRequest(
        book=BookChoice(region=region), begins_at=start.isoformat(), ends_at=end.isoformat()
    )
    try:
        source = backend.bills.focus(request)
    except NotFound as error:
        raise AwsFailure("DataUnavailableException", error.message) from error
    unblended = _costs(source, source.unblended, region, is_wanted)
    amortised = _costs(source, source.amortised, region, is_wanted)
    return [
        *(_unblended(cost, charge) for cost, charge in unblended),
        *(_amortised(cost, charge) for cost, charge in amortised),
    ]


def _costs(
    source: FocusSource, bill: Bill, region: str, is_wanted: Callable[[Charge], bool]
) -> Iterator[tuple[Cost, Charge]]:
    for charge in filter(is_wanted, charges(bill)):
        what = charge.line.what
        is_machine = what.rule.service in _OF_MACHINES
        dimensions = {
            "INSTANCE_TYPE": what.subject if is_machine else _NO_TYPE,
            "LINKED_ACCOUNT": ACCOUNT_ID,
            "REGION": region,
            "SERVICE": service_name(what, charge.day),
            "USAGE_TYPE": usage_type(region, what, charge.day),
        }
        tags = source.tags.get(what.resource_id, {})
        cost = Cost(
            charge.day,
            dimensions,
            tags,
            unit_name(what.rule),
            is_estimated=charge.line.is_estimated,
        )
        yield cost, charge


def _unblended(cost: Cost, charge: Charge) -> Cost:
    usage = Fraction(charge.measure, charge.line.what.per)
    return replace(cost, unblended_usd=charge.amount, usage=usage)


def _amortised(cost: Cost, charge: Charge) -> Cost:
    return replace(cost, amortised_usd=charge.amount)
