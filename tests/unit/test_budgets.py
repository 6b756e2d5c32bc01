"""Budgets and forecasts: the rules, the services over a cloud, and the routes."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.client import Client
from minicloud.client.bills import ForecastRequest as ClientForecast
from minicloud.client.budgets import BudgetRequest as ClientRequest
from minicloud.domain.billing.bill import compute_bill
from minicloud.domain.billing.budget import (
    Basis,
    Budget,
    Threshold,
    parse_amount,
    parse_thresholds,
)
from minicloud.domain.billing.forecast import Cost, cost_by_service, month_period
from minicloud.domain.billing.line import Service
from minicloud.domain.billing.period import Period
from minicloud.domain.errors import Conflict, InvalidRequest, NotFound
from minicloud.domain.ledger import LedgerEntry, LedgerKind
from minicloud.services.bills import BillRequest, BillService, ForecastRequest
from minicloud.services.budgets import BudgetRequest
from tests.unit.app_transport import app_transport
from tests.unit.billing_book import BOOK, at, in_order, period, reserve, run, state
from tests.unit.cloud import Cloud

_HOUR_S = 3600


@pytest.mark.parametrize(
    ("text", "basis", "percent"),
    [
        ("80%", Basis.ACTUAL, "80"),
        ("80", Basis.ACTUAL, "80"),
        ("actual:99.5%", Basis.ACTUAL, "99.5"),
        ("forecast:100%", Basis.FORECAST, "100"),
        ("forecast:0.000001", Basis.FORECAST, "0.000001"),
        ("1000000%", Basis.ACTUAL, "1000000"),
    ],
)
def test_thresholds_as_people_write_them(text: str, basis: Basis, percent: str) -> None:
    threshold = Threshold.parse(text)
    assert threshold == Threshold(basis, Decimal(percent))
    assert Threshold.parse(threshold.text) == threshold


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "%",
            "0%",
            "-1%",
            "1000001%",
            "80%%",
            "80 %",
            "eighty",
            "forecast:",
            "forecasted:80%",
        ),
        *("0.0000001%", "٨٠%", "1e2", "nan", "80%\n", "9" * 30),
    ],
)
def test_what_is_no_threshold_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        Threshold.parse(text)
    assert raised.value.code == "InvalidParameterValue"


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1e3", "10 USD", "$10", "1,000", "0.0000000000001", "1000000001", "١٠"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not an amount of dollars"):
        parse_amount(text)


@given(text=st.text(max_size=30))
def test_no_text_brings_anything_but_a_budget_or_our_error(text: str) -> None:
    for parse in (parse_amount, Threshold.parse, lambda month: month_period(month, 0)):
        with contextlib.suppress(InvalidRequest):
            parse(text)


def test_thresholds_are_kept_once_and_in_order() -> None:
    found = parse_thresholds(["forecast:100%", "100%", "80%", "80.0%"])
    assert [each.text for each in found] == ["80%", "100%", "forecast:100%"]
    with pytest.raises(InvalidRequest, match="10 thresholds at most"):
        parse_thresholds([f"{n}%" for n in range(1, 12)])


@pytest.mark.parametrize(
    ("spent", "forecast", "passed"),
    [
        ("8", "10", []),
        ("8.000000000001", "10", ["80%"]),
        ("10.5", "10.5", ["80%", "100%", "forecast:100%"]),
        ("0", "10.01", ["forecast:100%"]),
    ],
)
def test_a_threshold_is_passed_by_more_than_it(
    spent: str, forecast: str, passed: list[str]
) -> None:
    thresholds = parse_thresholds(["80%", "100%", "forecast:100%"])
    budget = Budget("b", Decimal(10), thresholds, "testland", at("03-01 00:00:00"))
    assert [each.text for each in budget.passed(Cost(Decimal(spent), Decimal(forecast)))] == passed


@pytest.mark.parametrize(
    ("month", "now", "begins", "ends"),
    [
        (None, "03-01 00:00:01", "2024-03-01", "2024-04-01"),
        # The last second of a month: what is not over yet begins with the next.
        (None, "03-01 00:00:00", "2024-02-01", "2024-03-01"),
        (None, "2023-12-31 23:59:59", "2023-12-01", "2024-01-01"),
        ("2024-02", "03-01 00:00:00", "2024-02-01", "2024-03-01"),
        ("2026-12", "03-01 00:00:00", "2026-12-01", "2027-01-01"),
    ],
)
def test_months(month: str | None, now: str, begins: str, ends: str) -> None:
    now_s = int(at(now).timestamp())
    expected = period(f"{begins} 00:00:00", f"{ends} 00:00:00", now)
    assert month_period(month, now_s) == expected


def test_a_forecast_is_what_is_spent_and_what_comes_at_the_prices_to_come() -> None:
    # 0.36 an hour until 2024-03-09, 0.18 from then on; the reservation ends on the 21st.
    entries = in_order(
        run("i-a", "03-01 00:00:00", None, "t3.micro"),
        reserve("2023-03-22 00:00:00", "t3.micro", reservation_id="ri"),
        run("i-b", "03-05 00:00:00", None, "m5.large"),
    )
    when = month_period("2024-03", int(at("03-06 00:00:00").timestamp()))
    bill = compute_bill(entries, BOOK, when)
    cost = Cost.of(bill.lines)
    found = cost_by_service(bill.lines)
    # Covered until the 21st: 20 x 24 h x 0.05; spent 5 x 24 x 0.05.
    assert found[Service.RESERVATIONS] == Cost(Decimal(6), Decimal(24))
    # m5.large 24 h x 3.6 spent, 27 x 24 x 3.6 in all; t3.micro on demand 11 x 24 x 0.18 at the end.
    machines = Cost(Decimal("86.4"), Decimal("2332.8") + Decimal("47.52"))
    assert found[Service.INSTANCES] == machines
    assert cost.spent_usd == sum(each.spent_usd for each in found.values())
    assert cost.to_come_usd == sum(each.to_come_usd for each in found.values())
    assert cost.forecast_usd == bill.total


def test_what_is_spent_is_the_bill_until_now_even_where_the_ledger_contradicts_itself() -> None:
    entries = in_order(
        [state("03-01 00:00:00", "i-a", "running"), state("03-01 01:00:00", "i-a", "running")]
    )
    when = period("03-01 00:00:00", "04-01 00:00:00", now="03-01 02:00:00")
    whole = compute_bill(entries, BOOK, when)
    until_now = compute_bill(entries, BOOK, Period(when.from_s, when.now_s, when.now_s))
    assert until_now.total > 0
    assert Cost.of(whole.lines).spent_usd == until_now.total
    assert all(line.is_estimated for line in whole.lines if line.what.resource_id == "i-a")


# Over a cloud.


def _lived_in(cloud: Cloud) -> None:
    cloud.launch("shop", "m5.large")
    cloud.clock.sleep(10 * _HOUR_S)


def test_a_budget_is_held_against_the_bill_of_the_month(cloud: Cloud) -> None:
    _lived_in(cloud)
    made = cloud.budgets.create(BudgetRequest("all", "1.00", ["80%", "100%", "forecast:200%"]))
    # 10 h x 0.096, and the address: more than 0.80 and less than 1.05.
    assert made.cost is not None
    shown = cloud.bills.show(BillRequest()).bill.total
    assert abs(made.cost.spent_usd - shown) < Decimal("0.001")
    passed = [each.text for each in made.budget.passed(made.cost)]
    assert "80%" in passed
    assert "forecast:200%" in passed
    assert [each.budget for each in cloud.budgets.list()] == [made.budget]
    assert cloud.budgets.show("all").budget == made.budget
    cloud.restart()
    assert cloud.budgets.show("all").budget == made.budget
    cloud.budgets.delete("all")
    assert cloud.budgets.list() == []


def test_one_bill_for_all_budgets_of_a_region_and_none_without(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ForecastRequest] = []
    forecast = BillService.forecast

    def counted(self: BillService, request: ForecastRequest) -> object:
        asked.append(request)
        return forecast(self, request)

    monkeypatch.setattr(BillService, "forecast", counted)
    assert cloud.budgets.list() == []
    assert asked == []
    for name in ("a", "b", "c"):
        cloud.budgets.create(BudgetRequest(name, "10"))
    cloud.budgets.create(BudgetRequest("seoul", "10", region="ap-northeast-2"))
    asked.clear()
    assert len(cloud.budgets.list()) == 4
    assert sorted(str(each.book.region) for each in asked) == ["ap-northeast-2", "us-east-1"]


def test_what_cannot_be_a_budget(cloud: Cloud) -> None:
    cloud.budgets.create(BudgetRequest("all", "10"))
    with pytest.raises(Conflict, match="there is a budget all already"):
        cloud.budgets.create(BudgetRequest("all", "20"))
    with pytest.raises(InvalidRequest, match="cannot be a name"):
        cloud.budgets.create(BudgetRequest("a/b", "20"))
    with pytest.raises(NotFound, match="no price book of region"):
        cloud.budgets.create(BudgetRequest("mars", "20", region="mars"))
    for call in (cloud.budgets.show, cloud.budgets.delete):
        with pytest.raises(NotFound, match="there is no budget 'none'"):
            call("none")
    assert [each.budget.monthly_usd for each in cloud.budgets.list()] == [Decimal(10)]


def test_a_ledger_that_makes_no_bill_hides_no_budget(cloud: Cloud) -> None:
    cloud.budgets.create(BudgetRequest("all", "10", ["80%"]))
    with cloud.store.write() as transaction:
        transaction.ledger.append(
            LedgerEntry(cloud.clock.now(), LedgerKind.INSTANCE_STATE, "i-x", {"type": "t3.micro"})
        )
    (state_of,) = cloud.budgets.list()
    assert state_of.cost is None
    assert state_of.error is not None
    assert state_of.error.code == "LedgerDamaged"
    told = Client(app_transport(cloud)).budgets.list()
    assert (told[0]["spent_usd"], told[0]["alert"]) == (None, False)
    assert told[0]["error"] is not None


def test_a_forecast_of_a_cloud(cloud: Cloud) -> None:
    _lived_in(cloud)
    client = Client(app_transport(cloud))
    found = client.bills.forecast(ClientForecast())
    assert (found["month"], found["from"]) == ("2030-01", "2030-01-01T00:00:00+00:00")
    assert found["estimated"]
    assert Decimal(found["spent"]) + Decimal(found["to_come"]) == Decimal(found["forecast"])
    bill = cloud.bills.show(BillRequest(ends_at="2030-02-01")).bill
    assert abs(Decimal(found["forecast"]) - bill.total) < Decimal("0.001")
    assert found["services"][0]["service"] == "instances"
    # 744 h of the m5.large.
    machines = Decimal(found["services"][0]["forecast"])
    assert machines == pytest.approx(Decimal("71.424"), abs=Decimal("0.01"))
    later = client.bills.forecast(ClientForecast(month="2030-02"))
    assert later["spent"] == "0"
    assert Decimal(later["forecast"]) > 60
    cloud.clock.sleep(timedelta(days=40).total_seconds())
    past = client.bills.forecast(ClientForecast(month="2030-01"))
    assert (past["estimated"], past["to_come"]) == (False, "0")
    assert past["how"] == ["the month is over: nothing of it is a forecast"]
    with pytest.raises(InvalidRequest, match="is not a month"):
        client.bills.forecast(ClientForecast(month="2030-13"))


def test_routes_of_budgets(cloud: Cloud) -> None:
    budgets = Client(app_transport(cloud)).budgets
    made = budgets.create(ClientRequest("all", "12.50", ("80%",)))
    assert (made["monthly_usd"], made["region"], made["spent_percent"]) == ("12.5", "us-east-1", 0)
    assert made["thresholds"] == [
        {"text": "80%", "basis": "actual", "percent": "80", "passed": False}
    ]
    assert [each["name"] for each in budgets.list()] == ["all"]
    assert budgets.show("all")["created_at"] == made["created_at"]
    budgets.delete("all")
    assert budgets.list() == []
