"""How AWS clients reach a cloud: the cloud's own pair of keys, and the port it listens on."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from zlib import crc32

from minicloud.domain.operation import OperationError

_PORT_FIRST = 24566
_PORTS_OF_OTHERS = 2000
_ID_PREFIX = "AKIA"
_ID_RANDOM_BYTES = 10
_SECRET_BYTES = 30
KEY_BYTES = _ID_RANDOM_BYTES + _SECRET_BYTES


@dataclass(frozen=True)
class AwsKeys:
    """What a client signs with. The secret is shown to nobody by chance: ``repr`` leaves it out."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class AwsEndpoint:
    """A cloud's AWS endpoint. ``port`` is None until it has once been listened on."""

    keys: AwsKeys
    port: int | None = None


@dataclass(frozen=True)
class EndpointState:
    """How the endpoint stands: the URL that clients are given, or why there is none."""

    url: str | None
    error: OperationError | None = None


def first_port(cloud_name: str) -> int:
    """The port that a cloud asks for before it has had any; each cloud begins elsewhere."""
    if cloud_name == "default":
        return _PORT_FIRST
    return _PORT_FIRST + 1 + crc32(cloud_name.encode()) % _PORTS_OF_OTHERS


def keys_from(random_bytes: bytes) -> AwsKeys:
    """A pair in the form of AWS's: ``AKIA`` and 16 of A-Z2-7; 40 characters of base 64.

    It is made of ``KEY_BYTES`` random bytes.
    """
    if len(random_bytes) != KEY_BYTES:
        raise ValueError(f"keys are made of {KEY_BYTES} random bytes")
    key_id = base64.b32encode(random_bytes[:_ID_RANDOM_BYTES]).decode()
    secret = base64.b64encode(random_bytes[_ID_RANDOM_BYTES:]).decode()
    return AwsKeys(f"{_ID_PREFIX}{key_id}", secret)
