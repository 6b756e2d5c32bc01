"""A bill by hand: from the ledger's moments and the prices to what each line must come to.

It goes from one moment of the ledger to the next and asks what there was in between, as a person
with a pencil would, and knows nothing of how the bill is computed. It is made for the one story of
``demos.bill``: one reservation, of a t3.micro, and machines of the t3 family that use it up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

# How many of the smallest machine one is, in use of a reservation.
_SIZES = {"t3.micro": 1, "t3.small": 2}
_HOUR_S = 3600
_GB_BYTES = 2**30

Key = tuple[str, str]
"""The rule of a line, and the resource that it is about."""


@dataclass(frozen=True)
class Period:
    """A calendar month: its first second and the one after its last, since 1970."""

    from_s: int
    to_s: int


@dataclass(frozen=True)
class Rates:
    """What one of each costs in US dollars, as ``price list`` and ``reservation list`` say."""

    types: Mapping[str, Fraction]
    address: Fraction
    image_gb_month: Fraction
    balancer: Fraction
    reserved_hour: Fraction
    reserved_upfront: Fraction


@dataclass(frozen=True)
class Figure:
    """What a line must come to, and the arithmetic in words."""

    arithmetic: str
    usd: Fraction


def figures(
    entries: Sequence[Mapping[str, Any]], period: Period, rates: Rates
) -> dict[Key, Figure]:
    """What each line of the month's bill must come to."""
    pencil = _Pencil()
    at_s = period.from_s
    for entry in sorted(entries, key=lambda each: (_moment(each), each["sequence"])):
        then_s = _second(entry["at"])
        pencil.pass_time(then_s - at_s)
        pencil.take(entry)
        at_s = then_s
    pencil.pass_time(period.to_s - at_s)
    return {
        **{key: _figure(key, seconds, pencil, period, rates) for key, seconds in pencil.seconds()},
        **{
            ("balancer-hours", balancer_id): _balancer_hours(since_s, period, rates)
            for balancer_id, since_s in pencil.balancers.items()
        },
        **{
            ("reservation-upfront", reservation_id): Figure(
                f"paid once: {float(rates.reserved_upfront):g}", rates.reserved_upfront
            )
            for reservation_id in pencil.reservations
        },
    }


class _Pencil:
    """What there is at a moment, and for how many seconds there was what."""

    def __init__(self) -> None:
        self.running: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.leads_to: dict[str, str | None] = {}
        self.image_bytes: dict[str, int] = {}
        self.balancers: dict[str, int] = {}
        self.reservations: list[str] = []
        self._seconds: Counter[Key] = Counter()
        # A reservation may cover half of a machine.
        self._halves: Counter[Key] = Counter()

    def seconds(self) -> list[tuple[Key, Fraction]]:
        """For how long there was what, if at all."""
        keys = self._seconds.keys() | self._halves.keys()
        both = {key: self._seconds[key] + Fraction(self._halves[key], 2) for key in keys}
        return [(key, seconds) for key, seconds in both.items() if seconds]

    def take(self, entry: Mapping[str, Any]) -> None:
        """Something has happened."""
        kind, resource_id, facts = entry["kind"], entry["resource_id"], entry["facts"]
        if kind == "instance.state" and facts["state"] == "running":
            self.running[resource_id] = self.types[resource_id] = facts["type"]
        elif kind == "instance.state":
            self.running.pop(resource_id, None)
        elif kind in {"address.allocated", "address.disassociated"}:
            self.leads_to[resource_id] = None
        elif kind == "address.associated":
            self.leads_to[resource_id] = facts["instance_id"]
        elif kind == "image.created":
            self.image_bytes[resource_id] = int(facts["size_bytes"])
        elif kind == "balancer.created":
            self.balancers[resource_id] = _second(entry["at"])
        elif kind == "reservation.purchased":
            self.reservations.append(resource_id)

    def pass_time(self, length_s: int) -> None:
        """What there is has been there for so long."""
        for instance_id in self.running:
            if instance_id not in self.leads_to.values():
                self._seconds["address-automatic", instance_id] += length_s
        self._pass_running(length_s)
        for address_id, led_to in self.leads_to.items():
            self._seconds[self._address_rule(led_to), address_id] += length_s
        for image_id in self.image_bytes:
            self._seconds["image-storage", image_id] += length_s
        for balancer_id in self.balancers:
            self._seconds["address-of-balancer", balancer_id] += length_s
        for reservation_id in self.reservations:
            self._seconds["reservation-used", reservation_id] += length_s

    def _pass_running(self, length_s: int) -> None:
        by_size = sorted(self.running, key=lambda each: (_SIZES[self.running[each]], each))
        covered = by_size[0] if self.reservations and by_size else None
        for instance_id in self.running:
            if instance_id != covered:
                self._seconds["on-demand", instance_id] += length_s
            elif _SIZES[self.running[instance_id]] == 1:
                self._seconds["reserved", instance_id] += length_s
            else:
                self._halves["reserved", instance_id] += length_s
                self._halves["on-demand", instance_id] += length_s

    def _address_rule(self, instance_id: str | None) -> str:
        if instance_id is None:
            return "address-unattached"
        return "address-in-use" if instance_id in self.running else "address-on-stopped"


def _figure(key: Key, seconds: Fraction, pencil: _Pencil, period: Period, rates: Rates) -> Figure:
    rule, resource_id = key
    if rule == "image-storage":
        gigabytes = Fraction(pencil.image_bytes[resource_id], _GB_BYTES)
        share = seconds / (period.to_s - period.from_s)
        return Figure(
            f"{float(gigabytes):.4f} GB × {float(share):.4f} month × {_rate(rates.image_gb_month)}",
            gigabytes * share * rates.image_gb_month,
        )
    if rule == "on-demand":
        rate = rates.types[pencil.types[resource_id]]
    elif rule == "reserved":
        rate = Fraction(0)
    else:
        rate = rates.reserved_hour if rule == "reservation-used" else rates.address
    return Figure(f"{_count(seconds)} s ÷ 3600 × {_rate(rate)}", seconds / _HOUR_S * rate)


def _balancer_hours(since_s: int, period: Period, rates: Rates) -> Figure:
    hours = -(-period.to_s // _HOUR_S) - since_s // _HOUR_S
    return Figure(f"{hours:,} h × {_rate(rates.balancer)}", hours * rates.balancer)


def _moment(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])


def _second(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())


def _count(seconds: Fraction) -> str:
    return f"{float(seconds):,.1f}".removesuffix(".0")


def _rate(rate: Fraction) -> str:
    return f"{float(rate):g}"
