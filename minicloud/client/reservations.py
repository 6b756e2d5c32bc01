"""Calls about reservations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bills import GivenBook
from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport, segment

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import (
        ExchangedShape,
        Offerings,
        QuoteShape,
        Reservations,
        ReservationShape,
    )


@dataclass(frozen=True)
class OfferingRequest:
    """Which offerings; None: whatever it is. ``offering_class`` is standard or convertible."""

    type: str | None = None
    years: int | None = None
    payment: str | None = None
    offering_class: str | None = None
    region: str | None = None
    prices: GivenBook | None = None


@dataclass(frozen=True)
class PurchaseRequest:
    """What to buy: an offering's id, and how many of it."""

    offering: str
    count: int = 1
    region: str | None = None
    prices: GivenBook | None = None


@dataclass(frozen=True)
class ExchangeRequest:
    """What to get for a reservation: an offering's id; ``count`` None: as many as it is worth."""

    offering: str
    count: int | None = None
    prices: GivenBook | None = None


class ReservationCalls:
    """What can be asked of reservations."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def offerings(self, request: OfferingRequest) -> Offerings:
        """What can be bought now, type by type."""
        answer = self._transport.post("/reservation-offerings", body_of(request))
        return cast("Offerings", answer)

    def buy(self, request: PurchaseRequest) -> ReservationShape:
        """Buy reservations; they are owed from now on, used or not."""
        return cast("ReservationShape", self._transport.post("/reservations", body_of(request)))

    def quote(self, reservation_id: str, request: ExchangeRequest) -> QuoteShape:
        """What an exchange comes to now; nothing is done."""
        path = f"/reservations/{segment(reservation_id)}/exchange-quote"
        return cast("QuoteShape", self._transport.post(path, body_of(request)))

    def exchange(self, reservation_id: str, request: ExchangeRequest) -> ExchangedShape:
        """Give a reservation in for another, and pay what that is worth more."""
        path = f"/reservations/{segment(reservation_id)}/exchange"
        return cast("ExchangedShape", self._transport.post(path, body_of(request)))

    def list(self) -> Reservations:
        """Every reservation, oldest first, expired ones too."""
        return cast("Reservations", self._transport.get("/reservations"))
