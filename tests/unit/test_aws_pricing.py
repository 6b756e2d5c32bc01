"""The Price List service, as boto3 asks of it, beside the price books themselves."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from minicloud.domain.catalog import instance_types
from minicloud.domain.region import regions
from minicloud.services.prices import BookChoice
from tests.unit.aws_client import aws
from tests.unit.aws_ec2 import refused
from tests.unit.cloud import Cloud

EC2 = {"ServiceCode": "AmazonEC2"}
SEOUL = "Asia Pacific (Seoul)"


@pytest.fixture
def pricing(cloud: Cloud) -> Any:
    return aws(cloud).client("pricing")


def terms(**fields: str) -> list[dict[str, str]]:
    return [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()]


def found(pricing: Any, filters: list[dict[str, str]]) -> list[dict[str, Any]]:
    answer = pricing.get_products(**EC2, Filters=filters)
    assert answer["FormatVersion"] == "aws_v1"
    return [json.loads(document) for document in answer["PriceList"]]


def test_a_script_finds_the_price_of_a_type(cloud: Cloud, pricing: Any) -> None:
    (document,) = found(
        pricing,
        terms(
            instanceType="t3.micro",
            location=SEOUL,
            operatingSystem="Linux",
            tenancy="Shared",
            preInstalledSw="NA",
            capacitystatus="Used",
        ),
    )
    assert document["serviceCode"] == "AmazonEC2"
    attributes = document["product"]["attributes"]
    assert (attributes["vcpu"], attributes["memory"]) == ("2", "1 GiB")
    assert attributes["usagetype"] == "APN2-BoxUsage:t3.micro"
    (term,) = document["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    listed = cloud.prices.list(BookChoice(region="ap-northeast-2"), ["t3.micro"], None)
    price = listed.types[0].price
    assert price is not None
    assert Decimal(dimension["pricePerUnit"]["USD"]) == price.usd
    assert dimension["unit"] == "Hrs"
    sku = document["product"]["sku"]
    assert dimension["rateCode"] == f"{sku}.JRTCKXETXF.6YS6EN2CT7"


def test_a_document_has_every_way_to_reserve(cloud: Cloud, pricing: Any) -> None:
    (document,) = found(pricing, terms(instanceType="m5.large", regionCode="us-east-1"))
    told = {}
    for term in document["terms"]["Reserved"].values():
        dimensions = {d["unit"]: d["pricePerUnit"]["USD"] for d in term["priceDimensions"].values()}
        told[tuple(term["termAttributes"].values())] = dimensions
    offering = cloud.reservations.offering(BookChoice(), "m5.large:3y:partial-upfront:standard")
    wanted = told["3yr", "standard", "Partial Upfront"]
    assert Decimal(wanted["Hrs"]) == offering.price.hourly_usd
    assert Decimal(wanted["Quantity"]) == offering.price.upfront_usd
    assert "Quantity" not in told["1yr", "convertible", "No Upfront"]
    assert len(told) == 12


def test_every_type_of_every_region_comes_in_pages(pricing: Any) -> None:
    pages = list(pricing.get_paginator("get_products").paginate(**EC2))
    documents = [json.loads(document) for page in pages for document in page["PriceList"]]
    assert all(len(page["PriceList"]) == 100 for page in pages[:-1])
    skus = {document["product"]["sku"] for document in documents}
    assert len(skus) == len(documents) == len(instance_types()) * len(regions())


def test_filters_of_every_kind(pricing: Any) -> None:
    def types(kind: str, value: str) -> set[str]:
        condition = {"Type": kind, "Field": "instanceType", "Value": value}
        documents = found(pricing, [*terms(regionCode="us-east-1"), condition])
        return {document["product"]["attributes"]["instanceType"] for document in documents}

    everything = {each.name for each in instance_types()}
    assert types("EQUALS", "t3.nano") == types("TERM_MATCH", "t3.nano") == {"t3.nano"}
    assert types("CONTAINS", "t3a.") == {name for name in everything if name.startswith("t3a.")}
    assert types("ANY_OF", "t3.nano,m5.large,t9.huge") == {"t3.nano", "m5.large"}
    assert types("NONE_OF", "t3.nano") == everything - {"t3.nano"}
    assert found(pricing, terms(colour="red")) == []
    assert found(pricing, terms(operatingSystem="Windows")) == []
    assert len(found(pricing, terms(productFamily="Compute Instance"))) == 100


def test_what_products_are_found_by(pricing: Any) -> None:
    (service,) = pricing.describe_services(**EC2)["Services"]
    assert service["ServiceCode"] == "AmazonEC2"
    assert {"instanceType", "location", "regionCode"} <= set(service["AttributeNames"])
    for name in service["AttributeNames"]:
        assert pricing.get_attribute_values(**EC2, AttributeName=name)["AttributeValues"]
    answer = pricing.get_attribute_values(**EC2, AttributeName="regionCode")
    assert [each["Value"] for each in answer["AttributeValues"]] == ["ap-northeast-2", "us-east-1"]
    assert pricing.describe_services()["Services"] == [service]


def test_what_is_not_there(pricing: Any) -> None:
    refused(pricing.get_products, "NotFoundException", ServiceCode="AmazonRDS")
    refused(pricing.describe_services, "NotFoundException", ServiceCode="AmazonRDS")
    refused(pricing.get_attribute_values, "NotFoundException", **EC2, AttributeName="colour")
    refused(pricing.get_products, "InvalidParameterException", **EC2, FormatVersion="aws_v2")
    refused(pricing.get_products, "ValidationException", **EC2, MaxResults=101)
    refused(pricing.get_products, "InvalidNextTokenException", **EC2, NextToken="made up")
