"""Reserved instances, as boto3 asks of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from minicloud.domain.billing.offering import OfferingKey
from minicloud.services.prices import BookChoice
from minicloud.services.reservations import OfferingFilter
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import filters, refused, tags
from tests.unit.cloud import Cloud

YEAR_S = 31_536_000
OFFERING = "t3.micro:1y:partial-upfront:standard"


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return aws(cloud).client("ec2")


def test_an_offering_tells_its_terms(cloud: Cloud, ec2: Any) -> None:
    (told,) = ec2.describe_reserved_instances_offerings(
        InstanceType="t3.micro",
        MinDuration=YEAR_S,
        MaxDuration=YEAR_S,
        OfferingClass="standard",
        OfferingType="Partial Upfront",
        ProductDescription="Linux/UNIX",
        InstanceTenancy="default",
        IncludeMarketplace=False,
    )["ReservedInstancesOfferings"]
    known = cloud.reservations.offering(BookChoice(), OFFERING)
    assert told == {
        "ReservedInstancesOfferingId": OFFERING,
        "InstanceType": "t3.micro",
        "ProductDescription": "Linux/UNIX",
        "InstanceTenancy": "default",
        "Scope": "Region",
        "OfferingClass": "standard",
        "OfferingType": "Partial Upfront",
        "CurrencyCode": "USD",
        "FixedPrice": float(known.price.upfront_usd),
        "UsagePrice": 0.0,
        "RecurringCharges": [{"Frequency": "Hourly", "Amount": float(known.price.hourly_usd)}],
        "Duration": YEAR_S,
        "Marketplace": False,
        "PricingDetails": [],
    }


def test_offerings_come_in_pages(cloud: Cloud, ec2: Any) -> None:
    paginator = ec2.get_paginator("describe_reserved_instances_offerings")
    pages = list(paginator.paginate())
    told = [
        each["ReservedInstancesOfferingId"]
        for page in pages
        for each in page["ReservedInstancesOfferings"]
    ]
    everything = cloud.reservations.offerings(BookChoice(), OfferingFilter())
    assert told == [each.key.id for each in everything]
    assert all(len(page["ReservedInstancesOfferings"]) == 100 for page in pages[:-1])


def test_offerings_are_found_by_filters_and_ids(ec2: Any) -> None:
    describe = ec2.describe_reserved_instances_offerings
    wanted = filters(instance_type="t3.*", duration=str(3 * YEAR_S), scope="Region")
    found = describe(Filters=wanted)["ReservedInstancesOfferings"]
    assert found
    for each in found:
        assert each["InstanceType"].startswith("t3.")
        assert each["Duration"] == 3 * YEAR_S
    named = describe(ReservedInstancesOfferingIds=[OFFERING])["ReservedInstancesOfferings"]
    assert [each["ReservedInstancesOfferingId"] for each in named] == [OFFERING]
    assert describe(ProductDescription="Windows")["ReservedInstancesOfferings"] == []
    assert describe(InstanceTenancy="dedicated")["ReservedInstancesOfferings"] == []
    assert describe(OfferingType="Heavy Utilization")["ReservedInstancesOfferings"] == []
    refused(
        describe, "InvalidReservedInstancesOfferingId", ReservedInstancesOfferingIds=["t3.micro"]
    )
    refused(describe, "InvalidParameterValue", InstanceType="t9.huge")
    refused(describe, "UnsupportedOperation", AvailabilityZone="us-east-1a")


def test_what_is_bought_is_told_and_billed(cloud: Cloud, ec2: Any) -> None:
    bought = ec2.purchase_reserved_instances_offering(
        ReservedInstancesOfferingId=OFFERING, InstanceCount=2
    )["ReservedInstancesId"]
    ec2.create_tags(Resources=[bought], Tags=tags({"team": "red"}))
    (told,) = ec2.describe_reserved_instances()["ReservedInstances"]
    (record,) = cloud.reservations.list_all()
    assert record.id == bought
    assert record.key == OfferingKey.parse(OFFERING)
    assert told["ReservedInstancesId"] == bought
    assert told["InstanceCount"] == 2
    assert told["State"] == "active"
    assert told["End"] - told["Start"] == timedelta(seconds=YEAR_S)
    assert told["FixedPrice"] == float(record.upfront_usd)
    assert told["Tags"] == tags({"team": "red"})


def test_bought_ones_are_found(cloud: Cloud, ec2: Any) -> None:
    for offering in (OFFERING, "m5.large:3y:all-upfront:convertible"):
        ec2.purchase_reserved_instances_offering(
            ReservedInstancesOfferingId=offering, InstanceCount=1
        )
    describe = ec2.describe_reserved_instances
    small, large = [each.id for each in cloud.reservations.list_all()]

    def found(**request: Any) -> list[str]:
        return [each["ReservedInstancesId"] for each in describe(**request)["ReservedInstances"]]

    assert found(OfferingClass="convertible") == found(OfferingType="All Upfront") == [large]
    assert found(ReservedInstancesIds=[small]) == found(Filters=filters(duration=str(YEAR_S)))
    assert found(Filters=filters(state="active", product_description="Linux/*")) == [small, large]
    assert found(Filters=filters(state="retired")) == []
    refused(describe, "InvalidReservedInstancesId", ReservedInstancesIds=["ri-0123456789abcdef0"])


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"ReservedInstancesOfferingId": "t3.micro"}, "InvalidReservedInstancesOfferingId"),
        (
            {"ReservedInstancesOfferingId": "t9.huge:1y:no-upfront:standard"},
            "InvalidReservedInstancesOfferingId",
        ),
        ({"InstanceCount": 0}, "InvalidParameterValue"),
        ({"InstanceCount": 101}, "InvalidParameterValue"),
        ({"LimitPrice": {"Amount": 1.0, "CurrencyCode": "USD"}}, "UnsupportedOperation"),
        ({"PurchaseTime": "2030-01-01T00:00:00Z"}, "UnsupportedOperation"),
    ],
)
def test_what_cannot_be_bought(cloud: Cloud, ec2: Any, request_: dict[str, Any], code: str) -> None:
    given = {"ReservedInstancesOfferingId": OFFERING, "InstanceCount": 1, **request_}
    refused(ec2.purchase_reserved_instances_offering, code, **given)
    assert cloud.reservations.list_all() == []


def test_a_dry_run_buys_nothing(cloud: Cloud, ec2: Any) -> None:
    refused(
        ec2.purchase_reserved_instances_offering,
        "DryRunOperation",
        412,
        ReservedInstancesOfferingId=OFFERING,
        InstanceCount=1,
        DryRun=True,
    )
    assert cloud.reservations.list_all() == []
