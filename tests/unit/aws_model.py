"""A made-up service with one of every kind of member, for tests of the protocols."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from minicloud.aws.protocols.families import Family
from minicloud.aws.protocols.model import OperationModel, ServiceModel
from minicloud.aws.protocols.protocol import ServiceCodec

SHAPES: Mapping[str, Any] = {
    "Input": {
        "type": "structure",
        "required": ["Name"],
        "members": {
            "Name": {"shape": "Name"},
            "Count": {"shape": "Count", "locationName": "count"},
            "Size": {"shape": "Long"},
            "Small": {"shape": "Small"},
            "Large": {"shape": "Large"},
            "Share": {"shape": "Double"},
            "IsOpen": {"shape": "Flag", "locationName": "isOpen"},
            "Since": {"shape": "Moment"},
            "Bytes": {"shape": "Blob"},
            "Ids": {"shape": "Names", "locationName": "Id"},
            "Filters": {"shape": "Filters", "locationName": "Filter"},
            "Kind": {"shape": "Kind"},
            "Odd": {"shape": "Name", "queryName": "StrangeName", "locationName": "odd"},
            "Pairs": {"shape": "Pairs"},
            "Self": {"shape": "Input"},
        },
    },
    "Output": {
        "type": "structure",
        "members": {
            "Name": {"shape": "Name", "locationName": "name"},
            "Count": {"shape": "Count"},
            "Share": {"shape": "Double"},
            "IsOpen": {"shape": "Flag"},
            "Since": {"shape": "Moment"},
            "Bytes": {"shape": "Blob"},
            "Items": {"shape": "Items", "locationName": "itemSet"},
            "Flat": {"shape": "Flat"},
            "Pairs": {"shape": "Pairs"},
            "Below": {"shape": "Output"},
        },
    },
    "Items": {"type": "list", "member": {"shape": "Output", "locationName": "item"}},
    "Flat": {"type": "list", "flattened": True, "member": {"shape": "Name"}},
    "Filters": {"type": "list", "max": 3, "member": {"shape": "Filter", "locationName": "Filter"}},
    "Filter": {
        "type": "structure",
        "members": {
            "Name": {"shape": "Name"},
            "Values": {"shape": "Names", "locationName": "Value"},
        },
    },
    "Names": {"type": "list", "member": {"shape": "Name", "locationName": "item"}},
    "Pairs": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Count"}},
    "Name": {"type": "string", "max": 60_000},
    "Small": {"type": "integer", "max": 10},
    "Large": {"type": "integer", "min": 5},
    "Kind": {"type": "string", "enum": ["one", "two"]},
    "Count": {"type": "integer", "min": 5, "max": 10},
    "Long": {"type": "long"},
    "Double": {"type": "double"},
    "Flag": {"type": "boolean"},
    "Moment": {"type": "timestamp"},
    "Blob": {"type": "blob"},
}
OPERATION = OperationModel("Try", "Input", "Output", "TryResult")
SILENT = OperationModel("Silent", "Input", None, None)
MODEL = ServiceModel(
    "made-up", "http://made.up/", "Target", {"Try": OPERATION}, SHAPES, frozenset({"Try"})
)


def codec_of(family: Family) -> ServiceCodec:
    return family.codec(MODEL)


NOON = datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)
