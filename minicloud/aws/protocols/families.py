"""The protocols by name: how each tells errors, and how it is spoken over a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from minicloud.aws.protocols.ec2 import Ec2Codec, Ec2Envelope
from minicloud.aws.protocols.json_target import JsonCodec, JsonEnvelope
from minicloud.aws.protocols.model import ServiceModel
from minicloud.aws.protocols.protocol import Envelope, ServiceCodec
from minicloud.aws.protocols.query import QueryCodec, QueryEnvelope


class Family(StrEnum):
    """The protocols, by botocore's names."""

    EC2 = "ec2"
    QUERY = "query"
    JSON = "json"

    @property
    def envelope(self) -> Envelope:
        """How it tells failures."""
        return _FAMILIES[self].envelope

    def codec(self, model: ServiceModel) -> ServiceCodec:
        """How it is spoken over a service's model."""
        return _FAMILIES[self].codec(model)


@dataclass(frozen=True)
class _Parts:
    envelope: Envelope
    codec: Callable[[ServiceModel], ServiceCodec]


_FAMILIES = {
    Family.EC2: _Parts(Ec2Envelope(), Ec2Codec),
    Family.QUERY: _Parts(QueryEnvelope(), QueryCodec),
    Family.JSON: _Parts(JsonEnvelope(), JsonCodec),
}
