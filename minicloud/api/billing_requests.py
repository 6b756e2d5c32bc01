"""What clients may send about money; what is left out has its default."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from minicloud.api.requests import Body
from minicloud.domain.billing.grouping import Grouping
from minicloud.domain.billing.offering import OfferingClass, Payment
from minicloud.domain.billing.reserved import View
from minicloud.services.bills import BillRequest, ForecastRequest
from minicloud.services.budgets import BudgetRequest
from minicloud.services.prices import BookChoice
from minicloud.services.reservations import ExchangeRequest, OfferingFilter

_BOOK_LENGTH_MAX = 1024 * 1024
_TIME_LENGTH_MAX = 64
_TEXT_LENGTH_MAX = 200
# JSON has no enumerations: their values come as text, in the very spelling.
_AS_TEXT = Field(strict=False)
_View = Annotated[View, _AS_TEXT]
_Payment = Annotated[Payment, _AS_TEXT]
_Class = Annotated[OfferingClass, _AS_TEXT]
_Time = Annotated[str, Field(max_length=_TIME_LENGTH_MAX)]


class GivenBookBody(Body):
    """A price book of the caller's own: its text, TOML, and what to call it."""

    name: str = Field(max_length=255)
    text: str = Field(max_length=_BOOK_LENGTH_MAX)


class BookBody(Body):
    """Which price book."""

    region: str | None = Field(default=None, max_length=64)
    prices: GivenBookBody | None = None

    def choice(self) -> BookChoice:
        """The choice as the services take it."""
        if self.prices is None:
            return BookChoice(self.region)
        return BookChoice(self.region, self.prices.text, self.prices.name)


class BillBody(BookBody):
    """Which bill."""

    begins_at: _Time | None = None
    ends_at: _Time | None = None
    timezone: _Time | None = None
    view: _View = View.UNBLENDED
    group_by: str | None = Field(default=None, max_length=200)

    def request(self) -> BillRequest:
        """The request as the services take it."""
        return BillRequest(
            book=self.choice(),
            begins_at=self.begins_at,
            ends_at=self.ends_at,
            zone=self.timezone,
            view=self.view,
            grouping=None if self.group_by is None else Grouping.parse(self.group_by),
        )


class PricesBody(BookBody):
    """Which prices: of these types, or of all, at a time, or now."""

    types: list[str] = Field(default_factory=list, max_length=200)
    at: _Time | None = None


class OfferingsBody(BookBody):
    """Which offerings."""

    type: str | None = None
    years: int | None = None
    payment: _Payment | None = None
    offering_class: _Class | None = None

    def chosen(self) -> OfferingFilter:
        """The filter as the services take it."""
        return OfferingFilter(self.type, self.years, self.payment, self.offering_class)


class BuyBody(BookBody):
    """Buy reservations."""

    offering: str = Field(max_length=200)
    count: int = 1


class ForecastBody(BookBody):
    """Which month, as ``2026-12``."""

    month: str | None = Field(default=None, max_length=_TIME_LENGTH_MAX)
    view: _View = View.UNBLENDED

    def request(self) -> ForecastRequest:
        """The request as the services take it."""
        return ForecastRequest(self.choice(), self.month, self.view)


class BudgetBody(Body):
    """Make a budget, its figures as a person writes them."""

    name: str = Field(max_length=_TEXT_LENGTH_MAX)
    monthly: str = Field(max_length=_TEXT_LENGTH_MAX)
    notify: list[Annotated[str, Field(max_length=_TEXT_LENGTH_MAX)]] = Field(
        default_factory=list, max_length=100
    )
    region: str | None = Field(default=None, max_length=_TIME_LENGTH_MAX)

    def request(self) -> BudgetRequest:
        """The request as the services take it."""
        return BudgetRequest(self.name, self.monthly, self.notify, self.region)


class ExchangeBody(Body):
    """Give a reservation in for an offering."""

    offering: str = Field(max_length=200)
    count: int | None = None
    prices: GivenBookBody | None = None

    def request(self, reservation_id: str) -> ExchangeRequest:
        """The request as the services take it."""
        book = BookBody(prices=self.prices).choice()
        return ExchangeRequest(reservation_id, self.offering, self.count, book)
