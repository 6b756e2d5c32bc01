"""Reserved instances: what is offered, buying, and what was bought."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.ec2.listing import Listing, at
from minicloud.aws.failures import AwsFailure
from minicloud.aws.filters import select
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.tags import tag_list
from minicloud.domain import resource_kind
from minicloud.domain.billing.offering import Offering, OfferingKey, Payment
from minicloud.domain.billing.price_book import CURRENCY
from minicloud.domain.billing.reservation import Reservation
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.tags import shown
from minicloud.services.prices import BookChoice
from minicloud.services.reservations import OfferingFilter

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_ec2.type_defs import (
        DescribeReservedInstancesOfferingsRequestTypeDef,
        DescribeReservedInstancesRequestTypeDef,
        PurchaseReservedInstancesOfferingRequestTypeDef,
    )

_PLATFORM, _TENANCY, _SCOPE = "Linux/UNIX", "default", "Region"
_PAYMENTS = {
    Payment.NO_UPFRONT: "No Upfront",
    Payment.PARTIAL_UPFRONT: "Partial Upfront",
    Payment.ALL_UPFRONT: "All Upfront",
}


def describe_reserved_instances_offerings(
    backend: AwsBackend, request: DescribeReservedInstancesOfferingsRequestTypeDef
) -> Shape:
    """What can be bought now, at the prices of the region's book."""
    chosen_type = OfferingFilter(type_name=request.get("InstanceType"))
    offerings = backend.reservations.offerings(_book(backend), chosen_type)
    shapes = [_offering_shape(each) for each in offerings if _is_wanted(each, request)]
    named = request.get("ReservedInstancesOfferingIds")
    if named:
        there = {shape[_OFFERING_ID] for shape in shapes}
        for offering_id in named:
            if offering_id not in there:
                raise _no_offering(offering_id)
        shapes = [shape for shape in shapes if shape[_OFFERING_ID] in named]
    chosen = select(shapes, request.get("Filters"), _OFFERING_FILTERS)
    page = _OFFERING_PAGING.page(backend, request, chosen, lambda shape: shape[_OFFERING_ID])
    return {"ReservedInstancesOfferings": page.records, "NextToken": page.next_token}


def purchase_reserved_instances_offering(
    backend: AwsBackend, request: PurchaseReservedInstancesOfferingRequestTypeDef
) -> Shape:
    """Buy an offering; it is owed from now on, used or not."""
    book, offering_id = _book(backend), request["ReservedInstancesOfferingId"]
    try:
        backend.reservations.offering(book, offering_id)
    except InvalidRequest as error:
        raise _no_offering(offering_id) from error
    bought = backend.reservations.buy(book, offering_id, request["InstanceCount"])
    return {"ReservedInstancesId": bought.id}


def describe_reserved_instances(
    backend: AwsBackend, request: DescribeReservedInstancesRequestTypeDef
) -> Shape:
    """What was bought, expired ones too."""
    now = backend.reservations.now()
    shapes = [
        _reservation_shape(reservation, now)
        for reservation in backend.reservations.list_all()
        if request.get("OfferingClass", reservation.offering_class) == reservation.offering_class
        and request.get("OfferingType", _PAYMENTS[reservation.payment])
        == _PAYMENTS[reservation.payment]
    ]
    return _RESERVATIONS.answer(backend, request, shapes)


def _is_wanted(
    offering: Offering, request: DescribeReservedInstancesOfferingsRequestTypeDef
) -> bool:
    payment, offering_class = _PAYMENTS[offering.key.payment], offering.key.offering_class
    return (
        request.get("MinDuration", 0) <= offering.term_s
        and offering.term_s <= request.get("MaxDuration", offering.term_s)
        and request.get("OfferingType", payment) == payment
        and request.get("OfferingClass", offering_class) == offering_class
        and request.get("ProductDescription", _PLATFORM) == _PLATFORM
        and request.get("InstanceTenancy", _TENANCY) == _TENANCY
    )


def _offering_shape(offering: Offering) -> Shape:
    return {
        _OFFERING_ID: offering.key.id,
        **_terms(offering.key, offering.price.upfront_usd, offering.price.hourly_usd),
        "Duration": offering.term_s,
        "Marketplace": False,
        "PricingDetails": [],
    }


def _reservation_shape(reservation: Reservation, now: datetime) -> Shape:
    return {
        "ReservedInstancesId": reservation.id,
        **_terms(reservation.key, reservation.upfront_usd, reservation.hourly_usd),
        "Duration": reservation.term_s,
        "InstanceCount": reservation.count,
        "Start": reservation.starts_at,
        "End": reservation.ends_at,
        "State": "active" if reservation.is_active(now) else "retired",
        "Tags": tag_list(reservation.tags),
    }


def _terms(key: OfferingKey, upfront_usd: Decimal, hourly_usd: Decimal) -> Shape:
    """What an offering and its reservation have in common. There is no fee for an hour of use."""
    return {
        "InstanceType": key.type_name,
        "ProductDescription": _PLATFORM,
        "InstanceTenancy": _TENANCY,
        "Scope": _SCOPE,
        "OfferingClass": key.offering_class.value,
        "OfferingType": _PAYMENTS[key.payment],
        "CurrencyCode": CURRENCY,
        "FixedPrice": float(upfront_usd),
        "UsagePrice": 0.0,
        "RecurringCharges": [{"Frequency": "Hourly", "Amount": float(hourly_usd)}],
    }


def _book(backend: AwsBackend) -> BookChoice:
    return BookChoice(region=backend.region.name)


def _no_offering(offering_id: str) -> AwsFailure:
    return AwsFailure(
        "InvalidReservedInstancesOfferingId",
        f"The reserved instances offering ID {shown(offering_id, 80)} does not exist",
    )


_OFFERING_ID = "ReservedInstancesOfferingId"
_OFFERING_PAGING = Paging("DescribeReservedInstancesOfferings", 1, 100, standard=100)
_COMMON_FILTERS = {
    "availability-zone": at("AvailabilityZone"),
    "availability-zone-id": at("AvailabilityZoneId"),
    "duration": at("Duration"),
    "fixed-price": at("FixedPrice"),
    "instance-type": at("InstanceType"),
    "product-description": at("ProductDescription"),
    "scope": at("Scope"),
    "usage-price": at("UsagePrice"),
}
_OFFERING_FILTERS = {
    **_COMMON_FILTERS,
    "marketplace": at("Marketplace"),
    "reserved-instances-offering-id": at(_OFFERING_ID),
}
_RESERVATIONS = Listing(
    kind=resource_kind.RESERVATION,
    answers="ReservedInstances",
    id_member="ReservedInstancesId",
    ids_member="ReservedInstancesIds",
    filters={
        **_COMMON_FILTERS,
        "end": at("End"),
        "reserved-instances-id": at("ReservedInstancesId"),
        "start": at("Start"),
        "state": at("State"),
    },
)
OPERATIONS = (
    Operation(
        "DescribeReservedInstancesOfferings",
        describe_reserved_instances_offerings,
        carried=frozenset(
            {
                "ReservedInstancesOfferingIds",
                "InstanceType",
                "MinDuration",
                "MaxDuration",
                "OfferingClass",
                "OfferingType",
                "ProductDescription",
                "InstanceTenancy",
                # There is no marketplace, so the answer is the same with it and without.
                "IncludeMarketplace",
                "Filters",
                "MaxResults",
                "NextToken",
            }
        ),
    ),
    Operation(
        "PurchaseReservedInstancesOffering",
        purchase_reserved_instances_offering,
        carried=frozenset({"ReservedInstancesOfferingId", "InstanceCount"}),
        changes=True,
    ),
    Operation(
        "DescribeReservedInstances",
        describe_reserved_instances,
        carried=_RESERVATIONS.carried | {"OfferingClass", "OfferingType"},
    ),
)
