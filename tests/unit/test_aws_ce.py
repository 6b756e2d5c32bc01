"""Cost Explorer, as boto3 asks of it, beside the bill itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from minicloud.aws.usage_types import usage_type
from minicloud.domain.billing.line import Rule, What
from minicloud.domain.billing.reserved import View
from minicloud.domain.region import regions
from minicloud.services.bills import BillRequest
from minicloud.services.prices import BookChoice
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import refused
from tests.unit.cloud import Cloud

HOUR_S = 3600
DAY_S = 24 * HOUR_S
# A test's clock begins with the year 2030.
JANUARY = {"Start": "2030-01-01", "End": "2030-02-01"}
COMPUTE, NETWORK = "Amazon Elastic Compute Cloud - Compute", "Amazon Virtual Private Cloud"


@pytest.fixture
def ce(cloud: Cloud) -> Any:
    return aws(cloud).client("ce")


def lived(cloud: Cloud) -> None:
    """Two machines of different types for a day and a half, an idle address, a balancer."""
    cloud.launch("shop", "t3.micro")
    cloud.launch("large", "m5.large")
    cloud.reservations.buy(BookChoice(), "t3.micro:1y:partial-upfront:standard", 1)
    cloud.allocate("front")
    cloud.balance("web", "shop")
    cloud.create_image("large", "golden")
    with cloud.store.write() as transaction:
        for machine in transaction.instances.all():
            tags = {**machine.tags, "team": "red" if machine.name == "shop" else "blue"}
            transaction.instances.save(replace(machine, tags=tags))
    cloud.clock.sleep(1.5 * DAY_S)


def usage(ce: Any, **request: Any) -> list[dict[str, Any]]:
    given = {
        "TimePeriod": JANUARY,
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        **request,
    }
    results: list[dict[str, Any]] = ce.get_cost_and_usage(**given)["ResultsByTime"]
    return results


def grouped(ce: Any, key: str, kind: str = "DIMENSION", **request: Any) -> dict[str, Decimal]:
    (result,) = usage(ce, GroupBy=[{"Type": kind, "Key": key}], **request)
    assert result["Total"] == {}
    return {
        group["Keys"][0]: Decimal(group["Metrics"]["UnblendedCost"]["Amount"])
        for group in result["Groups"]
    }


def billed(cloud: Cloud, view: View = View.UNBLENDED) -> Decimal:
    """What has happened of the month, by the bill itself."""
    bill = cloud.bills.show(BillRequest(begins_at="2030-01-01", view=view)).bill
    return bill.total


def test_a_month_is_the_bill_in_both_views(cloud: Cloud, ce: Any) -> None:
    lived(cloud)
    (result,) = usage(ce, Metrics=["UnblendedCost", "AmortizedCost", "NetUnblendedCost"])
    assert result["TimePeriod"] == JANUARY
    assert result["Groups"] == []
    assert result["Estimated"] is True
    total = {name: Decimal(each["Amount"]) for name, each in result["Total"].items()}
    # The clock of a test goes on by a millisecond at each look, so that a second may be crossed.
    near = Decimal("0.0002")
    assert total["UnblendedCost"] == pytest.approx(billed(cloud), abs=near)
    assert total["AmortizedCost"] == pytest.approx(billed(cloud, View.AMORTISED), abs=near)
    assert total["UnblendedCost"] > total["AmortizedCost"] > 0
    assert total["NetUnblendedCost"] == total["UnblendedCost"]
    assert {each["Unit"] for each in result["Total"].values()} == {"USD"}


def test_days_add_up_to_the_month_and_later_ones_are_nothing(cloud: Cloud, ce: Any) -> None:
    lived(cloud)
    days = usage(ce, Granularity="DAILY")
    assert len(days) == 31
    amounts = [Decimal(day["Total"]["UnblendedCost"]["Amount"]) for day in days]
    assert amounts[0] > amounts[1] > 0
    assert set(amounts[2:]) == {Decimal(0)}
    (month,) = usage(ce)
    assert sum(amounts) == Decimal(month["Total"]["UnblendedCost"]["Amount"])
    assert days[0]["TimePeriod"] == {"Start": "2030-01-01", "End": "2030-01-02"}


def test_months_are_cut_at_their_ends(ce: Any) -> None:
    period = {"Start": "2029-12-15", "End": "2030-02-10"}
    told = [each["TimePeriod"] for each in usage(ce, TimePeriod=period)]
    assert told == [
        {"Start": "2029-12-15", "End": "2030-01-01"},
        {"Start": "2030-01-01", "End": "2030-02-01"},
        {"Start": "2030-02-01", "End": "2030-02-10"},
    ]


def test_what_is_over_and_certain_is_no_estimate(cloud: Cloud, ce: Any) -> None:
    period = {"Start": "2029-12-01", "End": "2030-01-01"}
    assert usage(ce, TimePeriod=period)[0]["Estimated"] is False
    assert usage(ce)[0]["Estimated"] is True


def test_costs_are_grouped_under_awss_names(cloud: Cloud, ce: Any) -> None:
    lived(cloud)
    services = grouped(ce, "SERVICE")
    assert set(services) == {COMPUTE, NETWORK, "Amazon Elastic Load Balancing", "EC2 - Other"}
    types = grouped(ce, "INSTANCE_TYPE")
    assert set(types) == {"NoInstanceType", "m5.large", "t3.micro"}
    assert set(grouped(ce, "USAGE_TYPE")) >= {
        "BoxUsage:m5.large",
        "BoxUsage:t3.micro",
        "HeavyUsage:t3.micro",
        "PublicIPv4:IdleAddress",
        "PublicIPv4:InUseAddress",
        "LoadBalancerUsage",
        "EBS:SnapshotUsage",
    }
    teams = grouped(ce, "team", "TAG")
    assert set(teams) == {"team$", "team$blue", "team$red"}
    (month,) = usage(ce)
    whole = Decimal(month["Total"]["UnblendedCost"]["Amount"])
    for groups in (services, types, teams, grouped(ce, "REGION"), grouped(ce, "LINKED_ACCOUNT")):
        assert sum(groups.values()) == whole


def test_two_groupings_are_keys_of_one_group(cloud: Cloud, ce: Any) -> None:
    lived(cloud)
    by = [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "TAG", "Key": "Name"}]
    (result,) = usage(ce, GroupBy=by)
    keys = [group["Keys"] for group in result["Groups"]]
    assert keys == sorted(keys)
    assert [COMPUTE, "Name$large"] in keys
    answer = ce.get_cost_and_usage(
        TimePeriod=JANUARY, Granularity="MONTHLY", Metrics=["UnblendedCost"], GroupBy=by
    )
    assert answer["GroupDefinitions"] == by


def test_usage_has_a_unit_where_it_is_of_one_kind(cloud: Cloud, ce: Any) -> None:
    lived(cloud)
    only = {"Dimensions": {"Key": "USAGE_TYPE", "Values": ["BoxUsage:m5.large"]}}
    (result,) = usage(ce, Metrics=["UsageQuantity"], Filter=only)
    told = result["Total"]["UsageQuantity"]
    assert told["Unit"] == "Hrs"
    assert Decimal(told["Amount"]) == pytest.approx(Decimal(36), abs=Decimal("0.01"))
    (result,) = usage(ce, Metrics=["UsageQuantity"])
    assert result["Total"]["UsageQuantity"]["Unit"] == "N/A"


def test_filters_leave_what_they_say(cloud: Cloud, ce: Any) -> None:
    lived(cloud)
    machines = {"Dimensions": {"Key": "SERVICE", "Values": [COMPUTE]}}
    red = {"Tags": {"Key": "team", "Values": ["red"]}}
    untagged = {"Tags": {"Key": "team", "MatchOptions": ["ABSENT"]}}
    by_type = grouped(ce, "INSTANCE_TYPE")
    assert grouped(ce, "INSTANCE_TYPE", Filter=machines) == {
        name: amount for name, amount in by_type.items() if name != "NoInstanceType"
    }
    teams = grouped(ce, "team", "TAG")
    assert grouped(ce, "team", "TAG", Filter=red) == {"team$red": teams["team$red"]}
    assert grouped(ce, "team", "TAG", Filter=untagged) == {"team$": teams["team$"]}
    assert grouped(ce, "team", "TAG", Filter={"Not": untagged}) == {
        name: amount for name, amount in teams.items() if name != "team$"
    }
    assert grouped(ce, "team", "TAG", Filter={"Or": [red, untagged]}) == {
        name: amount for name, amount in teams.items() if name != "team$blue"
    }
    assert set(grouped(ce, "SERVICE", Filter={"And": [red, machines]})) == {COMPUTE}


@pytest.mark.parametrize(
    "request_",
    [
        {"Granularity": "HOURLY"},
        {"Metrics": ["BlendedCost"]},
        {"Metrics": []},
        {"TimePeriod": {"Start": "2030-02-01", "End": "2030-02-01"}},
        {"TimePeriod": {"Start": "2030-02", "End": "2030-03-01"}},
        {"TimePeriod": {"Start": "2030-02-30", "End": "2030-03-01"}},
        {"TimePeriod": {"Start": "2030-02-01T00:00:00Z", "End": "2030-03-01"}},
        {"TimePeriod": {"Start": "1970-01-01", "End": "2199-12-31"}},
        {"TimePeriod": {"Start": "2030-01-01", "End": "2032-01-01"}, "Granularity": "DAILY"},
        {"GroupBy": [{"Type": "DIMENSION", "Key": "PLATFORM"}]},
        {"GroupBy": [{"Type": "COST_CATEGORY", "Key": "team"}]},
        {"GroupBy": [{"Type": "TAG", "Key": key} for key in ("a", "b", "c")]},
        {"Filter": {"Dimensions": {"Key": "AZ", "Values": ["us-east-1a"]}}},
        {"Filter": {"Dimensions": {"Key": "SERVICE", "Values": []}}},
        {
            "Filter": {
                "Dimensions": {"Key": "SERVICE", "Values": ["a"], "MatchOptions": ["CONTAINS"]}
            }
        },
        {"Filter": {"CostCategories": {"Key": "team", "Values": ["red"]}}},
        {"Filter": {}},
        {"Filter": {"And": [{"Tags": {"Key": "a", "Values": ["b"]}}]}},
        {
            "Filter": {
                "Tags": {"Key": "a", "Values": ["b"]},
                "Not": {"Tags": {"Key": "a", "Values": ["b"]}},
            }
        },
    ],
)
def test_what_cannot_be_answered_is_refused(ce: Any, request_: dict[str, Any]) -> None:
    given = {
        "TimePeriod": JANUARY,
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        **request_,
    }
    refused(ce.get_cost_and_usage, "ValidationException", **given)


def test_a_filter_of_great_depth_is_refused(ce: Any) -> None:
    expression: dict[str, Any] = {"Tags": {"Key": "a", "Values": ["b"]}}
    for _ in range(11):
        expression = {"Not": expression}
    refused(
        ce.get_cost_and_usage,
        "ValidationException",
        TimePeriod=JANUARY,
        Granularity="MONTHLY",
        Metrics=["UnblendedCost"],
        Filter=expression,
    )


def test_what_the_book_has_no_price_of_is_no_data(cloud: Cloud, ce: Any) -> None:
    cloud.clock.sleep(-40 * 365 * DAY_S)
    cloud.launch()
    cloud.clock.sleep(DAY_S)
    period = {"Start": "1990-01-01", "End": "1990-02-01"}
    refused(
        ce.get_cost_and_usage,
        "DataUnavailableException",
        TimePeriod=period,
        Granularity="MONTHLY",
        Metrics=["UnblendedCost"],
    )


def test_a_forecast_is_what_runs_going_on(cloud: Cloud, ce: Any) -> None:
    cloud.launch("shop", "t3.micro")
    period = {"Start": "2030-01-02", "End": "2030-01-04"}
    only = {"Dimensions": {"Key": "USAGE_TYPE", "Values": ["BoxUsage:t3.micro"]}}
    told = ce.get_cost_forecast(
        TimePeriod=period, Granularity="DAILY", Metric="UNBLENDED_COST", Filter=only
    )
    # $0.0104 an hour, for 24 hours of each day.
    means = [Decimal(each["MeanValue"]) for each in told["ForecastResultsByTime"]]
    assert means == [Decimal("0.2496")] * 2
    assert told["Total"] == {"Amount": "0.4992", "Unit": "USD"}
    days = [each["TimePeriod"]["Start"] for each in told["ForecastResultsByTime"]]
    assert days == ["2030-01-02", "2030-01-03"]


def test_what_is_spent_and_what_is_to_come_are_the_months_forecast(cloud: Cloud, ce: Any) -> None:
    lived(cloud)
    spent = Decimal(usage(ce)[0]["Total"]["UnblendedCost"]["Amount"])
    today = cloud.clock.now().date()
    assert today == date(2030, 1, 2)
    told = ce.get_cost_forecast(
        TimePeriod={"Start": today.isoformat(), "End": "2030-02-01"},
        Granularity="MONTHLY",
        Metric="UNBLENDED_COST",
    )
    period = BillRequest(begins_at="2030-01-01", ends_at="2030-02-01")
    whole = cloud.bills.show(period).bill.total
    assert spent + Decimal(told["Total"]["Amount"]) == pytest.approx(whole, abs=Decimal("0.0002"))
    amortised = ce.get_cost_forecast(
        TimePeriod={"Start": "2030-02-01", "End": "2030-04-01"},
        Granularity="MONTHLY",
        Metric="AMORTIZED_COST",
    )
    assert len(amortised["ForecastResultsByTime"]) == 2
    assert all(Decimal(each["MeanValue"]) > 0 for each in amortised["ForecastResultsByTime"])


@pytest.mark.parametrize(
    "request_",
    [
        {"TimePeriod": {"Start": "2029-12-31", "End": "2030-01-05"}},
        {"TimePeriod": {"Start": "2030-01-02", "End": "2030-06-01"}},
        {"Metric": "USAGE_QUANTITY"},
        {"Granularity": "HOURLY"},
        {"PredictionIntervalLevel": 80},
    ],
)
def test_a_forecast_that_cannot_be_made_is_refused(ce: Any, request_: dict[str, Any]) -> None:
    given = {
        "TimePeriod": {"Start": "2030-01-02", "End": "2030-01-04"},
        "Granularity": "DAILY",
        "Metric": "UNBLENDED_COST",
        **request_,
    }
    refused(ce.get_cost_forecast, "ValidationException", **given)


@pytest.mark.parametrize("region", [region.name for region in regions()])
@pytest.mark.parametrize("rule", Rule)
def test_every_rule_of_every_region_has_a_type_of_usage(region: str, rule: Rule) -> None:
    last_of_old = date(2024, 1, 31)
    for day in (last_of_old, last_of_old + timedelta(days=1)):
        name = usage_type(region, What(rule, "i-1", "t3.micro", 1), day)
        assert name.startswith("APN2-") == (region == "ap-northeast-2")
