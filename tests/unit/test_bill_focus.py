"""Bills as FOCUS 1.2 rows: valid by the specification's rules, and as much as the bill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.focus import FocusSource, Row, focus_rows
from minicloud.domain.billing.focus_terms import COLUMNS, naming_of, unit_of
from minicloud.domain.billing.line import Rule, Service
from minicloud.domain.billing.period import Days, Period
from minicloud.domain.billing.reservation import PURCHASES, purchased
from minicloud.domain.billing.reserved import View
from minicloud.domain.errors import NotFound
from minicloud.domain.ledger import LedgerEntry
from tests.unit.billing_book import (
    BOOK,
    allocate,
    associate,
    balancer,
    exchange,
    image,
    in_order,
    period,
    reserve,
    run,
    state,
)
from tests.unit.billing_cases import Case
from tests.unit.focus_rules import broken_rules
from tests.unit.test_bill_exchange import CASES as EXCHANGES
from tests.unit.test_bill_instance_days import CASES as DAYS
from tests.unit.test_bill_instances import CASES as INSTANCES
from tests.unit.test_bill_reservation_terms import CASES as TERMS
from tests.unit.test_bill_reservations import CASES as RESERVATIONS

_CASES = [*INSTANCES, *DAYS, *RESERVATIONS, *TERMS, *EXCHANGES]

_TAGS = {"i-a": {"Name": "web", "role": '=cmd|"x"', "empty": ""}}


def _source(entries: Sequence[LedgerEntry], when: Period) -> FocusSource:
    days = Days.of(when, UTC)
    unblended, amortised = (compute_bill(entries, BOOK, when, view, days) for view in View)
    return FocusSource(
        unblended=unblended,
        amortised=amortised,
        book=BOOK,
        reservations={e.resource_id: purchased(e) for e in entries if e.kind in PURCHASES},
        names={"i-a": "web", "ri": "", "lb": "front"},
        tags=_TAGS,
        account_id="cloud-1",
        account_name="default",
        is_simulated=False,
    )


def _rows(entries: Sequence[LedgerEntry], when: Period) -> list[Row]:
    return _checked(_source(entries, when))


def _checked(source: FocusSource) -> list[Row]:
    """The rows, valid, and each cost adding up to its bill to the last digit."""
    rows = [*focus_rows(source)]
    assert broken_rules(COLUMNS, rows) == []
    assert _sum(rows, "BilledCost") == source.unblended.total
    assert _sum(rows, "EffectiveCost") == source.amortised.total
    return rows


def _sum(rows: Sequence[Row], column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def _picked(rows: Sequence[Row], *columns: str) -> list[tuple[str | None, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


_WORLD = in_order(
    reserve("02-10 10:00:00", reservation_id="ri-a"),
    reserve("02-20 10:00:00", years=3, reservation_id="ri-b"),
    exchange(
        "03-02 11:30:00",
        "ri-b",
        carried_usd="2600.123",
        true_up_usd="12.5",
        ends="2027-02-20 10:00:00",
        reservation_id="ri-c",
        count=2,
    ),
    run("i-a", "02-28 10:00:00", "03-03 11:00:01", "t3.small"),
    run("i-b", "02-28 10:00:00", None, "t3.medium"),
    run("i-m", "02-28 10:00:00", "02-28 10:00:07", "m5.large"),
    run("i-r", "03-02 23:00:00", "03-03 01:00:00", "r5.large"),
    [state("03-01 00:00:00", "i-lost", "stopped")],
    [allocate("03-01 10:00:00"), associate("03-01 11:00:00", "i-a")],
    [image("03-01 12:00:00"), balancer("03-01 13:00:00")],
)
_WHEN = period("02-01 06:00:00", "03-05 07:00:00", now="03-04 09:00:00")


def test_everything_at_once() -> None:
    rows = _rows(_WORLD, _WHEN)
    assert {row["x_Rule"] for row in rows} >= {"on-demand-minimum", "unknown-run", "image-storage"}
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Purchase"}


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.name}")
def test_every_hand_computed_case_exports(case: Case) -> None:
    _rows(case.entries, case.period)


@settings(max_examples=60)
@given(
    begins=st.integers(0, 34 * 24),
    hours=st.integers(1, 300),
    now=st.integers(-50, 400),
    s=st.integers(0, 3599),
)
def test_any_part_of_it_exports(begins: int, hours: int, now: int, s: int) -> None:
    from_s = _WHEN.from_s + begins * 3600 + s
    _rows(_WORLD, Period(from_s, from_s + hours * 3600, from_s + now * 3600 + 17))


def test_a_day_of_a_machine() -> None:
    rows = _rows(
        run("i-a", "02-29 22:30:00", "03-01 01:00:00"), period("02-29 00:00:00", "03-02 00:00:00")
    )
    picked = _picked(
        [row for row in rows if row["x_Rule"] == "on-demand"],
        *("ChargePeriodStart", "ChargePeriodEnd", "BilledCost", "PricingQuantity", "PricingUnit"),
        *("BillingPeriodStart", "BillingPeriodEnd", "ListUnitPrice"),
    )
    # 1.5 h and 1 h at 0.36; the bill of February ends where that of March begins.
    february = ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", "0.36")
    march = ("2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z", "0.36")
    assert picked == [
        ("2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z", "0.54", "1.5", "Hours", *february),
        ("2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z", "0.36", "1", "Hours", *march),
    ]
    (first, *_) = [row for row in rows if row["x_Rule"] == "on-demand"]
    assert first["Tags"] == '{"Name": "web", "empty": "", "role": "=cmd|\\"x\\""}'
    assert (first["ResourceName"], first["ResourceType"]) == ("web", "Instance")
    assert first["SkuPriceDetails"] == (
        '{"CoreCount": 2, "InstanceSeries": "t3", "InstanceType": "t3.micro", "MemorySize": 1.0,'
        ' "OperatingSystem": "Linux"}'
    )


def test_a_reservation_is_bought_owed_used_and_wasted() -> None:
    rows = _rows(
        in_order(
            reserve("03-01 10:00:00"), run("i-a", "03-01 10:00:00", "03-01 11:00:00", "t3.micro")
        ),
        period("03-01 10:00:00", "03-01 12:00:00"),
    )
    picked = _picked(
        [row for row in rows if row["CommitmentDiscountId"] == "ri"],
        *("ChargeCategory", "ChargeFrequency", "ResourceId", "CommitmentDiscountStatus"),
        *("BilledCost", "EffectiveCost", "ListCost", "CommitmentDiscountQuantity"),
    )
    # 876 for 8760 h; 2 h x 0.1 owed; a micro is half a small: 0.5 h x 0.2 used, 1.5 h x 0.2 not.
    assert picked == [
        ("Purchase", "One-Time", "ri", None, "876", "0", "876", "8760"),
        ("Purchase", "Recurring", "ri", None, "0.2", "0", "0.2", "2"),
        ("Usage", "Usage-Based", "i-a", "Used", "0", "0.1", "0.36", "0.5"),
        ("Usage", "Usage-Based", "ri", "Unused", "0", "0.3", "1.08", "1.5"),
    ]


def test_for_each_reservation_what_is_billed_is_what_is_consumed() -> None:
    """ "The sum of EffectiveCost where ChargeCategory is Usage MUST equal the sum of BilledCost
    where ChargeCategory is Purchase", over all of its term and over an exchange, too.
    """
    entries = in_order(
        reserve("2023-01-10 10:00:00", years=3, reservation_id="ri-a"),
        # 365 of 1095 days later: two thirds of 2628 are left.
        exchange(
            "2024-01-10 10:00:00",
            "ri-a",
            carried_usd="1752",
            true_up_usd="100",
            ends="2026-01-09 10:00:00",
            hourly_usd="0.05",
        ),
    )
    rows = _rows(entries, period("2023-01-01 00:00:00", "2027-01-01 00:00:00"))
    for reservation_id, billed in (("ri-a", "876"), ("ri-new", "2728")):
        # 2628 - 1752, and 1752 + 100 + 17,520 h x 0.05.
        of_one = [row for row in rows if row["CommitmentDiscountId"] == reservation_id]
        assert _sum(of_one, "BilledCost") == Decimal(billed)
        assert abs(_sum(of_one, "EffectiveCost") - Decimal(billed)) < Decimal("1E-11")
        bought_hours, used_hours = (
            _sum(
                [row for row in of_one if row["ChargeCategory"] == category],
                "CommitmentDiscountQuantity",
            )
            for category in ("Purchase", "Usage")
        )
        recurring = [row for row in of_one if row["ChargeFrequency"] == "Recurring"]
        assert bought_hours - _sum(recurring, "CommitmentDiscountQuantity") == used_hours


def test_today_is_cut_into_what_has_been_and_what_may_come() -> None:
    rows = _rows(
        run("i-m", "03-01 10:00:00", None, "m5.large"),
        period("03-01 00:00:00", "03-02 00:00:00", now="03-01 12:00:00"),
    )
    picked = _picked(
        [row for row in rows if row["x_Rule"] == "on-demand"],
        *("ChargePeriodStart", "ChargePeriodEnd", "BilledCost", "x_EstimateReason"),
    )
    assert picked == [
        ("2024-03-01T00:00:00Z", "2024-03-01T12:00:00Z", "7.2", None),
        ("2024-03-01T12:00:00Z", "2024-03-02T00:00:00Z", "43.2", "it has not happened yet"),
    ]


def test_every_rule_and_service_has_a_word() -> None:
    assert all(unit_of(rule) for rule in Rule)
    assert all(naming_of(service).name for service in Service)


def test_what_is_covered_needs_a_price_on_demand_to_be_listed_at() -> None:
    entries = in_order(
        reserve("2019-12-30 10:00:00".replace("2019-12-30", "03-01")),
        run("i-a", "03-01 10:00:00", None, "t3.small"),
    )
    source = _source(entries, period("03-01 10:00:00", "03-01 12:00:00"))
    bare = {name: line for name, line in BOOK.on_demand.items() if name != "t3.small"}
    from dataclasses import replace

    with pytest.raises(NotFound, match=r"t3\.small, on demand"):
        [*focus_rows(replace(source, book=replace(BOOK, on_demand=bare)))]


_VALID = _rows(_WORLD, _WHEN)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[
            (column, "")
            for column in COLUMNS
            if column not in {"Tags"} and not column.startswith("x_")
        ],
        *[
            ("BilledCost", "1,000"),
            ("BilledCost", "$1"),
            ("ListCost", "12.34"),
            ("ListUnitPrice", "-1"),
        ],
        *[("ChargePeriodStart", "2024-03-01"), ("BillingPeriodEnd", "2031-01-01T00:00:00Z")],
        *[("ChargeCategory", "usage"), ("ChargeCategory", None), ("ServiceCategory", "Storage")],
        *[
            ("Tags", "{"),
            ("Tags", '{"a": {}}'),
            ("Tags", '{"a": 1, "a": 2}'),
            ("PricingUnit", None),
        ],
        *[("RegionName", None), ("CommitmentDiscountId", None), ("ConsumedQuantity", None)],
    ],
)
def test_the_rules_find_what_breaks_them(column: str, value: str | None) -> None:
    row = next(
        row
        for row in _VALID
        if row["CommitmentDiscountStatus"] == "Used" and Decimal(row["ListCost"] or 0) > 0
    )
    try:
        broken = broken_rules(COLUMNS, [*_VALID[:3], {**row, column: value}])
    except ValueError:
        # A JSON that cannot be read at all.
        broken = ["no JSON"]
    assert broken
    assert broken_rules([c for c in COLUMNS if c != column], []) != []
