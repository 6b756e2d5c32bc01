"""The ``ec2`` protocol: forms in, XML out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minicloud.aws.protocols.complaints import Complaints, Ec2Complaints
from minicloud.aws.protocols.form import tree_of
from minicloud.aws.protocols.form_parsing import FormParsers
from minicloud.aws.protocols.model import OperationModel, ServiceModel
from minicloud.aws.protocols.protocol import Fault, Sent
from minicloud.aws.protocols.xml import DECLARATION, XmlWriters, escaped


class Ec2Codec:
    """EC2's requests and answers."""

    def __init__(self, model: ServiceModel) -> None:
        self.complaints: Complaints = Ec2Complaints()
        self._namespace = model.namespace
        self._parsers = FormParsers(model, self.complaints, is_ec2=True)
        self._writers = XmlWriters(model, item_name="item")

    def parse(self, operation: OperationModel, sent: Sent) -> dict[str, Any]:
        """The operation's input."""
        tree = tree_of(sent.fields)
        return {} if operation.input is None else self._parsers.input(operation.input, tree)

    def answer(self, operation: OperationModel, output: Mapping[str, Any], request_id: str) -> str:
        """The body that tells the operation's output."""
        parts = [
            f'{DECLARATION}<{operation.name}Response xmlns="{self._namespace}">'
            f"<requestId>{request_id}</requestId>"
        ]
        if operation.output is not None:
            self._writers.write(operation.output, "", output, parts.append)
        elif output:
            raise TypeError(f"{operation.name} has no output")
        else:
            # The model forgets it; older clients read it.
            parts.append("<return>true</return>")
        parts.append(f"</{operation.name}Response>")
        return "".join(parts)


class Ec2Envelope:
    """EC2's errors."""

    content_type = "text/xml;charset=UTF-8"

    def error(self, fault: Fault, request_id: str) -> str:
        """The body that tells a failure."""
        return (
            f"{DECLARATION}<Response><Errors><Error><Code>{escaped(fault.code)}</Code>"
            f"<Message>{escaped(fault.message)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
