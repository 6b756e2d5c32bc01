"""The ``query`` protocol: forms in, XML out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minicloud.aws.protocols.complaints import Complaints, ValidationComplaints
from minicloud.aws.protocols.form import tree_of
from minicloud.aws.protocols.form_parsing import FormParsers
from minicloud.aws.protocols.model import OperationModel, ServiceModel
from minicloud.aws.protocols.protocol import Fault, Sent
from minicloud.aws.protocols.xml import DECLARATION, XmlWriters, escaped


class QueryCodec:
    """Requests and answers of a service that speaks query."""

    def __init__(self, model: ServiceModel) -> None:
        self.complaints: Complaints = ValidationComplaints("ValidationError", "ValidationError")
        self._namespace = model.namespace
        self._parsers = FormParsers(model, self.complaints, is_ec2=False)
        self._writers = XmlWriters(model, item_name="member")

    def parse(self, operation: OperationModel, sent: Sent) -> dict[str, Any]:
        """The operation's input."""
        tree = tree_of(sent.fields)
        return {} if operation.input is None else self._parsers.input(operation.input, tree)

    def answer(self, operation: OperationModel, output: Mapping[str, Any], request_id: str) -> str:
        """The body that tells the operation's output."""
        name = operation.name
        parts = [f'{DECLARATION}<{name}Response xmlns="{self._namespace}">']
        if operation.output is not None:
            wrapper = operation.result_wrapper or f"{name}Result"
            self._writers.write(operation.output, wrapper, output, parts.append)
        elif output:
            raise TypeError(f"{name} has no output")
        parts.append(
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{name}Response>"
        )
        return "".join(parts)


class QueryEnvelope:
    """Errors of a service that speaks query."""

    content_type = "text/xml"

    def error(self, fault: Fault, request_id: str) -> str:
        """The body that tells a failure."""
        kind = "Sender" if fault.is_senders else "Receiver"
        return (
            f"{DECLARATION}<ErrorResponse><Error><Type>{kind}</Type>"
            f"<Code>{escaped(fault.code)}</Code><Message>{escaped(fault.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
