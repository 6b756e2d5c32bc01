"""The price list's document of one instance type in one region.

Attributes, terms and codes are those of AWS's own documents for Linux on shared hardware, as far as
a price book and the catalogue know them; figures, and the days they are of, are the book's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from minicloud.aws.usage_types import machine_usage_type
from minicloud.domain.billing.money import exact_text
from minicloud.domain.billing.offering import Offering, OfferingClass, Payment
from minicloud.domain.billing.price import Price, Provenance
from minicloud.domain.billing.price_book import CURRENCY
from minicloud.domain.catalog import InstanceType
from minicloud.domain.region import Region

SERVICE_CODE = "AmazonEC2"
_FAMILY = "Compute Instance"
_MIB_PER_GIB = 1024
_SKU_LENGTH = 16
_ON_DEMAND_TERM, _HOURLY_RATE, _UPFRONT_RATE = "JRTCKXETXF", "6YS6EN2CT7", "2TG2D8R56U"
_RESERVED_TERMS = {
    (1, Payment.NO_UPFRONT, OfferingClass.STANDARD): "4NA7Y494T4",
    (1, Payment.PARTIAL_UPFRONT, OfferingClass.STANDARD): "HU7G6KETJZ",
    (1, Payment.ALL_UPFRONT, OfferingClass.STANDARD): "6QCMYABX3D",
    (1, Payment.NO_UPFRONT, OfferingClass.CONVERTIBLE): "7NE97W5U4E",
    (1, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE): "CUZHX8X6JH",
    (1, Payment.ALL_UPFRONT, OfferingClass.CONVERTIBLE): "VJWZNREJX2",
    (3, Payment.NO_UPFRONT, OfferingClass.STANDARD): "BPH4J8HBKS",
    (3, Payment.PARTIAL_UPFRONT, OfferingClass.STANDARD): "38NPMPTW36",
    (3, Payment.ALL_UPFRONT, OfferingClass.STANDARD): "NQ3QZPMQV9",
    (3, Payment.NO_UPFRONT, OfferingClass.CONVERTIBLE): "Z2E3P23VKM",
    (3, Payment.PARTIAL_UPFRONT, OfferingClass.CONVERTIBLE): "R5XV2EPZQZ",
    (3, Payment.ALL_UPFRONT, OfferingClass.CONVERTIBLE): "MZU6U2429S",
}
_PAYMENTS = {
    Payment.NO_UPFRONT: "No Upfront",
    Payment.PARTIAL_UPFRONT: "Partial Upfront",
    Payment.ALL_UPFRONT: "All Upfront",
}


@dataclass(frozen=True)
class Product:
    """A type in a region, and what it costs now: by the hour, and reserved."""

    region: Region
    type: InstanceType
    price: Price
    offerings: Sequence[Offering]

    @property
    def sku(self) -> str:
        """What tells it from every other; ours, in AWS's form."""
        digits = hashlib.sha256(f"{self.region.name} {self.type.name}".encode()).hexdigest()
        return digits[:_SKU_LENGTH].upper()

    @property
    def attributes(self) -> dict[str, str]:
        """What products are found by, each of AWS's names for it."""
        gib = exact_text(Decimal(self.type.memory_mib) / _MIB_PER_GIB)
        return {
            "capacitystatus": "Used",
            "instanceFamily": self.type.family,
            "instanceType": self.type.name,
            "licenseModel": "No License required",
            "location": self.region.title,
            "locationType": "AWS Region",
            "marketoption": "OnDemand",
            "memory": f"{gib} GiB",
            "normalizationSizeFactor": f"{self.type.normalization:g}",
            "operatingSystem": "Linux",
            "operation": "RunInstances",
            "physicalProcessor": self.type.processor,
            "preInstalledSw": "NA",
            "regionCode": self.region.name,
            "servicecode": SERVICE_CODE,
            "servicename": "Amazon Elastic Compute Cloud",
            "tenancy": "Shared",
            "usagetype": machine_usage_type(self.region.name, self.type.name),
            "vcpu": str(self.type.vcpus),
        }

    @property
    def document(self) -> dict[str, Any]:
        """The document that AWS's clients read."""
        sources = [self.price.provenance, *(o.price.provenance for o in self.offerings)]
        published = max(source.as_of for source in sources)
        return {
            "product": {
                "productFamily": _FAMILY,
                "attributes": self.attributes,
                "sku": self.sku,
            },
            "serviceCode": SERVICE_CODE,
            "terms": {
                "OnDemand": dict([self._on_demand()]),
                "Reserved": dict(map(self._reserved, self.offerings)),
            },
            "version": published.strftime("%Y%m%d"),
            "publicationDate": f"{published.isoformat()}T00:00:00Z",
        }

    def _on_demand(self) -> tuple[str, Mapping[str, Any]]:
        usd = self.price.usd
        said = f"${exact_text(usd)} per On Demand Linux {self.type.name} Instance Hour"
        dimensions = [_hourly(said, usd)]
        return self._term(_ON_DEMAND_TERM, self.price.provenance, dimensions, {})

    def _reserved(self, offering: Offering) -> tuple[str, Mapping[str, Any]]:
        key, price = offering.key, offering.price
        said = f"Linux/UNIX (Amazon VPC), {self.type.name} reserved instance applied"
        dimensions = [_hourly(said, price.hourly_usd)]
        if price.upfront_usd:
            dimensions.append((_UPFRONT_RATE, _rate("Quantity", "Upfront Fee", price.upfront_usd)))
        attributes = {
            "LeaseContractLength": f"{key.years}yr",
            "OfferingClass": key.offering_class.value,
            "PurchaseOption": _PAYMENTS[key.payment],
        }
        term = _RESERVED_TERMS[key.years, key.payment, key.offering_class]
        return self._term(term, price.provenance, dimensions, attributes)

    def _term(
        self,
        code: str,
        provenance: Provenance,
        dimensions: Sequence[tuple[str, Mapping[str, Any]]],
        attributes: Mapping[str, str],
    ) -> tuple[str, Mapping[str, Any]]:
        of_term = f"{self.sku}.{code}"
        term = {
            "priceDimensions": {
                f"{of_term}.{rate}": {**dimension, "rateCode": f"{of_term}.{rate}"}
                for rate, dimension in dimensions
            },
            "sku": self.sku,
            "offerTermCode": code,
            "effectiveDate": f"{provenance.since.isoformat()}T00:00:00Z",
            "termAttributes": dict(attributes),
        }
        return of_term, term


def _hourly(said: str, usd: Decimal) -> tuple[str, Mapping[str, Any]]:
    return _HOURLY_RATE, {**_rate("Hrs", said, usd), "beginRange": "0", "endRange": "Inf"}


def _rate(unit: str, said: str, usd: Decimal) -> Mapping[str, Any]:
    return {
        "unit": unit,
        "description": said,
        "appliesTo": [],
        "pricePerUnit": {CURRENCY: exact_text(usd)},
    }
