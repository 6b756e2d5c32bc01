"""DescribeServices, GetAttributeValues and GetProducts: what EC2's machines cost now.

Prices are those of every region that a price book ships for, whichever the cloud plays: AWS's
price list is one for all of them, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.aws.paging import Paging
from minicloud.aws.pricing.documents import SERVICE_CODE, Product
from minicloud.domain.region import regions
from minicloud.domain.tags import shown
from minicloud.services.prices import BookChoice
from minicloud.services.reservations import OfferingFilter

if TYPE_CHECKING:
    from types_boto3_pricing.type_defs import (
        DescribeServicesRequestTypeDef,
        FilterTypeDef,
        GetAttributeValuesRequestTypeDef,
        GetProductsRequestTypeDef,
    )

_FORMAT = "aws_v1"
_FIELDS_OF_ALL = {"productFamily": "Compute Instance", "ServiceCode": SERVICE_CODE}


def describe_services(backend: AwsBackend, request: DescribeServicesRequestTypeDef) -> Shape:
    """The one service that there are prices of, and what its products are found by."""
    _require_format(request.get("FormatVersion", _FORMAT))
    _require_service(request.get("ServiceCode", SERVICE_CODE))
    attributes = sorted({name for each in _products(backend) for name in each.attributes})
    service: Shape = {"ServiceCode": SERVICE_CODE, "AttributeNames": attributes}
    page = _paging("DescribeServices").page(backend, request, [service], _code)
    return {"Services": page.records, "FormatVersion": _FORMAT, "NextToken": page.next_token}


def get_attribute_values(backend: AwsBackend, request: GetAttributeValuesRequestTypeDef) -> Shape:
    """Every value that an attribute has."""
    _require_service(request["ServiceCode"])
    name = request["AttributeName"]
    values = sorted({each.attributes[name] for each in _products(backend) if _has(each, name)})
    if not values:
        raise AwsFailure("NotFoundException", f"There is no attribute {shown(name)}")
    page = _paging("GetAttributeValues").page(backend, request, values, str)
    return {
        "AttributeValues": [{"Value": value} for value in page.records],
        "NextToken": page.next_token,
    }


def get_products(backend: AwsBackend, request: GetProductsRequestTypeDef) -> Shape:
    """The products that pass every filter, each as a JSON document."""
    _require_format(request.get("FormatVersion", _FORMAT))
    _require_service(request["ServiceCode"])
    tests = [_test(each) for each in request.get("Filters") or ()]
    chosen = [each for each in _products(backend) if all(test(each) for test in tests)]
    page = _paging("GetProducts").page(backend, request, chosen, lambda product: product.sku)
    return {
        "FormatVersion": _FORMAT,
        "PriceList": [json.dumps(product.document) for product in page.records],
        "NextToken": page.next_token,
    }


def _products(backend: AwsBackend) -> list[Product]:
    """Every type of every region that has a price now, and what it is offered for."""
    products: list[Product] = []
    for region in regions():
        choice = BookChoice(region=region.name)
        offered = backend.reservations.offerings(choice, OfferingFilter())
        for each in backend.prices.list(choice, (), None).types:
            if each.price is not None:
                own = [offering for offering in offered if offering.key.type_name == each.type.name]
                products.append(Product(region, each.type, each.price, own))
    return products


def _code(service: Shape) -> str:
    code: str = service["ServiceCode"]
    return code


def _has(product: Product, name: str) -> bool:
    return name in product.attributes


def _test(given: FilterTypeDef) -> Callable[[Product], bool]:
    kind, name, wanted = given["Type"], given["Field"], given["Value"]
    if kind not in _TESTS:
        raise AwsFailure("InvalidParameterException", f"There is no filter type {shown(kind)}")
    test = _TESTS[kind]

    def passes(product: Product) -> bool:
        value = {**_FIELDS_OF_ALL, **product.attributes}.get(name)
        return value is not None and test(value, wanted)

    return passes


def _require_service(code: str) -> None:
    if code != SERVICE_CODE:
        raise AwsFailure("NotFoundException", f"There are no prices of the service {shown(code)}")


def _require_format(version: str) -> None:
    if version != _FORMAT:
        raise AwsFailure(
            "InvalidParameterException", f"There is no format version {shown(version)}"
        )


def _paging(operation: str) -> Paging:
    return Paging(operation, 1, 100, standard=100, token_error="InvalidNextTokenException")


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda value, wanted: value == wanted,
    "EQUALS": lambda value, wanted: value == wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "ANY_OF": lambda value, wanted: value in wanted.split(","),
    "NONE_OF": lambda value, wanted: value not in wanted.split(","),
}
_PAGED = frozenset({"MaxResults", "NextToken"})
OPERATIONS = (
    Operation(
        "DescribeServices",
        describe_services,
        carried=_PAGED,
        checked={"ServiceCode": SERVICE_CODE, "FormatVersion": _FORMAT},
    ),
    Operation(
        "GetAttributeValues",
        get_attribute_values,
        carried=_PAGED | {"AttributeName"},
        checked={"ServiceCode": SERVICE_CODE},
    ),
    Operation(
        "GetProducts",
        get_products,
        carried=_PAGED | {"Filters"},
        checked={"ServiceCode": SERVICE_CODE, "FormatVersion": _FORMAT},
    ),
)
