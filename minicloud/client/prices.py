"""Calls about prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minicloud.client.bills import GivenBook
from minicloud.client.bodies import body_of
from minicloud.client.transport import Transport

if TYPE_CHECKING:
    from minicloud.client.billing_shapes import PricesShape


@dataclass(frozen=True)
class PriceRequest:
    """Which prices; no types: all. ``at``: ISO 8601, now if it is None."""

    types: Sequence[str] = ()
    at: str | None = None
    region: str | None = None
    prices: GivenBook | None = None


class PriceCalls:
    """What can be asked of prices."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, request: PriceRequest) -> PricesShape:
        """What things cost at one moment, and what types cost before."""
        return cast("PricesShape", self._transport.post("/prices", body_of(request)))
