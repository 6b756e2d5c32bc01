"""A month in the life of a small service, and its bill, line by line, beside the same by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from textwrap import wrap
from typing import Any

import requests

from minicloud.demos.bill_by_hand import Figure, Key, Period, Rates, figures
from minicloud.demos.stage import Stage

_SMALL, _LARGER = "t3.micro", "t3.small"
_OFFERING = f"{_SMALL}:1y:partial-upfront:standard"
_HEALTH = ("--interval", "5", "--timeout", "2", "--healthy-threshold", "2")
_ANSWER_WITHIN_S = 15
_TEXT_WIDTH = 76
# The bill rounds each line to twelve places.
_ROUNDING = Fraction(1, 10**12)
# Capacity units are measured by the balancer itself, so that no hand can compute how many.
_MEASURED = "balancer-capacity"

_SAID = {
    "on-demand": "A machine costs by the second while it runs, and nothing while it is stopped:"
    " the worker's nights and its day off are not in here.",
    "reserved": f"In each hour the reservation covers one {_SMALL}. On the worker's day off it"
    f" covers half of the {_LARGER}: one size up is worth two.",
    "reservation-upfront": "Half of the reservation was paid when it was bought, for a whole year.",
    "reservation-used": "The other half is owed for every hour since then, used or not.",
    "address-in-use": "An Elastic IP costs, also on a machine that runs (since February 2024).",
    "address-unattached": "The day on which the Elastic IP was forgotten costs the same.",
    "address-on-stopped": "While its machine was down (for the image, for the scale-up) it cost"
    " as well.",
    "address-automatic": "A machine without an Elastic IP has a public address of its own, which"
    " costs while it runs.",
    "address-of-balancer": "So does the address of the balancer.",
    "image-storage": "An image is billed by its size, for its share of the month; the scale-up"
    " made one, too.",
    "balancer-hours": "A balancer is billed by the hour of the clock, each begun one in full.",
    _MEASURED: "What it has carried is measured in capacity units (LCU).",
}


class _Month:
    """The month that is played: the first that begins after the demo does."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        now = self._now()
        self.begins_at = _month_after(now)
        self.ends_at = _month_after(self.begins_at)

    def go_to(self, day: int, hour: int = 0) -> None:
        """Advance the clock to an hour of a day of the month."""
        self._go_on(self.begins_at + timedelta(days=day - 1, hours=hour))

    def go_to_end(self) -> None:
        """Advance the clock to the first moment of the next month."""
        self._go_on(self.ends_at)

    def _go_on(self, moment: datetime) -> None:
        # Up to a whole second: the clock shows fractions.
        left_s = -((self._now() - moment) // timedelta(seconds=1))
        self._stage.run("clock", "advance", _step(left_s), with_json=False)

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._stage.ask("clock", "show")["now"])


def run(stage: Stage) -> None:
    """Play the month, then read its bill."""
    began_s = time.monotonic()
    month = _set_up(stage)
    _first_week(stage, month)
    _growth(stage, month)
    _rest(stage, month)
    took_s = time.monotonic() - began_s
    stage.check(
        "a month has passed on the simulated clock",
        passed=stage.ask("clock", "show")["ahead_s"] > timedelta(days=28).total_seconds(),
        seen=f"in {took_s:.0f} s of real time, all commands included",
    )
    _read_bill(stage, month)


def _set_up(stage: Stage) -> _Month:
    stage.act("A cloud of its own, whose clock can be moved")
    stage.run("up", "--simulated-clock", "--memory-overcommit", "3", with_json=False)
    stage.run("image", "build", with_json=False)
    month = _Month(stage)
    stage.say(f"the month is {month.begins_at:%B %Y}; the clock is moved to its first day")
    month.go_to(1)
    return month


def _first_week(stage: Stage, month: _Month) -> None:
    stage.act("Day 1: two small machines; an Elastic IP, which nobody remembers to attach")
    stage.run("instance", "launch", "shop", "--image", "web", "--type", _SMALL)
    stage.run("instance", "launch", "worker", "--image", "base", "--type", _SMALL)
    stage.run("address", "allocate", "front")
    stage.act("Day 2: the Elastic IP is attached to the shop")
    month.go_to(2)
    stage.run("address", "associate", "front", "shop")
    stage.act("Days 3 to 5: the worker is stopped at night, from 20:00 to 08:00")
    for day in (3, 4, 5):
        month.go_to(day, 20)
        stage.run("instance", "stop", "worker")
        month.go_to(day + 1, 8)
        stage.run("instance", "start", "worker")


def _growth(stage: Stage, month: _Month) -> None:
    stage.act("Day 8: an image of the shop")
    month.go_to(8)
    stage.run("image", "create", "shop", "shop-1.0")
    stage.act(f"Day 10: the shop is scaled up to a {_LARGER}")
    month.go_to(10)
    stage.run("scale-up", "shop", "--type", _LARGER)
    stage.act(f"Day 15: a {_SMALL} is reserved for a year, since the worker always runs now")
    month.go_to(15)
    stage.run("reservation", "buy", _OFFERING, "--yes")


def _rest(stage: Stage, month: _Month) -> None:
    stage.act("Day 17: the worker has a day off, for once")
    month.go_to(17)
    stage.run("instance", "stop", "worker")
    month.go_to(18)
    stage.run("instance", "start", "worker")
    stage.act("Day 20: a second shop, launched from the image, and a balancer in front of both")
    month.go_to(20)
    stage.run("instance", "launch", "shop-2", "--image", "shop-1.0", "--type", _LARGER)
    made = stage.run("balancer", "create", "site", "--instances", "shop,shop-2", *_HEALTH)
    url = str(made[0]["url"])
    stage.check("the machines are real ones: the site answers", passed=_answers(url), seen=url)
    stage.act("The month goes by")
    month.go_to_end()


def _read_bill(stage: Stage, month: _Month) -> None:
    stage.act("The bill")
    period = ("--from", f"{month.begins_at:%Y-%m-%d}", "--to", f"{month.ends_at:%Y-%m-%d}")
    bill = stage.run("bill", "show", *period)
    entries = stage.ask("ledger", "list")
    by_hand = figures(
        entries,
        Period(int(month.begins_at.timestamp()), int(month.ends_at.timestamp())),
        _rates(stage),
    )
    lines = bill["lines"]
    for rule, said in _SAID.items():
        of_rule = [line for line in lines if line["rule"] == rule]
        if of_rule:
            _explain(stage, rule, said, of_rule, by_hand)
    _check_whole(stage, bill, by_hand)
    stage.check(
        "computed twice, it is the same",
        passed=stage.ask("bill", "show", *period)["lines"] == lines,
        seen=f"{len(lines)} lines",
    )
    stage.check(
        "bill and ledger say that the clock is simulated",
        passed=bill["simulated"] and all(entry["simulated"] for entry in entries),
        seen=f"all {len(entries)} entries are marked",
    )


def _explain(
    stage: Stage,
    rule: str,
    said: str,
    lines: Sequence[Mapping[str, Any]],
    by_hand: Mapping[Key, Figure],
) -> None:
    """Say why there are these lines, and check each by hand."""
    stage.act(f"{rule}: {_usd(sum((Fraction(line['amount']) for line in lines), Fraction()))} USD")
    for part in wrap(said, _TEXT_WIDTH):
        stage.say(part)
    rows, is_right = [], True
    for line in lines:
        figure = _measured(line) if rule == _MEASURED else by_hand.get(_key(line))
        is_same = figure is not None and abs(figure.usd - Fraction(line["amount"])) <= _ROUNDING
        is_right = is_right and is_same
        arithmetic = "nothing, by hand" if figure is None else f"{figure.arithmetic} ="
        rows.append((line["name"] or line["resource_id"], arithmetic, _usd(line["amount"])))
    stage.table(("  RESOURCE", "BY HAND", "USD"), [(f"  {a}", b, c) for a, b, c in rows])
    stage.check(
        f"{rule} is what it comes to by hand",
        passed=is_right,
        seen=f"{len(lines)} line" + ("s" if len(lines) > 1 else ""),
    )


def _check_whole(stage: Stage, bill: Mapping[str, Any], by_hand: Mapping[Key, Figure]) -> None:
    stage.act("The whole")
    lines = bill["lines"]
    billed = {_key(line) for line in lines}
    stage.check(
        "every line has been explained, and none is missing",
        passed={line["rule"] for line in lines} <= _SAID.keys()
        and all(key in billed for key, figure in by_hand.items() if figure.usd),
        seen=f"{len(lines)} lines of {len({line['rule'] for line in lines})} kinds",
    )
    stage.check(
        "the lines come to the total",
        passed=sum(Fraction(line["amount"]) for line in lines) == Fraction(bill["total"]),
        seen=f"USD {bill['total']}",
    )
    if bill["estimated"]:
        stage.say("the figures of reservations are estimates: the price book says so, line by line")


def _measured(line: Mapping[str, Any]) -> Figure:
    quantity, rate = Fraction(line["quantity"]), Fraction(line["rate"])
    return Figure(f"{float(quantity):.6f} LCU-h × {float(rate):g}", quantity * rate)


def _rates(stage: Stage) -> Rates:
    prices = stage.ask("price", "list")
    others = {other["item"]: Fraction(other["usd"]) for other in prices["others"]}
    bought = stage.ask("reservation", "list")[0]
    return Rates(
        types={
            each["type"]: Fraction(each["usd_per_hour"])
            for each in prices["types"]
            if each["usd_per_hour"] is not None
        },
        address=others["Elastic IP"],
        image_gb_month=others["image storage"],
        balancer=others["application load balancer"],
        reserved_hour=Fraction(bought["hourly_usd"]),
        reserved_upfront=Fraction(bought["upfront_usd"]),
    )


def _key(line: Mapping[str, Any]) -> Key:
    return line["rule"], line["resource_id"]


def _usd(amount: str | Fraction) -> str:
    return f"{float(Fraction(amount)):.6f}"


def _answers(url: str) -> bool:
    until_s = time.monotonic() + _ANSWER_WITHIN_S
    while time.monotonic() < until_s:
        try:
            if requests.get(url, timeout=2).ok:
                return True
        except requests.RequestException:
            time.sleep(0.1)
    return False


def _month_after(moment: datetime) -> datetime:
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    return (first + timedelta(days=31)).replace(day=1)


def _step(length_s: int) -> str:
    """``5d4h`` of some seconds, as ``clock advance`` takes it."""
    text, left_s = "", length_s
    for unit, unit_s in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left_s = divmod(left_s, unit_s)
        text += f"{count}{unit}" if count else ""
    return text
