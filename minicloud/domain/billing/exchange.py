"""Exchanging a convertible reservation for another: AWS's rules, and what is to be paid on top.

From the EC2 user guide, "Exchange Convertible Reserved Instances": both are convertible, of one
region and of one term; the one given in is in force and has 24 hours left at least. What is got
ends when the one given in would have ended. What was paid upfront, in part or all, cannot become
what is not. Its number is the least for which its remaining upfront part and its remaining total
(upfront part and hours to come) are worth no less than what is given in; the difference of the
upfront parts, both in proportion to the time that remains, is the true-up.

AWS chooses that number and takes no other. Here a larger one may be asked for, and pays more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil

from minicloud.domain.billing.entries import second_of
from minicloud.domain.billing.money import UNITS_PER_USD, divided, units_of, usd_of
from minicloud.domain.billing.offering import HOUR_S, Offering, OfferingClass, Payment
from minicloud.domain.billing.reservation import COUNT_MAX, Exchange, Reservation, reserve
from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest
from minicloud.domain.ranges import require_range

REMAINING_MIN_S = 24 * HOUR_S
# AWS's quotes are to the millionth of a dollar; what was rounded before must not cost one more.
_NO_DIFFERENCE = UNITS_PER_USD // 10**6
_HINT = "see what is offered: minicloud reservation offerings --class convertible"


@dataclass(frozen=True)
class Value:
    """What reservations are worth for the time that remains, as AWS's quote says it.

    ``upfront_usd`` is the upfront part in proportion, ``total_usd`` that and all hours to come;
    both are rounded to twelve places, half to even. ``hourly_usd`` is one hour of all of them.
    """

    upfront_usd: Decimal
    hourly_usd: Decimal
    total_usd: Decimal


@dataclass(frozen=True)
class Quote:
    """An exchange that is allowed, and what it comes to."""

    given: Reservation
    offering: Offering
    count: int
    at: datetime
    given_value: Value
    value: Value

    @property
    def true_up_usd(self) -> Decimal:
        """What is paid on top, now; never less than nothing."""
        return max(Decimal(0), self.value.upfront_usd - self.given_value.upfront_usd)

    def got(self, reservation_id: str) -> Reservation:
        """The reservation that comes of the exchange."""
        exchange = Exchange(
            self.given.id, self.given_value.upfront_usd, self.true_up_usd, self.given.ends_at
        )
        got = reserve(self.offering, reservation_id, self.given.region, self.count, self.at)
        return replace(got, exchange=exchange)


def quote(given: Reservation, offering: Offering, at: datetime, count: int | None = None) -> Quote:
    """What an exchange comes to now; ``count`` None: for the least number that is worth enough.

    ``InvalidRequest`` code ``InvalidParameterCombination`` where the two cannot be exchanged,
    ``InvalidParameterValue`` where the number is too small, ``Conflict`` code ``InvalidState``
    where the one given in is not in force or nearly over.
    """
    _require_in_force(given, at)
    _require_exchangeable(given, offering)
    remaining_s = second_of(given.ends_at) - second_of(at)
    given_value = _value_of_given(given, remaining_s)
    least = _least_count(given_value, offering, remaining_s)
    if count is not None:
        require_range("the count", count, 1, COUNT_MAX)
        if count < least:
            raise InvalidRequest(
                "InvalidParameterValue",
                f"{count} of {offering.key.id} are worth less than what is given in",
                f"take {least} at least, or leave the number out",
            )
    chosen = count or least
    if chosen > COUNT_MAX:
        raise CapacityExceeded(
            "ReservedInstancesLimitExceeded",
            f"{chosen} of {offering.key.id} would have to be got; {COUNT_MAX} is the most",
            "exchange it for something larger",
        )
    value = _value_of_offered(offering, chosen, remaining_s)
    return Quote(given, offering, chosen, at, given_value, value)


def _require_in_force(given: Reservation, at: datetime) -> None:
    left_s = second_of(given.ends_at) - second_of(at)
    if given.is_active(at) and left_s >= REMAINING_MIN_S:
        return
    if given.exchanged_at is not None:
        message = f"{given.id} was exchanged already"
    elif given.is_active(at):
        message = f"{given.id} ends in less than 24 hours"
    else:
        message = f"{given.id} has expired"
    raise Conflict("InvalidState", message, "see what is in force: minicloud reservation list")


def _require_exchangeable(given: Reservation, offering: Offering) -> None:
    key = offering.key
    if given.offering_class is not OfferingClass.CONVERTIBLE:
        wrong = f"{given.id} is a standard reservation: only convertible ones can be exchanged"
    elif key.offering_class is not OfferingClass.CONVERTIBLE:
        wrong = f"{key.id} is standard: only a convertible one can be got"
    elif key.years != given.years:
        wrong = f"{key.id} has another term than {given.id}, which was for {given.years} year(s)"
    elif key.payment is Payment.NO_UPFRONT and given.payment is not Payment.NO_UPFRONT:
        wrong = f"{given.id} was paid upfront: it cannot be exchanged for one that is not"
    else:
        return
    raise InvalidRequest("InvalidParameterCombination", wrong, _HINT)


def _least_count(given: Value, offering: Offering, remaining_s: int) -> int:
    upfront = Fraction(units_of(offering.price.upfront_usd) * remaining_s, offering.term_s)
    total = upfront + Fraction(units_of(offering.price.hourly_usd) * remaining_s, HOUR_S)
    least = 1
    for wanted_usd, has in ((given.upfront_usd, upfront), (given.total_usd, total)):
        wanted = units_of(wanted_usd) - _NO_DIFFERENCE
        if wanted > 0 and not has:
            raise InvalidRequest(
                "InvalidParameterCombination",
                f"{offering.key.id} is worth nothing, however many are taken",
                _HINT,
            )
        least = max(least, ceil(wanted / has)) if has else least
    return least


def _value_of_given(given: Reservation, remaining_s: int) -> Value:
    upfront = divided(units_of(given.spread_usd) * remaining_s, given.term_s)
    return _value(upfront, units_of(given.hourly_usd) * given.count, remaining_s)


def _value_of_offered(offering: Offering, count: int, remaining_s: int) -> Value:
    price = offering.price
    upfront = divided(units_of(price.upfront_usd) * count * remaining_s, offering.term_s)
    return _value(upfront, units_of(price.hourly_usd) * count, remaining_s)


def _value(upfront: int, hourly: int, remaining_s: int) -> Value:
    total = upfront + divided(hourly * remaining_s, HOUR_S)
    return Value(usd_of(upfront), usd_of(hourly), usd_of(total))
