"""What must hold of every answer, whatever was asked."""

from __future__ import annotations

from typing import Any

from botocore import parsers
from botocore.model import OperationModel

from minicloud.aws.services import Service
from tests.fuzz.signing import Request
from tests.unit.aws_client import Answer

ANSWER_WITHIN_S = 5.0
_CONTENT_TYPES = ("text/xml", "application/x-amz-json")
# What AWS itself calls a server's failure: no machine of this size fits any more.
_CODE_OF_500 = "InsufficientInstanceCapacity"
_PARSERS = {name: parsers.create_parser(name) for name in ("ec2", "query", "json")}


def parsed(operation: OperationModel, service: Service, request: Request, answer: Answer) -> Any:
    """The answer as botocore reads it; ``AssertionError`` where it is none that it should be."""
    assert answer.headers["content-type"].startswith(_CONTENT_TYPES), answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body) or request.method == "HEAD"
    assert b"Traceback" not in answer.body
    assert len(answer.headers["x-amzn-requestid"]) == 36
    if answer.status < 300:
        assert not request.is_refused, f"it should be refused: {request.oddity}"
        return _PARSERS[service.families[0].value].parse(
            _as_botocore(answer), operation.output_shape
        )
    if request.method == "HEAD":
        return {}
    code = _error(_protocol_of(answer), answer)
    if not request.oddity:
        assert _protocol_of(answer) == service.families[0].value, "another protocol's error"
    assert answer.status < 500 or code == _CODE_OF_500, f"{answer.status} {code}"
    return {}


def _error(protocol: str, answer: Answer) -> str:
    told = _PARSERS[protocol].parse(_as_botocore(answer), None)["Error"]
    code: str = told.get("Code") or ""
    assert code.isascii(), code
    assert code.replace(".", "").isalnum(), code
    assert told.get("Message"), answer.body
    return code


def _protocol_of(answer: Answer) -> str:
    if answer.headers["content-type"].startswith("application/x-amz-json"):
        return "json"
    return "query" if b"<ErrorResponse" in answer.body[:200] else "ec2"


def _as_botocore(answer: Answer) -> Any:
    return {"body": answer.body, "headers": answer.headers, "status_code": answer.status}
