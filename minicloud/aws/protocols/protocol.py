"""What every protocol can do, whatever its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from minicloud.aws.protocols.complaints import Complaints
from minicloud.aws.protocols.model import OperationModel


@dataclass(frozen=True)
class Sent:
    """What an operation is asked with: a form's fields, or a body."""

    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Fault:
    """A failure as a client is told it."""

    code: str
    message: str
    status: int

    @property
    def is_senders(self) -> bool:
        """Whether the caller can mend it."""
        return self.status < 500


class ServiceCodec(Protocol):
    """A protocol, over the model of one service."""

    complaints: Complaints

    def parse(self, operation: OperationModel, sent: Sent) -> dict[str, Any]:
        """The operation's input; ``AwsFailure`` where it does not fit the model."""

    def answer(self, operation: OperationModel, output: Mapping[str, Any], request_id: str) -> str:
        """The body that tells the operation's output; ``TypeError`` where it is not the model's."""


class Envelope(Protocol):
    """How a protocol tells failures; it needs no model."""

    content_type: str

    def error(self, fault: Fault, request_id: str) -> str:
        """The body that tells a failure."""
