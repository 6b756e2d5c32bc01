"""The ``json`` protocol: documents in and out, the operation named by ``X-Amz-Target``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from minicloud.aws.protocols.complaints import Complaints, ValidationComplaints
from minicloud.aws.protocols.json_parsing import JsonParsers, document_of
from minicloud.aws.protocols.json_writing import JsonWriters
from minicloud.aws.protocols.model import OperationModel, ServiceModel
from minicloud.aws.protocols.protocol import Fault, Sent


class JsonCodec:
    """Requests and answers of a service that speaks JSON."""

    def __init__(self, model: ServiceModel) -> None:
        self.complaints: Complaints = ValidationComplaints(
            "ValidationException", "SerializationException"
        )
        self._parsers = JsonParsers(model, self.complaints)
        self._writers = JsonWriters(model)

    def parse(self, operation: OperationModel, sent: Sent) -> dict[str, Any]:
        """The operation's input."""
        document = document_of(sent.body)
        return {} if operation.input is None else self._parsers.input(operation.input, document)

    def answer(self, operation: OperationModel, output: Mapping[str, Any], request_id: str) -> str:  # noqa: ARG002 (it is in a header)
        """The body that tells the operation's output."""
        if operation.output is not None:
            return json.dumps(self._writers.plain(operation.output, output))
        if output:
            raise TypeError(f"{operation.name} has no output")
        return ""


class JsonEnvelope:
    """Errors of a service that speaks JSON."""

    content_type = "application/x-amz-json-1.1"

    def error(self, fault: Fault, request_id: str) -> str:  # noqa: ARG002 (it is in a header)
        """The body that tells a failure."""
        return json.dumps({"__type": fault.code, "message": fault.message})
