"""The AWS services that a cloud plays: how requests name them, and what of them is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from minicloud.aws import registry
from minicloud.aws.operation import Operation
from minicloud.aws.protocols.families import Family
from minicloud.aws.protocols.model import ServiceModel, load_model
from minicloud.aws.protocols.protocol import ServiceCodec


@dataclass(frozen=True)
class Service:
    """A service, by botocore's name of it.

    ``signing_name`` is what signatures call it, ``version`` what forms do (``Version=…``), and
    ``target`` how its operations are named in JSON (``X-Amz-Target: TARGET.Operation``). A
    ``is_global`` service is asked in us-east-1 whatever the region.
    """

    name: str
    signing_name: str
    version: str
    families: tuple[Family, ...]
    target: str = ""
    is_global: bool = False

    def family(self, *, is_json: bool) -> Family | None:
        """The protocol in which a request to it is made, or None where it does not speak it."""
        for family in self.families:
            if (family is Family.JSON) is is_json:
                return family
        return None


_SERVICES = (
    Service("ec2", "ec2", "2016-11-15", (Family.EC2,)),
    Service("elbv2", "elasticloadbalancing", "2015-12-01", (Family.QUERY,)),
    Service("sts", "sts", "2011-06-15", (Family.QUERY,), is_global=True),
    Service("ssm", "ssm", "2014-11-06", (Family.JSON,), target="AmazonSSM"),
    Service(
        "ce", "ce", "2017-10-25", (Family.JSON,), target="AWSInsightsIndexService", is_global=True
    ),
    Service(
        "pricing",
        "pricing",
        "2017-10-15",
        (Family.JSON,),
        target="AWSPriceListService",
        is_global=True,
    ),
)


def signed_for(signing_name: str) -> Service | None:
    """The service that signatures call so."""
    return next((s for s in _SERVICES if s.signing_name == signing_name), None)


def of_version(version: str) -> Service | None:
    """The service whose forms are of this version; for signatures that name no service."""
    return next((s for s in _SERVICES if s.version == version), None)


def of_target(target: str) -> Service | None:
    """The service that ``X-Amz-Target`` names."""
    prefix = target.partition(".")[0]
    return next((s for s in _SERVICES if s.target and s.target == prefix), None)


def services() -> tuple[Service, ...]:
    """Every service."""
    return _SERVICES


class Spoken:
    """A service's model, and what speaks its protocols; made when a request first needs it."""

    def __init__(self, service: Service) -> None:
        self.operations: Mapping[str, Operation] = {
            operation.name: operation for operation in registry.OPERATIONS[service.name]
        }
        self._service = service

    @cached_property
    def model(self) -> ServiceModel:
        """What of botocore's model the carried out operations need."""
        return load_model(self._service.name, frozenset(self.operations))

    @cached_property
    def codecs(self) -> Mapping[Family, ServiceCodec]:
        """The protocols that it speaks."""
        return {family: family.codec(self.model) for family in self._service.families}
