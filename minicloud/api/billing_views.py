"""How bills, prices and reservations look to a client.

Money and quantities are texts with every digit that they have: a JSON number would lose some.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from minicloud.domain.billing.bill import Bill
from minicloud.domain.billing.exchange import Quote, Value
from minicloud.domain.billing.forecast import Cost
from minicloud.domain.billing.grouping import Group
from minicloud.domain.billing.line import Line
from minicloud.domain.billing.money import divided, exact_text, units_of, usd_of
from minicloud.domain.billing.offering import Offering
from minicloud.domain.billing.price import Price, Provenance
from minicloud.domain.billing.price_book import CURRENCY, PriceBook
from minicloud.domain.billing.reservation import Reservation
from minicloud.services.bills import BillReport, Forecast
from minicloud.services.prices import PriceList, TypePrice

View = dict[str, Any]
# What AWS's own calculator takes for a month.
_HOURS_PER_MONTH = 730
_HOW = (
    "what runs, is allocated or is kept now is billed as if it stayed so until the month ends",
    "prices are those that the price book has for each day; reservations end when they end",
    "a reservation is matched hour by hour with what runs now",
)
_OVER = "the month is over: nothing of it is a forecast"


def bill_view(report: BillReport) -> View:
    """A bill: its total, its groups if any were asked for, and every line."""
    bill, request = report.bill, report.request
    return {
        "from": _time(bill.period.from_s),
        "to": _time(bill.period.to_s),
        "now": _time(bill.period.now_s),
        "timezone": str(report.zone),
        "region": report.book.region,
        "price_book": report.book.name,
        "view": request.view.value,
        "currency": CURRENCY,
        "total": exact_text(bill.total),
        "estimated": bill.is_estimated,
        "simulated": report.simulated,
        "groups": [_group_view(group) for group in report.groups],
        "lines": [_line_view(line, report) for line in bill.lines],
        "notes": _notes(bill),
    }


def _line_view(line: Line, report: BillReport) -> View:
    what = line.what
    return {
        "resource_id": what.resource_id,
        "name": report.names.get(what.resource_id, ""),
        "service": what.rule.service.value,
        "rule": what.rule.title,
        "rule_says": what.rule.words,
        "subject": what.subject,
        "part": what.part,
        "quantity": exact_text(line.quantity),
        "unit": what.rule.unit,
        "rate": exact_text(line.price.usd),
        "amount": exact_text(line.amount),
        "measure": line.measure,
        "measure_per_unit": what.per,
        "price": _price_view(line.price),
        "estimated": line.is_estimated,
        "estimated_because": line.reasons,
        "days": {day.isoformat(): exact_text(usd) for day, usd in line.day_amounts.items()},
    }


def _group_view(group: Group) -> View:
    return {
        "key": group.key,
        "amount": exact_text(group.amount),
        "lines": group.line_count,
        "estimated": group.is_estimated,
    }


def _notes(bill: Bill) -> list[str]:
    notes = [
        f"entry {problem.sequence} of the ledger: {problem.resource_id} {problem.message}"
        for problem in bill.problems
    ]
    if bill.problem_count > len(notes):
        notes.insert(0, f"{bill.problem_count - len(notes)} more entries contradict others")
    if bill.period.is_future:
        notes.append("what has not happened yet is billed as if all went on as it is now")
    if bill.foreign_reservations:
        others = ", ".join(bill.foreign_reservations)
        notes.append(f"reservations of other regions are not in this bill: {others}")
    return notes


def forecast_view(forecast: Forecast) -> View:
    """What a month will cost, and how that was found."""
    bill = forecast.bill
    period = bill.period
    is_over = not period.is_future
    return {
        "month": _time(period.from_s)[:7],
        "from": _time(period.from_s),
        "to": _time(period.to_s),
        "now": _time(period.now_s),
        "region": forecast.book.region,
        "price_book": forecast.book.name,
        "view": forecast.request.view.value,
        "simulated": forecast.simulated,
        "currency": CURRENCY,
        **_cost_view(forecast.cost),
        "estimated": not is_over or bill.is_estimated,
        "services": [
            {"service": service.value, **_cost_view(cost)}
            for service, cost in forecast.services.items()
        ],
        "how": [_OVER] if is_over else [*_HOW],
        "notes": _notes(bill),
    }


def _cost_view(cost: Cost) -> View:
    return {
        "spent": exact_text(cost.spent_usd),
        "to_come": exact_text(cost.to_come_usd),
        "forecast": exact_text(cost.forecast_usd),
    }


def prices_view(prices: PriceList) -> View:
    """What a book says of one moment."""
    return {
        "at": _time(prices.at_s),
        "region": prices.book.region,
        "price_book": prices.book.name,
        "currency": CURRENCY,
        "types": [_type_price_view(each, prices.at_s) for each in prices.types],
        "others": _others_view(prices.book, prices.at_s),
    }


def _type_price_view(priced: TypePrice, at_s: int) -> View:
    its_type, price, history = priced.type, priced.price, priced.history
    changes = () if history is None else zip(history.starts_s, history.values, strict=True)
    return {
        "type": its_type.name,
        "vcpus": its_type.vcpus,
        "memory_mib": its_type.memory_mib,
        "usd_per_hour": None if price is None else exact_text(price.usd),
        "usd_per_month": None if price is None else exact_text(price.usd * _HOURS_PER_MONTH),
        "estimated": price is not None and price.provenance.estimated,
        "price": None if price is None else _price_view(price),
        "history": [
            {**_price_view(each), "in_force": each is price, "to_come": start_s > at_s}
            for start_s, each in changes
        ],
    }


def _others_view(book: PriceBook, at_s: int) -> list[View]:
    timelines = [
        (book.address_first, "hour"),
        (book.address_other, "hour"),
        (book.address_automatic, "hour"),
        (book.image_storage, "GB-month"),
        *((timeline, "hour") for timeline in book.balancer_hours.values()),
        *((timeline, "LCU-hour") for timeline in book.capacity_units.values()),
    ]
    return [
        {**_price_view(timeline.at(at_s)), "unit": unit}
        for timeline, unit in timelines
        if timeline is not None and timeline.holds(at_s)
    ]


def offering_view(offering: Offering) -> View:
    """An offering, beside what the same costs on demand."""
    key, price = offering.key, offering.price
    effective = offering.effective_usd_per_hour
    units = divided(effective.numerator * units_of(Decimal(1)), effective.denominator)
    return {
        "id": key.id,
        "type": key.type_name,
        "years": key.years,
        "payment": key.payment.value,
        "offering_class": key.offering_class.value,
        "upfront_usd": exact_text(price.upfront_usd),
        "hourly_usd": exact_text(price.hourly_usd),
        "total_usd": exact_text(offering.total_usd),
        "effective_usd_per_hour": exact_text(usd_of(units)),
        "on_demand_usd_per_hour": exact_text(offering.on_demand.usd),
        "break_even_percent": offering.break_even_percent,
        "estimated": offering.is_estimated,
        **_provenance_view(price.provenance),
    }


def reservation_view(bought: Reservation, now: datetime) -> View:
    """A reservation."""
    return {
        "id": bought.id,
        "type": bought.type_name,
        "region": bought.region,
        "count": bought.count,
        "years": bought.years,
        "payment": bought.payment.value,
        "offering_class": bought.offering_class.value,
        "upfront_usd": exact_text(bought.upfront_usd),
        "hourly_usd": exact_text(bought.hourly_usd),
        "total_usd": exact_text(bought.total_usd),
        "starts_at": bought.starts_at.isoformat(),
        "ends_at": bought.ends_at.isoformat(),
        "state": "active" if bought.is_active(now) else "retired",
        "exchanged_for": None if bought.exchange is None else bought.exchange.given_id,
        "true_up_usd": None if bought.exchange is None else exact_text(bought.exchange.true_up_usd),
        "exchanged_at": None if bought.exchanged_at is None else bought.exchanged_at.isoformat(),
        "estimated": bought.price_estimated,
        "since": bought.price_since.isoformat(),
        "source": bought.price_source,
        "as_of": bought.price_as_of.isoformat(),
        "tags": dict(bought.tags),
    }


def quote_view(quote: Quote) -> View:
    """What an exchange comes to; what is worth what is for all, and for the time that remains."""
    key = quote.offering.key
    return {
        "reservation_id": quote.given.id,
        "given": {"type": quote.given.type_name, "count": quote.given.count},
        "given_value": _value_view(quote.given_value),
        "offering": key.id,
        "got": {"type": key.type_name, "count": quote.count},
        "got_value": _value_view(quote.value),
        "true_up_usd": exact_text(quote.true_up_usd),
        "ends_at": quote.given.ends_at.isoformat(),
        "estimated": quote.given.price_estimated or quote.offering.price.provenance.estimated,
    }


def _value_view(value: Value) -> View:
    return {
        "upfront_usd": exact_text(value.upfront_usd),
        "hourly_usd": exact_text(value.hourly_usd),
        "total_usd": exact_text(value.total_usd),
    }


def _price_view(price: Price) -> View:
    return {
        "item": price.item,
        "usd": exact_text(price.usd),
        "estimated": price.provenance.estimated,
        **_provenance_view(price.provenance),
    }


def _provenance_view(provenance: Provenance) -> View:
    return {
        "since": provenance.since.isoformat(),
        "source": provenance.source,
        "as_of": provenance.as_of.isoformat(),
    }


def _time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()
