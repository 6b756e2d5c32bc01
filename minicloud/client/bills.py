"""Calls about bills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minicloud.client.billing_shapes import BillShape, FocusRow, ForecastShape


@dataclass(frozen=True)
class GivenBook:
    """A price book of one's own: its text, TOML, and what to call it."""

    name: str
    text: str


@dataclass(frozen=True)
class BillRequest:
    """Which bill; what is None is left to the server: this month until now, UTC, us-east-1.

    Times are ISO 8601; without an offset they are in ``timezone``.
    """

    begins_at: str | None = None
    ends_at: str | None = None
    timezone: str | None = None
    view: str | None = None
    group_by: str | None = None
    region: str | None = None
    prices: GivenBook | None = None


@dataclass(frozen=True)
class ForecastRequest:
    """Which month (UTC), as ``2026-12``; None: this one."""

    month: str | None = None
    view: str | None = None
    region: str | None = None
    prices: GivenBook | None = None


class BillCalls:
    """What can be asked of bills."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def show(self, request: BillRequest) -> BillShape:
        """The bill of a period, computed now."""
        return cast("BillShape", self._transport.post("/bills", body_of(request)))

    def forecast(self, request: ForecastRequest) -> ForecastShape:
        """What a month will cost if all goes on as it is."""
        return cast("ForecastShape", self._transport.post("/bill-forecasts", body_of(request)))

    def focus_rows(self, request: BillRequest) -> Iterator[FocusRow]:
        """The bill as rows of FOCUS 1.2, as they come; ``view`` and ``group_by`` mean nothing."""
        for item in self._transport.json_lines("/bill-focus-rows", body_of(request)):
            yield from item["rows"]
